// The request. Made by casecraft.

const { Blocked, placeCredential } = require("./credentials");
const { jsonText, wireText } = require("./numbers");

const BOUNDARY = "casecraft-boundary";

/** The URL and the options for `fetch`. Throws Blocked where `fetch` could not send it as it is. */
function buildRequest(baseUrl, request, credentials, endpoint) {
  const styled = endpoint.styled || {};
  const query = encoded(request.query, styled.query);
  const headers = texts(request.headers);
  const cookies = texts(request.cookies);
  for (const credential of credentials) {
    const [place, name, text] = placeCredential(credential);
    if (place === "query") {
      if (!(name in request.query)) query.push(`${encode(name)}=${encode(text)}`);
    } else add(place === "cookie" ? cookies : headers, name, text);
  }
  const crumbs = Object.entries(cookies).map(([name, value]) => `${name}=${cookieText(value)}`);
  if (crumbs.length) add(headers, "Cookie", crumbs.join("; "));
  add(headers, "Accept", "*/*");
  add(headers, "User-Agent", "casecraft-suite");
  const body = buildBody(request, headers, endpoint);
  const url = baseUrl + buildPath(request, query, styled.path_params || {});
  const options = { method: request.method, headers: bytesOf(headers), body };
  refuseChanged(url, options);
  return { url, options };
}

function texts(values) {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, wireText(value)]));
}

/** Adds a header or cookie, unless the case has one of that name itself. */
function add(values, name, text) {
  const names = Object.keys(values).map((known) => known.toLowerCase());
  if (!names.includes(name.toLowerCase())) values[name] = text;
}

/** Headers as `fetch` takes them: a character for each byte of UTF-8. */
function bytesOf(headers) {
  const asBytes = (text) => Buffer.from(text).toString("latin1");
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [asBytes(name), asBytes(value)]));
}

function refuseChanged(url, options) {
  const asked = url.replace(/^https?:\/\/[^/?]*/i, "");
  const parsed = new URL(url);
  if (parsed.pathname + parsed.search !== (asked.startsWith("/") ? asked : `/${asked}`)) {
    throw new Blocked("fetch would change the URL");
  }
  for (const [name, value] of Object.entries(options.headers)) {
    if (value !== value.trim()) throw new Blocked(`fetch would trim the header ${name}`);
  }
  try {
    new Request(url, options);
  } catch (error) {
    throw new Blocked(`fetch has no way to send this: ${error.message}`);
  }
}

/** The path with its parameters filled in. A query in the template is sent; a fragment never is. */
function buildPath(request, query, styled) {
  const [template, ...fixed] = request.path.split("#")[0].split("?");
  const values = texts(request.path_params);
  const fill = (whole, name) => encodeSegment(Object.hasOwn(values, name) ? values[name] : whole, styled[name]);
  const path = template.split(/(\{[^{}]*\})/).map((text, at) => (at % 2 ? fill(text, text.slice(1, -1)) : encodeRest(text)));
  const queries = fixed.length ? [encodeRest(fixed.join("?"))] : [];
  queries.push(...query);
  return path.join("") + (queries.length ? `?${queries.join("&")}` : "");
}

function encoded(values, styled = {}) {
  return pairs(values).map(([name, value]) => `${encode(name)}=${encode(value, styled[name])}`);
}

function buildBody(request, headers, endpoint) {
  if (request.content_type === null) return undefined;
  if (request.raw_body !== undefined && request.raw_body !== null) {
    if (request.content_type) add(headers, "Content-Type", request.content_type);
    return rawBytes(request.raw_body);
  }
  const kind = request.content_type.split(";")[0].trim().toLowerCase();
  const isForm = request.body !== null && typeof request.body === "object" && !Array.isArray(request.body);
  if (kind === "multipart/form-data" && isForm) {
    add(headers, "Content-Type", `multipart/form-data; boundary=${BOUNDARY}`);
    return multipart(request.body, endpoint);
  }
  add(headers, "Content-Type", request.content_type);
  if (isJson(kind)) return Buffer.from(jsonText(request.body));
  if (kind === "application/x-www-form-urlencoded" && isForm) {
    return Buffer.from(encoded(request.body).join("&"));
  }
  return toBytes(wireText(request.body));
}

/** An exact text; one that is too long to be written out is in parts that repeat. */
function rawBytes(raw) {
  if (typeof raw === "string") return toBytes(raw);
  return Buffer.concat(raw.map(({ text, times }) => repeated(toBytes(text), times)));
}

function repeated(bytes, times) {
  return bytes.length ? Buffer.alloc(bytes.length * times, bytes) : bytes;
}

function multipart(body, { uploads = [], part_types: types = {} }) {
  const parts = each(body).flatMap(([name, value]) => {
    const shown = name.replace(/["\r\n]/g, (sign) => encodeURIComponent(sign));
    const file = uploads.includes(name) ? '; filename="file"' : "";
    const kind = types[name] || (value !== null && typeof value === "object" ? "application/json" : "");
    const type = kind && `\r\nContent-Type: ${kind}`;
    const head = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${shown}"${file}${type}\r\n\r\n`;
    return [Buffer.from(head), toBytes(wireText(value)), Buffer.from("\r\n")];
  });
  return Buffer.concat([...parts, Buffer.from(`--${BOUNDARY}--\r\n`)]);
}

/** Names with their values; a list repeats its name. */
function each(values) {
  return Object.entries(values).flatMap(([name, value]) => (Array.isArray(value) ? value : [value]).map((one) => [name, one]));
}

function pairs(values) {
  return each(values).map(([name, value]) => [name, wireText(value)]);
}

function isJson(kind) {
  return kind === "application/json" || kind === "text/json" || kind.endsWith("+json");
}

/** UTF-8, in which half of a surrogate pair has three bytes of its own. */
function toBytes(text) {
  return Buffer.concat([...text].map((sign) => (/^[\ud800-\udfff]$/.test(sign) ? halfBytes(sign.charCodeAt(0)) : Buffer.from(sign))));
}

function halfBytes(code) {
  return Buffer.from([0xe0 | (code >> 12), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f)]);
}

/** The text percent-encoded, without what its style puts before it and between its items. */
function encode(text, [lead, signs] = ["", ""]) {
  const plain = /[A-Za-z0-9_.~-]/;
  if (!text.startsWith(lead)) return percent(text, plain);
  return percent(lead, /[A-Za-z0-9_.~;=-]/) + percent(text.slice(lead.length), plain, signs);
}

/** A path segment; one of dots alone would otherwise be resolved before it is sent. */
function encodeSegment(text, style) {
  return /^\.*$/.test(text) ? text.replaceAll(".", "%2E") : encode(text, style);
}

/** What stands in the template itself: its reserved characters stay. */
function encodeRest(text) {
  return percent(text, /[A-Za-z0-9_.~!$&'()*+,/:;=?@%-]/);
}

function cookieText(text) {
  return percent(text, /[A-Za-z0-9_.~!#$&'()*+/:<=>?@[\]^`{|}-]/);
}

function percent(text, plain, signs = "") {
  const escaped = (bytes) => [...bytes].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`).join("");
  return [...text].map((sign) => (plain.test(sign) || signs.includes(sign) ? sign : escaped(toBytes(sign)))).join("");
}

module.exports = { buildRequest };
