// Made by casecraft. Before each request: gives its variables their forms, or skips it where one has no value.
pm.variables.unset("keeps"); // of the request before
const forms = {
  percent: (text) => encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`),
  cookie: (text) => encodeURIComponent(text),
  xml: (text) => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`),
  base64: (text) => Buffer.from(text).toString("base64"),
};
const { url, header, body } = pm.request.toJSON();
const wanted = JSON.stringify([url, header, body]).match(/\{\{(CASECRAFT_|made_)\w+\}\}/g) || [];
for (const name of new Set(wanted.map((found) => found.slice(2, -2)))) {
  const [, base, form] = /^(.*?)(?:_(percent|cookie|base64|json|xml))?$/.exec(name);
  const value = pm.variables.get(base);
  if (value === undefined || value === "") {
    pm.test.skip(`blocked: ${base} has no value`, () => {});
    pm.execution.skipRequest();
  } else if (forms[form]) {
    pm.variables.set(name, forms[form](String(value)));
  }
}
