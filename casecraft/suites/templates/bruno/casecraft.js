// What the requests of this collection have in common. Made by casecraft.

const forms = {
  percent: (text) => encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`),
  cookie: (text) => encodeURIComponent(text),
  xml: (text) => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`),
  base64: (text) => btoa(unescape(encodeURIComponent(text))),
};

/**
 * Gives the variables of a request their values in the forms that it has, or skips it where one has none. `uniques` are
 * variables that get a value that nothing has yet, each with its kind.
 */
function prepare(bru, wanted, uniques = {}) {
  for (const [name, kind] of Object.entries(uniques)) setUnique(bru, name, kind);
  for (const [name, form] of wanted) {
    const isSecret = name.startsWith("CASECRAFT_");
    const value = isSecret ? bru.getProcessEnv(name) : bru.getVar(name);
    if (value === undefined || value === null || value === "") {
      console.log(`blocked: ${name} has no value`);
      bru.runner.skipRequest();
      return;
    }
    if (isSecret) bru.setVar(name, String(value));
    if (forms[form]) bru.setVar(`${name}_${form}`, forms[form](String(value)));
  }
}

function setUnique(bru, name, kind) {
  const digits = () => Math.random().toString(16).slice(2, 10).padEnd(8, "0");
  const [one, other, more] = [digits(), digits(), digits()];
  const text = `cc${one}${other.slice(0, 2)}`; // short enough for most names
  const kinds = {
    email: `${text}@example.com`,
    uuid: `${one}-${other.slice(0, 4)}-4${other.slice(5)}-8${more.slice(0, 3)}-${one.slice(4)}${more}`,
    integer: 100000000 + Math.floor(Math.random() * 1900000000),
  };
  const value = kind in kinds ? kinds[kind] : text;
  bru.setVar(name, String(value));
  bru.setVar(`${name}_json`, JSON.stringify(value));
  bru.setVar(`${name}_xml`, String(value));
  for (const form of ["percent", "cookie"]) bru.setVar(`${name}_${form}`, encodeURIComponent(value));
}

/** Skips a step of a scenario in which an earlier one has failed. */
function skipAfterFailure(bru, scenario) {
  if (bru.getVar(scenario)) bru.runner.skipRequest();
}

/** Tests the content type and the body of an answer by what the document says. */
function checkBody(endpoint, res, test, expect) {
  const documented = require("./documented.js");
  const contents = contentsOf(documented.responses[endpoint] || {}, res.getStatus());
  const types = Object.keys(contents);
  if (!types.length) return;
  const kind = String(res.getHeader("content-type") || "").split(";")[0].trim().toLowerCase();
  const known = types.filter((name) => fits(name, kind)).sort((one, other) => one.split("*").length - other.split("*").length);
  test(`the content type is ${types.join(" or ")}`, () => {
    expect(known.length, `it is '${kind}'`).to.be.greaterThan(0);
  });
  if (!known.length || !/^(application|text)\/json$|\+json$/.test(kind)) return;
  test("the body fits its schema", () => {
    const body = res.getBody();
    const Ajv = require("ajv");
    const addFormats = require("ajv-formats");
    const ajv = new Ajv({ strict: false, allErrors: true, logger: false });
    addFormats(ajv, ["date", "email", "ipv4", "ipv6", "uuid"]);
    const isValid = ajv.validate({ allOf: [contents[known[0]]], $defs: documented.$defs }, body);
    expect(isValid, ajv.errorsText()).to.equal(true);
  });
}

function contentsOf(responses, code) {
  const byStatus = {};
  for (const [status, contents] of Object.entries(responses)) byStatus[status.toUpperCase()] = contents;
  return byStatus[code] || byStatus[`${Math.floor(code / 100)}XX`] || byStatus.DEFAULT || {};
}

function fits(documentedType, kind) {
  const plain = documentedType.split(";")[0].trim().toLowerCase().replace(/[.+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${plain.replace(/\*/g, "[^/]*")}$`).test(kind);
}

/** Keeps values of an answer for later requests, where it has them. */
function keep(bru, res, sources) {
  for (const [name, source] of Object.entries(sources)) {
    const value = valueAt(res, source);
    if (value === undefined || value === null) continue;
    bru.setVar(name, typeof value === "string" ? value : JSON.stringify(value));
    bru.setVar(`${name}_json`, JSON.stringify(value));
  }
}

function valueAt(res, source) {
  if (source.startsWith("header:")) {
    const [name, part] = source.slice("header:".length).split("#");
    const value = res.getHeader(name.toLowerCase());
    return value && part === "last" ? decodeURIComponent(value.split(/[?#]/)[0].split("/").filter(Boolean).pop()) : value;
  }
  const names = source.split("/").slice(1).map((name) => name.replace(/~1/g, "/").replace(/~0/g, "~"));
  return names.reduce((value, name) => (value === null || value === undefined ? undefined : value[name]), res.getBody());
}

module.exports = { checkBody, keep, prepare, skipAfterFailure };
