// Numbers as JSON writes them: JavaScript has no other way to keep 1.0 or more than 16 digits. Made by casecraft.

const { randomUUID } = require("node:crypto");

const MARK = `number ${randomUUID()} `;
const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const MARKED = new RegExp(`"${MARK}([^"]*)"`, "g");

/** Parses JSON; a number that JavaScript would write in another way becomes a marked text. */
function exactly(text) {
  return JSON.parse(text.replace(TOKEN, (token) => (token[0] === '"' || String(Number(token)) === token ? token : `"${MARK}${token}"`)));
}

/** Writes JSON, with the numbers that `exactly` marked as they were. */
function jsonText(value) {
  return JSON.stringify(value).replace(MARKED, "$1");
}

/** A text as it is, any other value as JSON. */
function wireText(value) {
  return typeof value === "string" && !value.startsWith(MARK) ? value : jsonText(value);
}

module.exports = { exactly, jsonText, wireText };
