// Values that flow from an earlier answer into a request. Made by casecraft.

const { randomBytes, randomInt, randomUUID } = require("node:crypto");
const { exactly, wireText } = require("./numbers");

const RUN = "run"; // the step of values that come from no answer

/** The request of a case or step, with the values that its bindings take from `answers`, by step or resource. */
function bind({ request, bindings = [] }, answers) {
  const bound = structuredClone(request);
  for (const { place, step, source } of bindings) {
    put(bound, place, step === RUN ? uniqueValue(source) : valueFrom(answers[step], source));
  }
  return bound;
}

/** A value that nothing has yet. */
function uniqueValue(source) {
  const text = `cc${randomBytes(5).toString("hex")}`;
  const kinds = {
    "unique:email": `${text}@example.com`,
    "unique:uuid": randomUUID(),
    "unique:integer": randomInt(100_000_000, 2_000_000_000),
  };
  return kinds[source] ?? text;
}

/**
 * The value at `source` of an answer: a JSON pointer into its body, `request:` and one into what was sent, or
 * `header:Name`, with `#last` its last segment.
 */
function valueFrom(answer, source) {
  if (source.startsWith(`request:${MARKED}`)) return at(exactly(answer.sent), ["bound", source.slice("request:".length)]);
  if (source.startsWith("request:")) return at(exactly(answer.sent), segments(source.slice("request:".length)));
  if (!source.startsWith("header:")) return at(exactly(answer.text), segments(source));
  const [name, part] = source.slice("header:".length).split("#");
  const value = answer.headers[name.toLowerCase()];
  if (value === undefined) throw new RangeError(`the answer has no header ${name}`);
  return part === "last" ? decodeURIComponent(value.split(/[?#]/)[0].replace(/\/+$/, "").split("/").pop()) : value;
}

const MARKED = "/body#"; // and a mark, which stands in a body of XML for the value

function put(target, place, value) {
  if (place.startsWith(MARKED)) {
    target.bound = { ...target.bound, [place]: value };
    target.body = target.body.replaceAll(place.slice(MARKED.length), () => asXml(wireText(value)));
    return;
  }
  const names = segments(place);
  const last = names.pop();
  at(target, names)[last] = value;
}

function asXml(text) {
  return text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

function at(value, names) {
  for (const name of names) {
    if (Array.isArray(value) && value.length === 0) throw new RangeError("the list is empty");
    if (value === null || typeof value !== "object" || !Object.hasOwn(value, name)) {
      throw new RangeError(`there is nothing at ${JSON.stringify(name)}`);
    }
    value = value[name];
  }
  return value;
}

function segments(pointer) {
  return pointer.split("/").slice(1).map((name) => name.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** The bindings whose values come from an answer. */
function fromAnswers(bindings = []) {
  return bindings.filter(({ step }) => step !== RUN);
}

module.exports = { bind, fromAnswers, valueFrom };
