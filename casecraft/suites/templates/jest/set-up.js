// Before all tests. Made by casecraft.

const { makeAll } = require("./resources");

module.exports = async () => {
  globalThis.removeAllResources = await makeAll();
};
