// What wants a MariaDB as well, or takes long with a database, runs where databases are named: hack/services run all -- npm test -- PATH.
const databasesAreNamed = Boolean(process.env.FLOTILLA_TEST_POSTGRESQL || process.env.FLOTILLA_TEST_MYSQL)
const wantDatabases = [
  'test/broker/reliability/database-pair',
  'test/broker/reliability/store-faults',
  'test/broker/sql/mysql/mysql-database',
  'test/broker/store/sql/mend-tables',
  'test/broker/store/sql/mysql-tables',
  'test/e2e/databases',
  'test/reliability/store-faults/writers',
]

// Minutes together, and seldom touched by a change: FLOTILLA_AT_LENGTH=1 npm test -- PATH, as in .ci/run.
const takeLong = process.env.FLOTILLA_AT_LENGTH
  ? []
  : [
      'test/broker/reliability/bridge-strangers',
      'test/broker/reliability/memory',
      'test/broker/reliability/neighbours',
      ...(process.env.FLOTILLA_TEST_ZOOKEEPER ? [] : ['test/broker/reliability/replicated-members']),
      'test/broker/reliability/replicated-modes',
      'test/broker/reliability/replicated-refusals',
      'test/broker/reliability/unanswered-forwards',
      'test/e2e/quiet-at-rest',
      'test/hack/localkube/kubectl-pods',
      'test/integration/adversity-localkube',
    ]
// The operator is killed at a sample of its writes with FLOTILLA_EVERY=20, at each with FLOTILLA_EVERY=1.
const wantSample = process.env.FLOTILLA_EVERY ? [] : ['test/e2e/operator-killed-anywhere']
// It needs Java: FLOTILLA_TEST_ZOOKEEPER=1 npm test -- test/broker/lock/election/zookeeper
const wantZooKeeper = process.env.FLOTILLA_TEST_ZOOKEEPER ? [] : ['test/broker/lock/election/zookeeper/real-zookeeper']

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
    ...[...(databasesAreNamed ? [] : wantDatabases), ...wantZooKeeper, ...takeLong, ...wantSample].map(
      (path) => `<rootDir>/${path}.test.ts`,
    ),
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
