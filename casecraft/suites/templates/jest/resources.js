// What cases need to exist: made before all tests, removed after them. Made by casecraft.
//
// Jest runs each file by itself and cannot skip a test that has begun, so the answers that made the resources are kept
// in a file, which the tests read before they start.

const { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } = require("node:fs");
const { tmpdir } = require("node:os");
const { join } = require("node:path");
const { Blocked, load, loadList, matchesAny, prepare, readBaseUrl, send } = require("./casecraft");
const { resourcesOf } = require("./scenarios");
const { bind, fromAnswers, valueFrom } = require("./values");

const SHARED = "shared";

/** Makes every resource that a case or scenario needs: one for all of them, and one for each that wants its own. */
async function makeAll() {
  readBaseUrl();
  const makers = new Map([[SHARED, new Maker()]]);
  for (const one of users()) {
    if (one.fresh) makers.set(one.id, new Maker());
    await makers.get(one.fresh ? one.id : SHARED).need(one.bindings);
  }
  const kept = [...makers.values()].flatMap((maker) => [...maker.removals()]);
  const folder = mkdtempSync(join(tmpdir(), "casecraft-"));
  process.env.CASECRAFT_RESOURCES = join(folder, "resources.json");
  writeFileSync(process.env.CASECRAFT_RESOURCES, JSON.stringify({ made: Object.fromEntries(makers), kept }), { mode: 0o600 });
  return async () => {
    for (const maker of makers.values()) await maker.removeAll();
    rmSync(folder, { recursive: true });
  };
}

/** All that have bindings to resources. */
function users() {
  const files = readdirSync(join(__dirname, "..", "cases")).filter((name) => name.endsWith(".json"));
  const cases = files.flatMap((name) => load(name.slice(0, -".json".length)).cases ?? []);
  const scenarios = loadList("scenarios").map((one) => ({ id: one.id, fresh: true, bindings: resourcesOf(one) }));
  return [...cases, ...scenarios].filter((one) => fromAnswers(one.bindings).length);
}

class Maker {
  constructor() {
    this.resources = new Map(loadList("resources").map((resource) => [resource.id, resource]));
    this.answers = {};
    this.reasons = {};
  }

  async need(bindings) {
    for (const { step } of fromAnswers(bindings)) await this.make(step);
  }

  async make(id) {
    if (id in this.answers || id in this.reasons) return;
    this.reasons[id] = "it needs itself";
    const resource = this.resources.get(id);
    try {
      if (!resource) throw new Blocked("the suite has no such resource");
      await this.need(resource.create.bindings ?? []);
      this.answers[id] = await this.carryOut(resource.create);
      delete this.reasons[id];
    } catch (error) {
      this.reasons[id] = error.message;
    }
  }

  async carryOut(step) {
    const answer = await send(prepare(bind(step, this.answers), load(step.file)));
    if (!matchesAny(step.expect.status, answer.status)) throw new Blocked(`status ${answer.status}`);
    return { ...answer, headers: Object.fromEntries(answer.headers) };
  }

  /** The last made goes first. What is gone already, or cannot be removed, is no failure of a test. */
  async removeAll() {
    for (const id of Object.keys(this.answers).reverse()) {
      const { remove } = this.resources.get(id);
      if (!remove) continue;
      try {
        await send(prepare(bind(remove, this.answers), load(remove.file)));
      } catch (error) {
        console.warn(`${id} could not be removed: ${error.message}`);
      }
    }
  }

  /** Where what was made is removed. */
  *removals() {
    for (const id of Object.keys(this.answers)) {
      const { remove } = this.resources.get(id);
      try {
        if (remove) yield prepare(bind(remove, this.answers), load(remove.file)).url;
      } catch {
        continue; // what cannot be removed at the end cannot be meant by another removal either
      }
    }
  }

  toJSON() {
    return { answers: this.answers, reasons: this.reasons };
  }
}

/** The answers that made what these bindings need. Throws Blocked where something could not be made. */
function prepared(id, allBindings) {
  const bindings = fromAnswers(allBindings);
  if (!bindings.length) return {};
  const { made } = JSON.parse(readFileSync(process.env.CASECRAFT_RESOURCES, "utf8"));
  const { answers, reasons } = made[id] ?? made[SHARED];
  for (const { step, source } of bindings) {
    if (step in reasons) throw new Blocked(`${step} could not be made: ${reasons[step]}`);
    try {
      valueFrom(answers[step], source);
    } catch (error) {
      throw new Blocked(`${step} was asked for, but ${error.message}`);
    }
  }
  return answers;
}

/** Removes what a case made that nobody asked for, unless others have been given the same. It fails no test. */
async function removeCreated({ endpoint }, answer) {
  const removal = loadList("resources", "removals").find((one) => one.endpoint === endpoint);
  if (!removal || !matchesAny(removal.status, answer.status)) return;
  const { remove } = removal;
  const left = (reason) => console.warn(`left behind: ${remove.endpoint}: ${reason}`);
  try {
    const created = { ...answer, headers: Object.fromEntries(answer.headers) };
    const request = prepare(bind(remove, { create: created }), load(remove.file));
    const { kept } = JSON.parse(readFileSync(process.env.CASECRAFT_RESOURCES, "utf8"));
    if (kept.includes(request.url)) return;
    const { status } = await send(request);
    if (status >= 300 && status !== 404 && status !== 410) left(`status ${status}`);
  } catch (error) {
    left(error.message);
  }
}

module.exports = { makeAll, prepared, removeCreated };
