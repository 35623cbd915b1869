// Sends the cases of this suite and checks the answers. Made by casecraft.
//
// The environment says where and as whom: CASECRAFT_BASE_URL, and CASECRAFT_AUTH_<SCHEME> for credentials.

const { existsSync, readFileSync } = require("node:fs");
const { join } = require("node:path");
const { bodyProblems, valueProblems } = require("./answer");
const { Blocked, chooseCredentials, redact } = require("./credentials");
const { exactly, jsonText } = require("./numbers");
const { buildRequest } = require("./request");
const { headerProblems, injectionProblems, listingProblems, succeeded, traceProblems } = require("./weaknesses");

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
    return { ...buildRequest(readBaseUrl(), request, credentials, endpoint.uploads || []), credentials, endpoint, sent: jsonText(request) };
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
  const problems = findProblems(expect, prepared.endpoint, answer, valid);
  problems.push(...injectionProblems(targets, prepared.endpoint, answer));
  if (problems.length) throw failure(title, problems, prepared, answer);
}

function findProblems(expect, endpoint, answer, valid) {
  const listing = endpoint.listing && valid && succeeded(answer) ? listingProblems(endpoint.listing, answer) : [];
  return [...expectedProblems(expect, endpoint, answer, valid), ...traceProblems(answer), ...listing];
}

function expectedProblems(expect, endpoint, answer, valid) {
  if (!matchesAny(expect.status, answer.status)) {
    return [`${classOfStatus(expect, answer.status, valid)}: status ${answer.status}, expected ${expect.status.join(" or ")}`];
  }
  const problems = expect.check_schema && endpoint.method !== "HEAD" ? bodyProblems(endpoint.responses, answer) : [];
  return [...headerProblems(endpoint.headers ?? {}, answer), ...problems, ...valueProblems(expect.values ?? {}, answer.text)];
}

/** What an unexpected status is. A request is refused rightly where no success is expected. */
function classOfStatus(expect, code, valid) {
  if (code >= 500) return "server error";
  if (!valid && code >= 200 && code < 300) return "accepted an invalid request";
  const succeeds = expect.status.some((status) => /^[23]/.test(String(status)));
  return valid && code >= 400 && succeeds ? "refused a valid request" : "unexpected status";
}

/** Whether a status code is one of those given, or in a range of them such as 4XX. */
function matchesAny(wanted, code) {
  const names = [String(code), `${Math.floor(code / 100)}XX`];
  return wanted.some((status) => names.includes(String(status).toUpperCase()));
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
