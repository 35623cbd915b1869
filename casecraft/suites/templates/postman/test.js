// Made by casecraft. After each request: checks the answer by the document, and keeps what later requests need.
const documented = JSON.parse(pm.collectionVariables.get("documented"));
const endpoint = pm.variables.get("endpoint");
const keeps = JSON.parse(pm.variables.get("keeps") || "{}");

function contentsOf(responses, code) {
  const byStatus = Object.fromEntries(Object.entries(responses).map(([status, contents]) => [status.toUpperCase(), contents]));
  return byStatus[code] || byStatus[`${Math.floor(code / 100)}XX`] || byStatus.DEFAULT || {};
}

function fits(documentedType, kind) {
  const plain = documentedType.split(";")[0].trim().toLowerCase().replace(/[.+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${plain.replace(/\*/g, "[^/]*")}$`).test(kind);
}

function checkBody(contents) {
  const kind = (pm.response.headers.get("Content-Type") || "").split(";")[0].trim().toLowerCase();
  const known = Object.keys(contents).filter((name) => fits(name, kind));
  pm.test(`the content type is ${Object.keys(contents).join(" or ")}`, () => {
    pm.expect(known, `it is '${kind}'`).to.not.be.empty;
  });
  if (known.length && /^(application|text)\/json$|\+json$/.test(kind)) {
    known.sort((one, other) => one.split("*").length - other.split("*").length);
    pm.test("the body fits its schema", () => {
      pm.response.to.have.jsonSchema({ allOf: [contents[known[0]]], $defs: documented.$defs });
    });
  }
}

function valueAt(source) {
  if (source.startsWith("header:")) {
    const [name, part] = source.slice("header:".length).split("#");
    const value = pm.response.headers.get(name);
    return value && part === "last" ? decodeURIComponent(value.split(/[?#]/)[0].replace(/\/+$/, "").split("/").pop()) : value;
  }
  const names = source.split("/").slice(1).map((name) => name.replace(/~1/g, "/").replace(/~0/g, "~"));
  return names.reduce((value, name) => (value === null || value === undefined ? undefined : value[name]), pm.response.json());
}

const contents = contentsOf(documented.responses[endpoint] || {}, pm.response.code);
if (pm.variables.get("check") === "all" && pm.request.method !== "HEAD" && Object.keys(contents).length) checkBody(contents);

const asExpected = new RegExp(pm.variables.get("expected") || "").test(String(pm.response.code));
for (const [name, source] of Object.entries(asExpected ? keeps : {})) {
  const value = valueAt(source);
  if (value !== undefined) {
    pm.collectionVariables.set(name, typeof value === "string" ? value : JSON.stringify(value));
    pm.collectionVariables.set(`${name}_json`, JSON.stringify(value));
  }
}
