// Scenarios: steps in their order, each of which is checked. Made by casecraft.

const { check, load, prepare, send } = require("./casecraft");
const { bind, fromAnswers } = require("./values");

async function runScenario(scenario, resources) {
  const answers = { ...resources };
  try {
    for (const step of scenario.steps) {
      const request = prepare(bind(step, answers), load(step.file));
      const answer = await check(`${scenario.title}: ${step.title}`, step.expect, request);
      answers[step.id] = { ...answer, headers: Object.fromEntries(answer.headers) };
    }
  } finally {
    await cleanUp(scenario.cleanup ?? [], answers);
  }
}

/** Tried as far as the steps were made from which the values come; how it ends is not checked. */
async function cleanUp(steps, answers) {
  for (const step of steps) {
    if (!fromAnswers(step.bindings).every((binding) => binding.step in answers)) continue;
    try {
      await send(prepare(bind(step, answers), load(step.file)));
    } catch (error) {
      console.warn(`${step.title}: ${error.message}`);
    }
  }
}

/** The bindings of a scenario that name a resource of the suite instead of one of its own steps. */
function resourcesOf({ steps, cleanup = [] }) {
  const own = new Set(steps.map((step) => step.id));
  return [...steps, ...cleanup].flatMap((step) => fromAnswers(step.bindings)).filter(({ step }) => !own.has(step));
}

module.exports = { resourcesOf, runScenario };
