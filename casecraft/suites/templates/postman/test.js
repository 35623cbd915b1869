const expected = JSON.parse(pm.variables.get("expected"));
const documented = JSON.parse(pm.collectionVariables.get("documented"), (name, one) => (name === "pattern" && isStrange(one) ? undefined : one));

/** Where a value does not fit a schema, and why. */
function schemaProblems(schema, value) {
  const Ajv = require("ajv");
  const ajv = new Ajv({ allErrors: true, logger: false });
  const validate = ajv.compile({ allOf: [schema], $defs: documented.$defs });
  return validate(value) ? [] : validate.errors.map((error) => `$${error.dataPath}: ${error.message}`);
}

/** Whether a pattern is one that Postman does not know, or reads in another way. */
function isStrange(pattern) {
  if (typeof pattern !== "string") return false;
  try {
    new RegExp(pattern);
  } catch (error) {
    if (error.name !== "SyntaxError") throw error;
    return true;
  }
  return /\\[pPu]\{/.test(pattern);
}

const text = pm.response.text() || "";
const value = parsed(text);
const answer = {
  method: pm.request.method,
  url: pm.request.url.toString(),
  status: pm.response.code,
  text,
  value,
  header: (name) => pm.response.headers.get(name) ?? null,
  schemaProblems: (schema) => schemaProblems(schema, value),
};

/** A value of the answer: at a JSON pointer, or `header:Name`, with `#last` the last segment of what it has. */
function keptFrom(source) {
  if (!source.startsWith("header:")) return valueAt(value, source);
  const [name, part] = source.slice("header:".length).split("#");
  const text = answer.header(name);
  return text && part === "last" ? decodeURIComponent(text.split(/[?#]/)[0].replace(/\/+$/, "").split("/").pop()) : text;
}

if (expected.is_test !== false) {
  const query = Object.entries(expected.query || {}).map(([name, one]) => [name, isObject(one) ? pm.variables.get(one.from) : one]);
  const checks = checksOf({ ...expected, query: Object.fromEntries(query) }, documented.endpoints[expected.endpoint], answer);
  for (const [name, problems] of checks) {
    pm.test(name, () => {
      if (problems.length) pm.expect.fail(problems.join("\n"));
    });
  }
  if (expected.scenario && checks.some(([, problems]) => problems.length)) pm.variables.set("ended", expected.scenario);
}
if (matchesAny(expected.status, answer.status)) {
  for (const [name, source] of Object.entries(expected.keeps || {})) {
    const found = keptFrom(source);
    if (found === undefined || found === null) continue;
    pm.collectionVariables.set(name, typeof found === "string" ? found : JSON.stringify(found));
    pm.collectionVariables.set(`${name}.json`, JSON.stringify(found));
  }
}
