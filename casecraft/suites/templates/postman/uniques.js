for (const [name, kind] of Object.entries(uniques)) {
  const text = `cc${Math.random().toString(16).slice(2, 12).padEnd(10, "0")}`;
  const kinds = {
    email: `${text}@example.com`,
    uuid: pm.variables.replaceIn("{{$randomUUID}}"),
    integer: 100000000 + Math.floor(Math.random() * 1900000000),
  };
  const value = kind in kinds ? kinds[kind] : text;
  pm.collectionVariables.set(name, String(value));
  pm.collectionVariables.set(`${name}_json`, JSON.stringify(value));
  pm.collectionVariables.set(`${name}_xml`, String(value));
  for (const form of ["percent", "cookie"]) pm.collectionVariables.set(`${name}_${form}`, encodeURIComponent(value));
}
