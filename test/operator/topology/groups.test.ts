// Several groups, which the schema does not let through yet: the planner is asked directly.
import { expect, test } from '@jest/globals'
import { livenessProbeDefaults } from '../../../operator/api/limits.ts'
import { type BrokerClusterSpecInput, specSchema } from '../../../operator/api/spec-schema.ts'
import { groupsOf } from '../../../operator/topology/groups.ts'
import { planCluster } from '../../../operator/topology/planner.ts'
import { sharedPair, single } from '../../support/cluster-harness.ts'

const metadata = { name: 'orders', namespace: 'shop', uid: 'uid-1' }
/** Without the rules: only what each field may be. */
const plan = (input: BrokerClusterSpecInput) =>
  planCluster(metadata, specSchema.parse(input), { defaultImage: 'broker:1' })

test('groups of a template are named by their number', () => {
  const spec = specSchema.parse({ ...sharedPair(), groupCount: 3 })
  expect(groupsOf(spec).map(({ name }) => name)).toEqual(['g0', 'g1', 'g2'])
})

test('each group has members, a broker identity and a store of its own', () => {
  const storage = sharedPair().groupTemplate!.storage
  const { groups, endpoints, references } = plan({
    topology: { type: 'MasterSlave' },
    groups: [
      { name: 'east', replicas: 2, storage },
      { name: 'west', replicas: 3, storage: { ...storage, sharedVolume: { existingClaim: { name: 'nfs' } } } },
      { name: 'memory', storage: { type: 'None' } },
    ],
  })
  expect(groups.map(({ statefulSet, members, brokerConfig }) => [statefulSet, members.length, brokerConfig])).toEqual([
    [
      'orders-east',
      2,
      expect.objectContaining({ brokerName: 'orders-east', store: expect.objectContaining({ type: 'Journal' }) }),
    ],
    [
      'orders-west',
      3,
      expect.objectContaining({ brokerName: 'orders-west', store: expect.objectContaining({ type: 'Journal' }) }),
    ],
    ['orders-memory', 1, expect.objectContaining({ brokerName: 'orders-memory', store: { type: 'Memory' } })],
  ])
  expect(groups.map(({ store }) => store.note)).toEqual([
    'SharedVolume claim orders-east-data',
    'SharedVolume claim nfs',
    'None',
  ])
  expect(references).toEqual([{ kind: 'PersistentVolumeClaim', name: 'nfs' }])
  expect(endpoints[0]!.url.match(/tcp:/g)).toHaveLength(6)
})

test('a revision is that of its group: what differs between groups restarts only one of them', () => {
  const group = sharedPair().groupTemplate!
  const { groups } = plan({
    topology: { type: 'MasterSlave' },
    groups: [
      { name: 'a', ...group },
      { name: 'b', ...group, replicas: 3 },
      { name: 'c', ...group, scheduling: { spread: 'Zones' } },
    ],
  })
  expect(groups[0]!.revision).toBe(groups[1]!.revision)
  expect(groups[0]!.revision).not.toBe(groups[2]!.revision)
})

test('a member that hangs is ended within 40 s, and each number may be set by itself', () => {
  const { livenessProbe } = plan(single()).groups[0]!.pod
  expect(livenessProbe).toEqual(livenessProbeDefaults)
  const { periodSeconds, timeoutSeconds, failureThreshold, terminationGracePeriodSeconds } = livenessProbe
  // The first probe comes up to a period after the process has stopped, the last one has its timeout to answer.
  const longest = periodSeconds * failureThreshold + timeoutSeconds + terminationGracePeriodSeconds
  expect(longest).toBeLessThanOrEqual(40)
  expect(plan({ ...single(), livenessProbe: { failureThreshold: 2 } }).groups[0]!.pod.livenessProbe).toEqual({
    ...livenessProbeDefaults,
    failureThreshold: 2,
  })
})
