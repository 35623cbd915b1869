// What an answer shows beside its status and its schema. Made by casecraft.

const { documented } = require("./answer");
const { wireText } = require("./numbers");

const TRACES = new RegExp(
  [
    /Traceback \(most recent call last\)|\bat [\w.$]+\([\w$]+\.java:\d+\)|^goroutine \d+ \[\w+\]|\.go:\d+ \+0x/,
    /\bat [^\n]*node_modules\/|\.cs:line \d+|\.php on line \d+|\.rb:\d+:in \W|\bSQLSTATE\[|\bORA-\d{5}\b/,
    /You have an error in your SQL syntax|\bsqlite3\.\w+Error|\bpsycopg2?\.\w+|\bPG::\w+Error/,
  ]
    .map((pattern) => pattern.source)
    .join("|"),
  "m",
);
// Signs of a text that the service did what it said, by the target of the case.
const SIGNS = {
  "security:template-injection": /1787569/,
  "security:path-traversal": /^root:[^:]*:0:0:/m,
  "security:API7-server-side-request": /^2007-01-19$|computeMetadata/m,
};

/** Headers that the document requires and the answer lacks. */
function headerProblems(headers, answer) {
  const missing = (documented(headers, answer.status) ?? []).filter((name) => !answer.headers.has(name));
  return missing.map((name) => `header mismatch: the answer has no '${name}', which is required`);
}

/** Whether an error shows the inside of the service. */
function traceProblems(answer) {
  const trace = answer.status >= 400 && TRACES.exec(answer.text);
  return trace ? [`verbose error: the answer shows the inside of the service: '${trace[0]}'`] : [];
}

/** What an answer shows that the service made of a hostile request, whatever its status. */
function injectionProblems(targets, endpoint, answer) {
  const isPage = (answer.headers.get("content-type") ?? "").includes("html");
  const shown = targets.filter((target) => SIGNS[target]?.test(answer.text));
  const problems = shown.map((target) => `injection: the answer shows that the service carried out a text: ${target}`);
  if (targets.includes("security:header-injection") && answer.headers.has("x-casecraft-injected")) {
    problems.push("injection: a line break in a value makes a header of the answer");
  }
  if (targets.includes("security:script-injection") && isPage && answer.text.includes("<script>casecraft")) {
    problems.push("injection: a script stands in a page as it was sent");
  }
  if (targets.includes("security:API3-mass-assignment") && succeeded(answer)) {
    problems.push(...assignmentProblems(endpoint.read_only ?? [], answer));
  }
  return problems;
}

function assignmentProblems(names, answer) {
  const { body } = JSON.parse(answer.sent);
  const got = parsed(answer.text);
  if (!isObject(body) || !isObject(got)) return [];
  const taken = names.filter((name) => name in body && JSON.stringify(body[name]) === JSON.stringify(got[name] ?? null));
  return taken.map((name) => `accepted an invalid request: '${name}' is readOnly, and the answer has the client's value`);
}

/** More items than were asked for, and items that the filters of the query leave out. */
function listingProblems({ items: pointer, limit, filters }, answer) {
  const { query } = JSON.parse(answer.sent);
  const names = pointer.split("/").slice(1).map((name) => name.replaceAll("~1", "/").replaceAll("~0", "~"));
  const items = names.reduce((value, name) => value?.[name], parsed(answer.text));
  if (!Array.isArray(items)) return []; // what is wrong with the body is said elsewhere
  const most = String(query[limit] ?? "");
  const tooMany = /^\d+$/.test(most) && items.length > Number(most);
  const problems = tooMany ? [`value mismatch: ${items.length} items, where '${limit}' asks for ${most} at most`] : [];
  return [...problems, ...filters.flatMap((name) => filterProblems(name, query[name], items))];
}

function filterProblems(name, wanted, items) {
  if (wanted === undefined || (wanted !== null && typeof wanted === "object")) return [];
  const strange = items.find((item) => isObject(item) && name in item && wireText(item[name]) !== wireText(wanted));
  if (!strange) return [];
  const [found, asked] = [strange[name], wanted].map((value) => JSON.stringify(value));
  return [`value mismatch: an item has ${name} ${found}, where the query asks for ${asked}`];
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return undefined;
  }
}

function isObject(value) {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

function succeeded({ status }) {
  return status >= 200 && status < 300;
}

module.exports = { headerProblems, injectionProblems, listingProblems, succeeded, traceProblems };
