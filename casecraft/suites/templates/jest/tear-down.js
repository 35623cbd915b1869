// After all tests. Made by casecraft.

module.exports = () => globalThis.removeAllResources();
