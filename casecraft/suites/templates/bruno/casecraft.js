// What the requests of this collection have in common. Made by casecraft.

const { checksOf, isObject, matchesAny, parsed, valueAt } = require("./checks.js");

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

/**
 * Tests an answer by what is expected of it and what the document says, and keeps values for later requests. Once a step
 * of a scenario has failed, the variable `scenario` has a value.
 */
function check({ bru, req, res, test }, expected) {
  const documented = require("./documented.js");
  const answer = answerOf(req, res, documented.$defs);
  const query = Object.entries(expected.query || {}).map(([name, one]) => [name, isObject(one) ? bru.getVar(one.from) : one]);
  const facts = { ...expected, query: Object.fromEntries(query) };
  for (const [name, problems] of checksOf(facts, documented.endpoints[expected.endpoint], answer)) {
    if (problems.length && expected.scenario) bru.setVar(expected.scenario, true);
    test(name, () => {
      if (problems.length) throw new Error(problems.join("\n"));
    });
  }
  keep({ bru, req, res }, expected);
}

/** Keeps values of an answer for later requests, where it is the one expected and has them. */
function keep({ bru, req, res }, { status, keeps = {} }) {
  const answer = answerOf(req, res);
  for (const [name, source] of Object.entries(matchesAny(status, answer.status) ? keeps : {})) {
    const value = keptFrom(answer, source);
    if (value === undefined || value === null) continue;
    bru.setVar(name, typeof value === "string" ? value : JSON.stringify(value));
    bru.setVar(`${name}_json`, JSON.stringify(value));
  }
}

function answerOf(req, res, definitions) {
  const body = res.getBody();
  const isText = typeof body === "string";
  const value = isText ? textValue(body) : body;
  return {
    method: req.getMethod(),
    url: req.getUrl(),
    status: res.getStatus(),
    text: isText ? body : JSON.stringify(body) || "",
    value,
    header: (name) => res.getHeader(name.toLowerCase()) ?? null,
    schemaProblems: (schema) => schemaProblems(schema, definitions, value),
  };
}

/** Bruno gives JSON as its value. A text is what is no JSON, or a string, which some versions leave in its quotes. */
function textValue(body) {
  return body === "" || /^".*"$/.test(body) ? parsed(body) : body;
}

/** A value of an answer: at a JSON pointer, or `header:Name`, with `#last` the last segment of what it has. */
function keptFrom(answer, source) {
  if (!source.startsWith("header:")) return valueAt(answer.value, source);
  const [name, part] = source.slice("header:".length).split("#");
  const value = answer.header(name);
  return value && part === "last" ? decodeURIComponent(value.split(/[?#]/)[0].split("/").filter(Boolean).pop()) : value;
}

/** Where a value does not fit a schema, and why. */
function schemaProblems(schema, definitions, value) {
  const Ajv = require("ajv");
  const addFormats = require("ajv-formats");
  const ajv = new Ajv({ strict: false, allErrors: true, logger: false, code: { regExp: lenientPattern } });
  addFormats(ajv, ["date", "email", "ipv4", "ipv6", "uuid"]);
  const validate = ajv.compile({ allOf: [schema], $defs: definitions });
  return validate(value) ? [] : validate.errors.map((error) => `$${error.instancePath}: ${error.message}`);
}

/** Regular expressions that JavaScript does not know are passed over. */
function lenientPattern(pattern, flags) {
  for (const tried of [flags, ""]) {
    try {
      return new RegExp(pattern, tried);
    } catch (error) {
      if (error.name !== "SyntaxError") throw error;
    }
  }
  return { test: () => true };
}
lenientPattern.code = "lenientPattern";

module.exports = { check, keep, prepare, skipAfterFailure };
