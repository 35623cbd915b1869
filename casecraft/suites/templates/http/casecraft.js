// What httpYac does with the answers of this suite. Made by casecraft.

const { checksOf, isObject, matchesAny, parsed, valueAt } = require("./checks.js");
const documented = require("./documented.js");

const ajv = loadAjv();

/** Tests an answer by what is expected of it and what the document says, and keeps values for later requests. */
function check({ client, request, response }, expected) {
  const answer = answerOf(request, response);
  const query = Object.entries(expected.query || {}).map(([name, one]) => [name, isObject(one) ? client.global.get(one.from) : one]);
  const facts = { ...expected, query: Object.fromEntries(query) };
  for (const [name, problems] of checksOf(facts, documented.endpoints[expected.endpoint], answer)) {
    if (problems.length && expected.scenario) client.global.set(expected.scenario, true);
    client.test(name, () => client.assert(!problems.length, problems.join("\n")));
  }
  keep({ client, request, response }, expected);
}

/** Keeps values of an answer for later requests, where it is the one expected and has them. */
function keep({ client, request, response }, { status, keeps = {} }) {
  const answer = answerOf(request, response);
  for (const [name, source] of Object.entries(matchesAny(status, answer.status) ? keeps : {})) {
    const value = keptFrom(answer, source);
    if (value !== undefined && value !== null) client.global.set(name, value);
  }
}

function answerOf(request, response) {
  const body = response.body ?? "";
  const isText = typeof body === "string";
  const isJson = /json/i.test(response.headers.valueOf("Content-Type") ?? ""); // a page may come as a tree
  const value = isText ? textValue(body) : body;
  return {
    method: request.method,
    url: String(typeof request.url === "function" ? request.url() : request.url),
    status: response.status,
    text: isText ? body : isJson ? JSON.stringify(body) : String(body),
    value,
    header: (name) => response.headers.valueOf(name),
    schemaProblems: (schema) => schemaProblems(schema, value),
  };
}

/** httpYac gives JSON as its value. A text is what is no JSON, a string, or one of the values that count as nothing. */
function textValue(body) {
  return /^(?:|""|0|false|null)$/.test(body) ? parsed(body) : body;
}

/** A value of an answer: at a JSON pointer, or `header:Name`, with `#last` the last segment of what it has. */
function keptFrom(answer, source) {
  if (!source.startsWith("header:")) return valueAt(answer.value, source);
  const [name, part] = source.slice("header:".length).split("#");
  const value = answer.header(name);
  return value && part === "last" ? decodeURIComponent(value.split(/[?#]/)[0].split("/").filter(Boolean).pop()) : value;
}

/** The checker of schemas, where it is installed; `npm install` in this folder does that. */
function loadAjv() {
  try {
    const Ajv = require("ajv");
    const addFormats = require("ajv-formats");
    const checker = new Ajv({ strict: false, allErrors: true, logger: false, code: { regExp: lenientPattern } });
    return addFormats(checker, ["date", "email", "ipv4", "ipv6", "uuid"]);
  } catch (error) {
    if (error.code !== "MODULE_NOT_FOUND") throw error;
    console.warn("bodies are not compared with their schemas: ajv and ajv-formats are not installed");
    return undefined;
  }
}

/** Where a value does not fit a schema, and why. */
function schemaProblems(schema, value) {
  if (!ajv) return [];
  const validate = ajv.compile({ allOf: [schema], $defs: documented.$defs });
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

module.exports = { check, keep };
