// Credentials, from the environment alone. Made by casecraft.

/** A case cannot be carried out here: something that it needs is missing. */
class Blocked extends Error {}

function variableOf(scheme, request) {
  const prefix = request.credentials === "foreign" ? "CASECRAFT_FOREIGN_AUTH_" : "CASECRAFT_AUTH_";
  const ending = request.without_scope?.scheme === scheme.name ? `_without_${request.without_scope.scope}` : "";
  return prefix + `${scheme.name}${ending}`.replace(/[^A-Za-z0-9]/gu, "_").toUpperCase();
}

/**
 * The schemes to use, each with its secret and the variable that has it: the first alternative for which the
 * environment has everything.
 */
function chooseCredentials(request, alternatives) {
  const whose = request.credentials ?? "own";
  if (whose === "none" || !alternatives.length) return [];
  const missing = request.without_scope;
  const sendable = alternatives.filter((schemes) => schemes.every((scheme) => scheme.type !== "mutualTLS"));
  if (!sendable.length) throw new Blocked("needs a client certificate, which this suite does not send");
  const lastResort = (schemes) => (schemes.length ? 0 : 1);
  const wanted = missing?.scheme ?? request.credentials_for;
  const usable = wanted ? sendable.filter((schemes) => schemes.some(({ name }) => name === wanted)) : [...sendable];
  for (const schemes of usable.sort((one, other) => lastResort(one) - lastResort(other))) {
    const found = schemes.map((scheme) => withSecret(scheme, request));
    if (found.every(({ secret }) => secret)) return found;
  }
  const names = usable.map((schemes) => schemes.map((scheme) => variableOf(scheme, request)).join(" and "));
  const kind = whose === "foreign" ? " of another user" : missing ? ` without the scope '${missing.scope}'` : "";
  throw new Blocked(`needs credentials${kind}: set ${names.join(" or ")}`);
}

const NOBODYS = ["nobody:wrong", "casecraft-invalid-credential"];

/** What the environment has for a scheme, or what nobody has; empty where the environment has nothing. */
function withSecret(scheme, request) {
  const variable = variableOf(scheme, request);
  const isTried = (request.credentials_for ?? scheme.name) === scheme.name;
  if (request.credentials === "invalid" && isTried) {
    const isBasic = (scheme.scheme ?? "").toLowerCase() === "basic";
    return { scheme, variable, secret: NOBODYS[isBasic ? 0 : 1] };
  }
  return { scheme, variable, secret: (process.env[variable] ?? "").trim() };
}

/** Where a credential goes, under which name, and its text. */
function placeCredential({ scheme, secret }) {
  if (scheme.type === "apiKey") return [scheme.in, scheme.parameter, secret];
  const kind = (scheme.scheme ?? "bearer").toLowerCase();
  const text = kind === "basic" ? Buffer.from(secret).toString("base64") : secret;
  return ["header", "Authorization", `${kind[0].toUpperCase()}${kind.slice(1)} ${text}`];
}

/** Puts the name of the variable in the place of each secret, in all the forms in which it is sent. */
function redact(text, credentials) {
  for (const credential of credentials.filter(({ secret }) => !NOBODYS.includes(secret))) {
    const sent = placeCredential(credential)[2].split(" ").pop();
    const forms = [credential.secret, sent].flatMap((form) => [form, encodeURIComponent(form), JSON.stringify(form).slice(1, -1)]);
    for (const form of forms.sort((one, other) => other.length - one.length)) {
      text = text.replaceAll(form, `$${credential.variable}`);
    }
  }
  return text;
}

module.exports = { Blocked, chooseCredentials, placeCredential, redact };
