// Sends the cases of this suite and checks the answers. Made by casecraft.
//
// The environment says where and as whom: CASECRAFT_BASE_URL, and CASECRAFT_AUTH_<SCHEME> for credentials.

const { existsSync, readFileSync } = require("node:fs");
const { join } = require("node:path");
const { schemaProblems } = require("./answer");
const { checksOf, isObject, matchesAny, parsed } = require("./checks");
const { Blocked, chooseCredentials, redact } = require("./credentials");
const { exactly, jsonText } = require("./numbers");
const { buildRequest } = require("./request");

const SUITE = join(__dirname, "..");
const SHOWN = 2000; // characters of a body in a failure's message
const TIMEOUT = Number(process.env.CASECRAFT_TIMEOUT || 30) * 1000;

/** The endpoint's facts as JSON has them, and its cases with every number as it is written there. */
function load(slug) {
  const text = readFileSync(join(SUITE, "cases", `${slug}.json`), "utf8");
  return { ...JSON.parse(text), cases: exactly(text).cases };
}

/** What `resources.json` or `scenarios.json` lists under a name; nothing where the suite has no such file. */
function loadList(name, list = name) {
  const file = join(SUITE, `${name}.json`);
  return (existsSync(file) && exactly(readFileSync(file, "utf8"))[list]) || [];
}

function readBaseUrl() {
  const url = process.env.CASECRAFT_BASE_URL || "";
  if (!/^https?:\/\//.test(url)) {
    throw new Error(`CASECRAFT_BASE_URL must say where the API is (http://127.0.0.1:8000); it is ${JSON.stringify(url)}`);
  }
  return url.replace(/\/+$/, "");
}

/** A request that is ready to go, with the credentials in it. Throws Blocked where it cannot be sent from here. */
function prepare(request, endpoint) {
  const credentials = chooseCredentials(request, endpoint.security);
  try {
    return { ...buildRequest(readBaseUrl(), request, credentials, endpoint), credentials, endpoint, sent: jsonText(request) };
  } catch (error) {
    throw error instanceof Blocked ? new Blocked(redact(error.message, credentials)) : error;
  }
}

/** Sends a prepared request: status, headers and body, all read. */
async function send({ url, options, sent }) {
  const answer = await fetch(url, { ...options, redirect: "manual", signal: AbortSignal.timeout(TIMEOUT) });
  const text = new TextDecoder().decode(await answer.arrayBuffer());
  return { status: answer.status, headers: answer.headers, text, sent };
}

/** Sends a prepared request and throws where the answer is not the expected one. */
async function check(title, expect, prepared) {
  const answer = await ask(title, prepared);
  judge(title, expect, prepared, answer);
  return answer;
}

/** Sends a prepared request and throws where no answer comes. */
async function ask(title, prepared) {
  try {
    return await send(prepared);
  } catch (error) {
    throw failure(title, [`no answer: ${error.message}: ${error.cause?.message ?? ""}`], prepared);
  }
}

/**
 * Throws where an answer is not the expected one. The message begins with the class of what is wrong, such as
 * `server error:`. Of a case `valid` and `targets` are given; all other requests conform.
 */
function judge(title, expect, prepared, answer, { valid = true, targets = [] } = {}) {
  const problems = findProblems({ ...JSON.parse(jsonText(expect)), valid, targets }, prepared, answer);
  if (problems.length) throw failure(title, problems, prepared, answer);
}

function findProblems(expected, { endpoint, url, options }, answer) {
  const { query, body } = JSON.parse(answer.sent);
  const set = (endpoint.read_only ?? []).filter((name) => isObject(body) && name in body);
  const facts = { ...expected, query, read_only: Object.fromEntries(set.map((name) => [name, body[name]])) };
  const value = parsed(answer.text);
  const seen = {
    method: options.method,
    url,
    status: answer.status,
    text: answer.text,
    value,
    header: (name) => answer.headers.get(name),
    schemaProblems: (schema) => schemaProblems(schema, value),
  };
  return checksOf(facts, endpoint, seen).flatMap(([, problems]) => problems);
}

function failure(title, problems, { url, options, credentials }, answer) {
  const lines = [...problems, "", title, `${options.method} ${url}`];
  for (const [name, value] of Object.entries(options.headers)) lines.push(`${name}: ${value}`);
  if (options.body) lines.push("", new TextDecoder().decode(options.body));
  if (answer) lines.push("", `${answer.status}, ${answer.headers.get("content-type") ?? "no content type"}`, answer.text);
  const error = new Error(lines.map((line) => redact(line, credentials).slice(0, SHOWN)).join("\n"));
  error.stack = error.message; // where it was thrown is the same for all cases
  return error;
}

module.exports = { Blocked, TIMEOUT, ask, check, judge, load, loadList, matchesAny, prepare, readBaseUrl, send };
