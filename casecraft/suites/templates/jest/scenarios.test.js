// Scenarios made by casecraft. They are in `../scenarios.json`.

const { checkScenarios } = require("./cases");

checkScenarios();
