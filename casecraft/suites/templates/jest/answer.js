// Schemas of answers. Made by casecraft.

const { readFileSync } = require("node:fs");
const { isIPv4, isIPv6 } = require("node:net");
const { join } = require("node:path");
const Ajv = require("ajv/dist/2020");

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

/** Where a value does not fit a schema, and why. */
function schemaProblems(schema, value) {
  const validate = validator(schema);
  return validate(value) ? [] : validate.errors.map((error) => `$${error.instancePath}: ${error.message}`);
}

function validator(schema) {
  const key = JSON.stringify(schema);
  if (!validators.has(key)) validators.set(key, ajv.compile(schema));
  return validators.get(key);
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

module.exports = { schemaProblems };
