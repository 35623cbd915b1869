// Credentials, from the environment alone. Made by casecraft.

/** A case cannot be carried out here: something that it needs is missing. */
class Blocked extends Error {}

function variableOf(scheme, whose = "own") {
  const prefix = whose === "foreign" ? "CASECRAFT_FOREIGN_AUTH_" : "CASECRAFT_AUTH_";
  return prefix + scheme.name.replace(/[^A-Za-z0-9]/gu, "_").toUpperCase();
}

/** The schemes to use, each with its secret: the first alternative for which the environment has everything. */
function chooseCredentials(request, alternatives) {
  const whose = request.credentials ?? "own";
  if (whose === "none" || !alternatives.length) return [];
  const sendable = alternatives.filter((schemes) => schemes.every((scheme) => scheme.type !== "mutualTLS"));
  if (!sendable.length) throw new Blocked("needs a client certificate, which this suite does not send");
  const lastResort = (schemes) => (schemes.length ? 0 : 1);
  for (const schemes of [...sendable].sort((one, other) => lastResort(one) - lastResort(other))) {
    const found = schemes.map((scheme) => ({ scheme, secret: findSecret(scheme, whose) }));
    if (found.every(({ secret }) => secret)) return found;
  }
  const names = sendable.map((schemes) => schemes.map((scheme) => variableOf(scheme, whose)).join(" and "));
  throw new Blocked(`needs credentials${whose === "foreign" ? " of another user" : ""}: set ${names.join(" or ")}`);
}

/** The tester's own, another user's, or one that nobody has; empty where the environment has none. */
function findSecret(scheme, whose) {
  if (whose === "invalid") {
    return (scheme.scheme ?? "").toLowerCase() === "basic" ? "nobody:wrong" : "casecraft-invalid-credential";
  }
  return (process.env[variableOf(scheme, whose)] ?? "").trim();
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
  for (const credential of credentials) {
    const sent = placeCredential(credential)[2].split(" ").pop();
    const forms = [credential.secret, sent].flatMap((form) => [form, encodeURIComponent(form), JSON.stringify(form).slice(1, -1)]);
    for (const form of forms.sort((one, other) => other.length - one.length)) {
      text = text.replaceAll(form, `$${variableOf(credential.scheme)}`);
    }
  }
  return text;
}

module.exports = { Blocked, chooseCredentials, placeCredential, redact };
