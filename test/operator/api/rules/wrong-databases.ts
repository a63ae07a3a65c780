// Manifests with groups whose messages are in a database, good and wrong.
import type { BrokerClusterSpecInput } from '../../../../operator/api/spec-schema.ts'
import type { GoodManifest, WrongManifest } from './manifest.ts'

type Group = NonNullable<BrokerClusterSpecInput['groupTemplate']>
type Jdbc = NonNullable<Group['storage']['jdbc']>

const group = (jdbc: Partial<Jdbc> = {}, replicas = 2): Group => ({
  replicas,
  storage: { type: 'JDBC', jdbc: { secretRef: { name: 'orders-db' }, ...jdbc } },
})
const pair = (jdbc: Partial<Jdbc> = {}, replicas = 2): BrokerClusterSpecInput => ({
  topology: { type: replicas === 1 ? 'Standalone' : 'MasterSlave' },
  groupTemplate: group(jdbc, replicas),
})
const mesh = (...groups: readonly Partial<Jdbc>[]): BrokerClusterSpecInput => ({
  topology: { type: 'Combined', network: { layout: 'Mesh' } },
  groups: groups.map((jdbc, index) => ({ name: `g${index}`, ...group(jdbc) })),
})

export const goodDatabases: readonly GoodManifest[] = [
  { title: 'a pair on a database', spec: pair() },
  { title: 'a single broker on a database', spec: pair({}, 1) },
  {
    title: 'a pair on a database with everything said',
    spec: pair({
      keys: { url: 'jdbc-uri', username: 'username', password: 'password', ca: 'ca.crt' },
      tablePrefix: 'SHOP_',
      createTables: false,
      locker: 'Database',
      lease: { duration: '10s', renewInterval: '2s' },
      lock: { acquireInterval: '1s', keepAlivePeriod: '5s' },
    }),
  },
  { title: 'groups in one database', spec: mesh({ tablePrefix: 'A_' }, { tablePrefix: 'B_' }, { tablePrefix: '' }) },
  {
    title: 'groups in a database each',
    spec: mesh({}, { secretRef: { name: 'other-db' } }, { keys: { url: 'url2' } }),
  },
]

const storage = 'spec.groupTemplate.storage'

export const wrongDatabases: readonly WrongManifest[] = [
  {
    title: 'storage.type JDBC without jdbc',
    spec: { topology: { type: 'Standalone' }, groupTemplate: { storage: { type: 'JDBC' } } },
    by: 'rule',
    field: `${storage}.jdbc`,
    text: 'required with storage.type JDBC, and accepted only with it',
  },
  {
    title: 'a retention policy for a database',
    spec: {
      topology: { type: 'Standalone' },
      groupTemplate: { storage: { ...group().storage, retentionPolicy: {} } },
    },
    by: 'rule',
    field: `${storage}.retentionPolicy`,
    text: 'None and JDBC have no claim',
  },
  {
    title: 'a lease that ends before it is renewed',
    spec: pair({ lease: { duration: '1s', renewInterval: '1000ms' } }),
    by: 'rule',
    field: `${storage}.jdbc.lease.duration`,
    text: 'must be more than renewInterval',
  },
  {
    title: 'a lease that is shorter than the default time between renewals',
    spec: pair({ lease: { duration: '900ms' } }),
    by: 'rule',
    field: `${storage}.jdbc.lease.duration`,
    text: 'must be more than renewInterval',
  },
  {
    title: 'a lease that is renewed all the time',
    spec: pair({ lease: { renewInterval: '0s' } }),
    by: 'rule',
    field: `${storage}.jdbc.lease.renewInterval`,
    text: 'must be more than 0s',
  },
  {
    title: 'a lock of a database that nobody asks for',
    spec: pair({ lock: { acquireInterval: '0s' } }),
    by: 'rule',
    field: `${storage}.jdbc.lock.acquireInterval`,
    text: 'storage.jdbc.lock.acquireInterval: must be more than 0s',
  },
  {
    title: 'a lock of a database that is never proven',
    spec: pair({ locker: 'Database', lock: { keepAlivePeriod: '0s' } }),
    by: 'rule',
    field: `${storage}.jdbc.lock.keepAlivePeriod`,
    text: 'storage.jdbc.lock.keepAlivePeriod: must be more than 0s',
  },
  {
    title: 'other tables',
    before: pair(),
    spec: pair({ tablePrefix: 'NEW_' }),
    by: 'rule',
    onlyApiServer: true,
    field: `${storage}.jdbc.tablePrefix`,
    text: 'cannot be changed, the messages are in the tables of that name',
  },
  {
    title: 'a database instead of a volume',
    before: {
      topology: { type: 'Standalone' },
      groupTemplate: {
        storage: { type: 'Volume', volume: { claimTemplate: { resources: { requests: { storage: '1Gi' } } } } },
      },
    },
    spec: pair({}, 1),
    by: 'rule',
    onlyApiServer: true,
    field: `${storage}.type`,
    text: 'cannot be changed, the messages of the group are there',
  },
  {
    title: 'groups of a template in the same tables',
    spec: { ...mesh(), groups: undefined, groupCount: 2, groupTemplate: group() },
    by: 'rule',
    field: `${storage}.jdbc`,
    text: 'all groups would use the same tables',
  },
  {
    title: 'two groups in the same tables',
    spec: mesh({ tablePrefix: 'A_' }, {}, { tablePrefix: 'A_', locker: 'Database' }),
    by: 'rule',
    field: 'spec.groups',
    operatorField: 'spec.groups[2].storage.jdbc.tablePrefix',
    text: 'two groups use the same tables',
  },
  {
    title: 'a prefix that is no part of a name',
    spec: pair({ tablePrefix: 'shop.' }),
    by: 'schema',
    field: `${storage}.jdbc.tablePrefix`,
    text: 'should match',
  },
  {
    title: 'a locker that there is not',
    spec: {
      ...pair(),
      groupTemplate: { ...group(), storage: { type: 'JDBC', jdbc: { secretRef: { name: 'db' }, locker: 'Row' } } },
    },
    by: 'schema',
    field: `${storage}.jdbc.locker`,
    text: 'supported values: "Lease", "Database"',
  },
  {
    title: 'a database without a Secret',
    spec: { ...pair(), groupTemplate: { ...group(), storage: { type: 'JDBC', jdbc: {} } } },
    by: 'schema',
    field: `${storage}.jdbc.secretRef`,
    text: 'Required value',
  },
]
