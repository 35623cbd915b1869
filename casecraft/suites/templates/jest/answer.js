// The answer. Made by casecraft.

const { readFileSync } = require("node:fs");
const { isIPv4, isIPv6 } = require("node:net");
const { join } = require("node:path");
const Ajv = require("ajv/dist/2020");
const { jsonText } = require("./numbers");

const FORMATS = {
  date: (text) => /^\d{4}-\d\d-\d\d$/.test(text) && isDay(text),
  email: (text) => text.includes("@"),
  ipv4: isIPv4,
  ipv6: isIPv6,
  uuid: /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i,
};

const ajv = new Ajv({ strict: false, allErrors: true, logger: false, formats: FORMATS, code: { regExp: lenientPattern } });
const validators = new Map();
ajv.addSchema(JSON.parse(readFileSync(join(__dirname, "..", "schemas.json"), "utf8")), "schemas.json");

/** What is wrong with an answer's content type and body, by what the document says of its status. */
function bodyProblems(responses, answer) {
  const contents = documented(responses, answer.status);
  if (!contents || !Object.keys(contents).length) return [];
  const kind = (answer.headers.get("content-type") ?? "").split(";")[0].trim().toLowerCase();
  const known = Object.keys(contents).filter((name) => fits(name, kind));
  if (!known.length) return [`content type mismatch: '${kind}', expected ${Object.keys(contents).join(" or ")}`];
  if (!/^(application|text)\/json$|\+json$/.test(kind)) return [];
  const narrowest = known.sort((one, other) => breadth(one) - breadth(other))[0];
  return schemaProblems(contents[narrowest], answer.text);
}

function schemaProblems(schema, text) {
  let value;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return [`schema mismatch: the body is no JSON: ${error.message}`];
  }
  const validate = validator(schema);
  if (validate(value)) return [];
  return validate.errors.map((error) => `schema mismatch: the body does not fit its schema at $${error.instancePath}: ${error.message}`);
}

/** Which of the values that must stand in the body, by JSON pointer, do not. */
function valueProblems(values, text) {
  return Object.entries(values).flatMap(([pointer, wanted]) => {
    const found = JSON.stringify(valueAt(text, pointer));
    const isThere = isSame(found, JSON.stringify(JSON.parse(jsonText(wanted))));
    return isThere ? [] : [`value mismatch: the body has ${found} at ${pointer}, expected ${jsonText(wanted)}`];
  });
}

/** Whether a value is the one that was sent. A fraction may come back in the fewer digits of another float. */
function isSame(found, wanted) {
  const near = /^-?\d+\.\d+$/.test(wanted) && /^-?[\d.e+-]+$/i.test(found ?? "");
  return found === wanted || (near && Math.abs(Number(found) - Number(wanted)) <= Math.abs(Number(wanted)) * 1e-6);
}

function valueAt(text, pointer) {
  const names = pointer.split("/").slice(1).map((name) => name.replaceAll("~1", "/").replaceAll("~0", "~"));
  try {
    return names.reduce((value, name) => value?.[name], JSON.parse(text));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return undefined;
  }
}

function validator(schema) {
  const key = JSON.stringify(schema);
  if (!validators.has(key)) validators.set(key, ajv.compile(schema));
  return validators.get(key);
}

/** What the document says of this status: by its number, then by its range, then by default. */
function documented(responses, code) {
  const byStatus = new Map(Object.entries(responses).map(([status, contents]) => [status.toUpperCase(), contents]));
  const name = [String(code), `${Math.floor(code / 100)}XX`, "DEFAULT"].find((status) => byStatus.has(status));
  return byStatus.get(name);
}

function fits(documentedType, kind) {
  const plain = documentedType.split(";")[0].trim().toLowerCase().replace(/[.+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${plain.replaceAll("*", "[^/]*")}$`).test(kind);
}

function breadth(documentedType) {
  return documentedType.split("*").length;
}

function isDay(text) {
  const day = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
}

/** Regular expressions that JavaScript does not know are passed over. */
function lenientPattern(pattern, flags) {
  for (const tried of [flags, ""]) {
    try {
      return new RegExp(pattern, tried);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
  }
  return { test: () => true };
}
lenientPattern.code = "lenientPattern";

module.exports = { bodyProblems, documented, valueProblems };
