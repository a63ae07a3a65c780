export default {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  moduleFileExtensions: ['ts', 'mjs', 'js', 'json', 'node'],
  transform: { '\\.ts$': '<rootDir>/test/support/strip-types-transformer.mjs' },
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  testPathIgnorePatterns: [
    '/node_modules/',
    '<rootDir>/test/interop/',
    '<rootDir>/test/kube/',
    '<rootDir>/test/image/',
  ],
  modulePathIgnorePatterns: ['<rootDir>/data/', '<rootDir>/.flotilla/', '<rootDir>/.databases/'],
  globalSetup: '<rootDir>/test/support/database-setup.mjs',
  globalTeardown: '<rootDir>/test/support/database-teardown.mjs',
  restoreMocks: true,
  // Jest leaves one core to itself, which is half of two.
  maxWorkers: '100%',
  // For a test that hangs, and nothing else: no test asserts a speed, and a busy machine may be twenty times slower.
  testTimeout: 300_000,
}
