// Made by casecraft. Before each request: gives its variables their values, or skips it where one has none.
const forms = {
  percent: (text) => encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`),
  cookie: (text) => encodeURIComponent(text),
  xml: (text) => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`),
  base64: (text) => Buffer.from(text).toString("base64"),
};

/** A value that nothing has yet. */
function uniqueValue(kind) {
  const text = `cc${Math.random().toString(16).slice(2, 12).padEnd(10, "0")}`; // short enough for most names
  const kinds = {
    email: `${text}@example.com`,
    uuid: pm.variables.replaceIn("{{$randomUUID}}"),
    integer: 100000000 + Math.floor(Math.random() * 1900000000),
  };
  return kind in kinds ? kinds[kind] : text;
}

/** The request that names a variable first gives it another value each time that it is sent. */
function makeUnique(name, kind) {
  const owner = pm.variables.get(`${name}.owner`);
  if (owner !== undefined && owner !== pm.info.requestId) return;
  const value = uniqueValue(kind);
  pm.variables.set(name, String(value));
  pm.variables.set(`${name}.json`, JSON.stringify(value));
  pm.variables.set(`${name}.owner`, pm.info.requestId);
}

const { url, header, body } = pm.request.toJSON();
const wanted = JSON.stringify([url, header, body]).match(/\{\{(CASECRAFT|made|unique)_\w+(\.\w+)?\}\}/g) || [];
for (const text of new Set(wanted)) {
  const [name, form] = text.slice(2, -2).split(".");
  const unique = /^unique_([a-z]+)_/.exec(name);
  if (unique) makeUnique(name, unique[1]);
  const value = pm.variables.get(name);
  if (value === undefined || value === "") {
    pm.test.skip(`blocked: ${name} has no value`, () => {});
    pm.execution.skipRequest();
  } else if (forms[form]) {
    pm.variables.set(`${name}.${form}`, forms[form](String(value)));
  }
}
