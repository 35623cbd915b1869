// Registers the suite's cases as tests. Made by casecraft.

const { Blocked, TIMEOUT, ask, judge, load, loadList, prepare, readBaseUrl } = require("./casecraft");
const { prepared, removeCreated } = require("./resources");
const { runScenario, resourcesOf } = require("./scenarios");
const { bind } = require("./values");

const LONGEST = TIMEOUT * 100; // requests have their own limit, which is told apart from a failure

/** One test for each case of an endpoint; a case that cannot be carried out here is skipped, with the reason. */
function checkEndpoint(slug) {
  readBaseUrl();
  const endpoint = load(slug);
  describe(endpoint.endpoint, () => {
    for (const one of endpoint.cases) {
      testUnlessBlocked(`${one.title} (${one.id})`, () => {
        const request = prepare(bind(one, prepared(one.id, one.bindings)), endpoint);
        return async () => {
          const answer = await ask(one.title, request);
          await removeCreated(endpoint, answer);
          judge(one.title, one.expect, request, answer, one);
        };
      });
    }
  });
}

/** One test for each scenario, which ends with the first step that fails. */
function checkScenarios() {
  readBaseUrl();
  for (const scenario of loadList("scenarios")) {
    testUnlessBlocked(`${scenario.title} (${scenario.id})`, () => {
      const answers = prepared(scenario.id, resourcesOf(scenario));
      return () => runScenario(scenario, answers);
    });
  }
}

function testUnlessBlocked(name, makeTest) {
  const shown = name.replace(/%/g, "%%"); // jest formats names
  try {
    test(shown, makeTest(), LONGEST);
  } catch (error) {
    if (!(error instanceof Blocked)) throw error;
    test.skip(`${shown}: blocked: ${error.message}`, () => {});
  }
}

module.exports = { checkEndpoint, checkScenarios };
