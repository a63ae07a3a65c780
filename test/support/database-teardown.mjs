// Jest's globalTeardown: ends what database-setup.mjs has started.
export default () => globalThis.flotillaDatabaseHost.stop()
