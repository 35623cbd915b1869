// What is checked of an answer: the same in every format that runs JavaScript. Made by casecraft.

/**
 * The checks of an answer: pairs of a name and what is wrong. Each problem begins with its class, such as `server error:`.
 *
 * `expected` has `status` (numbers, and ranges such as "4XX") and, where they are not as usual, `valid` (whether the
 * request conforms), `check_schema`, `values` (by JSON pointer), `targets`, `query`, and `read_only`: what the request
 * set of fields that only the server may set. `endpoint` has what the document says: `responses`, `headers`, `listing`.
 * `answer` has `method`, `url`, `status`, `header(name)`, `text`, `value` (its JSON, undefined where it is none) and
 * `schemaProblems(schema)`.
 */
function checksOf(expected, endpoint, answer) {
  const stranger = strangerProblems(endpoint, answer);
  if (stranger.length) return [["it is the service that answers", stranger]];
  const wrongStatus = statusProblems(expected, answer.status);
  const asExpected = wrongStatus.length ? [] : expectedChecks(expected, endpoint, answer);
  const checks = [[`the status is ${expected.status.join(" or ")}`, wrongStatus], ...asExpected];
  if (answer.status >= 400) checks.push(["the error shows nothing of the service's inside", traceProblems(answer)]);
  const targets = (expected.targets || []).filter((target) => target.startsWith("security:"));
  if (targets.length) checks.push(["the service did not do what a hostile request says", injectionProblems(targets, expected, answer)]);
  if (endpoint.listing && expected.valid !== false && isSuccess(answer.status)) {
    checks.push(["the list is the one that the query asks for", listingProblems(endpoint.listing, expected.query || {}, answer)]);
  }
  return checks;
}

function expectedChecks(expected, endpoint, answer) {
  const checks = [];
  const headers = documentedFor(endpoint.headers || {}, answer.status) || [];
  if (headers.length) checks.push([`the headers are there: ${headers.join(", ")}`, headerProblems(headers, answer)]);
  const contents = documentedFor(endpoint.responses, answer.status) || {};
  if (expected.check_schema !== false && answer.method !== "HEAD" && Object.keys(contents).length) {
    checks.push(["the body is as documented", bodyProblems(contents, answer)]);
  }
  const values = expected.values || {};
  if (Object.keys(values).length) checks.push(["the body has the values that were written", valueProblems(values, answer)]);
  return checks;
}

function statusProblems(expected, code) {
  if (matchesAny(expected.status, code)) return [];
  return [`${classOfStatus(expected, code)}: status ${code}, expected ${expected.status.join(" or ")}`];
}

/** What an unexpected status is. A request is refused rightly where no success is expected. */
function classOfStatus({ status, valid }, code) {
  if (code >= 500) return "server error";
  if (valid === false && isSuccess(code)) return "accepted an invalid request";
  const succeeds = status.some((one) => /^[23]/.test(String(one)));
  return valid !== false && code >= 400 && succeeds ? "refused a valid request" : "unexpected status";
}

/** Whether a status code is one of those given, or in a range of them such as 4XX. */
function matchesAny(wanted, code) {
  const names = [String(code), `${Math.floor(code / 100)}XX`];
  return wanted.some((status) => names.includes(String(status).toUpperCase()));
}

function isSuccess(code) {
  return code >= 200 && code < 300;
}

/** Signs that something else answered in the service's place: a gateway, a login page. */
function strangerProblems({ responses }, answer) {
  const { status, text } = answer;
  const target = answer.header("Location");
  const statuses = Object.keys(responses).map((name) => name.toUpperCase());
  const isDocumented = statuses.includes(String(status)) || statuses.includes("3XX");
  if ([301, 302, 303, 307, 308].includes(status) && target && !isDocumented && leadsAway(answer.url, target)) {
    return [`not the service: ${status} leads to ${target}`];
  }
  if (!/^\s*<(?:!doctype html|html)/i.test(text.slice(0, 200))) return [];
  if ([502, 503, 504].includes(status)) return [`not the service: ${status} in HTML, as gateways answer`];
  const known = [...new Set(Object.values(responses).flatMap((contents) => Object.keys(contents || {})))].sort();
  if (!isSuccess(status) || !known.length || known.some((name) => fits(name, "text/html"))) return [];
  return [`not the service: ${status} with an HTML page, where ${known.join(" or ")} is documented`];
}

/** Whether a redirect goes to another server, or to where one logs in. */
function leadsAway(url, target) {
  const parts = /^([a-z][a-z0-9+.-]*:)?\/\/([^/?#]*)([^?#]*)/i;
  const [, scheme, host] = parts.exec(url) || [];
  const [, otherScheme, otherHost, otherPath] = parts.exec(target) || [null, undefined, undefined, target.split(/[?#]/)[0]];
  const elsewhere = otherHost !== undefined && (otherHost !== host || (otherScheme || scheme) !== scheme);
  return elsewhere || /log-?in|sign-?in|\bsso\b|\bauth|oauth|saml/i.test(otherPath);
}

/** What the document says of this status: by its number, then by its range, then by default. */
function documentedFor(responses, code) {
  const byStatus = new Map(Object.entries(responses).map(([status, said]) => [status.toUpperCase(), said]));
  const name = [String(code), `${Math.floor(code / 100)}XX`, "DEFAULT"].find((status) => byStatus.has(status));
  return byStatus.get(name);
}

function headerProblems(names, answer) {
  const missing = names.filter((name) => answer.header(name) === null);
  return missing.map((name) => `header mismatch: the answer has no '${name}', which is required`);
}

function bodyProblems(contents, answer) {
  const kind = (answer.header("Content-Type") || "").split(";")[0].trim().toLowerCase();
  const known = Object.keys(contents).filter((name) => fits(name, kind));
  if (!known.length) return [`content type mismatch: '${kind}', expected ${Object.keys(contents).join(" or ")}`];
  if (!/^(?:application|text)\/json$|\+json$/.test(kind)) return [];
  if (answer.value === undefined) return ["schema mismatch: the body is no JSON"];
  const narrowest = known.sort((one, other) => one.split("*").length - other.split("*").length)[0];
  return answer
    .schemaProblems(contents[narrowest])
    .map((problem) => `schema mismatch: the body does not fit its schema at ${problem}`);
}

function fits(documentedType, kind) {
  const plain = documentedType.split(";")[0].trim().toLowerCase().replace(/[.+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${plain.replace(/\*/g, "[^/]*")}$`).test(kind);
}

/** Which of the values that must stand in the body, by JSON pointer, do not. */
function valueProblems(values, answer) {
  return Object.entries(values).flatMap(([pointer, wanted]) => {
    const found = valueAt(answer.value, pointer);
    if (isSame(found, wanted)) return [];
    const has = found === undefined ? "nothing" : JSON.stringify(found);
    return [`value mismatch: the body has ${has} at ${pointer}, expected ${JSON.stringify(wanted)}`];
  });
}

/** Whether a value is the one that was sent. A fraction may come back in the fewer digits of another float. */
function isSame(found, wanted) {
  const mayBeNear = typeof found === "number" && typeof wanted === "number" && !Number.isInteger(wanted);
  return mayBeNear ? Math.abs(found - wanted) <= Math.abs(wanted) * 1e-6 : JSON.stringify(found) === JSON.stringify(wanted);
}

/** What a JSON pointer names, undefined where there is nothing. */
function valueAt(value, pointer) {
  const names = pointer.split("/").slice(1).map((name) => name.replace(/~1/g, "/").replace(/~0/g, "~"));
  return names.reduce((inner, name) => (inner === null || inner === undefined ? undefined : inner[name]), value);
}

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

function traceProblems({ text }) {
  const trace = TRACES.exec(text);
  return trace ? [`verbose error: the answer shows the inside of the service: '${trace[0]}'`] : [];
}

/** What an answer shows that the service made of a hostile request, whatever its status. */
function injectionProblems(targets, expected, answer) {
  const isPage = (answer.header("Content-Type") || "").includes("html");
  const shown = targets.filter((target) => SIGNS[target] && SIGNS[target].test(answer.text));
  const problems = shown.map((target) => `injection: the answer shows that the service carried out a text: ${target}`);
  if (targets.includes("security:header-injection") && answer.header("X-Casecraft-Injected") !== null) {
    problems.push("injection: a line break in a value makes a header of the answer");
  }
  if (targets.includes("security:script-injection") && isPage && answer.text.includes("<script>casecraft")) {
    problems.push("injection: a script stands in a page as it was sent");
  }
  const set = targets.includes("security:API3-mass-assignment") && isSuccess(answer.status) ? expected.read_only || {} : {};
  return [...problems, ...assignmentProblems(set, answer.value)];
}

function assignmentProblems(set, got) {
  if (!isObject(got)) return [];
  const taken = Object.keys(set).filter((name) => name in got && JSON.stringify(set[name]) === JSON.stringify(got[name]));
  return taken.map((name) => `accepted an invalid request: '${name}' is readOnly, and the answer has the client's value`);
}

/** More items than were asked for, and items that the filters of the query leave out. */
function listingProblems({ items: pointer, limit, filters }, query, answer) {
  const items = valueAt(answer.value, pointer);
  if (!Array.isArray(items)) return []; // what is wrong with the body is said elsewhere
  const most = limit === null || query[limit] === undefined ? "" : String(query[limit]);
  const tooMany = /^\d+$/.test(most) && items.length > Number(most);
  const problems = tooMany ? [`value mismatch: ${items.length} items, where '${limit}' asks for ${most} at most`] : [];
  return [...problems, ...filters.flatMap((name) => filterProblems(name, query[name], items))];
}

function filterProblems(name, wanted, items) {
  if (wanted === undefined || (wanted !== null && typeof wanted === "object")) return [];
  const asText = (value) => (typeof value === "string" ? value : JSON.stringify(value));
  const strange = items.find((item) => isObject(item) && name in item && asText(item[name]) !== asText(wanted));
  if (!strange) return [];
  const [found, asked] = [strange[name], wanted].map((value) => JSON.stringify(value));
  return [`value mismatch: an item has ${name} ${found}, where the query asks for ${asked}`];
}

function isObject(value) {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

/** The value of a text that is JSON, undefined of one that is none; what tells so is another error in each program. */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
