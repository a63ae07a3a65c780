// The operator is killed before and after every single write of a story, and a new one goes on: it ends where the
// story without a crash ends, and the rules that protect messages hold all the way.
import { expect, test } from '@jest/globals'
import type { BrokerClusterSpecInput } from '../../../operator/api/spec-schema.ts'
import {
  ClusterHarness,
  copiesByLease,
  databasePair,
  databaseSecret,
  networkOf,
  sharedPair,
  single,
  threeServers,
} from '../../support/cluster-harness.ts'
import type { Write } from '../../support/fake-kube.ts'

class Killed extends Error {}

/** Long stories are killed around each write by .ci/run alone, and around some of them by `npm test`. */
const every = Number(process.env['FLOTILLA_EVERY'] ?? 24)

interface Story {
  readonly name: string
  /** Brought to rest without crashes; undefined = there is nothing yet. */
  readonly from?: BrokerClusterSpecInput
  /** undefined = the cluster is deleted. */
  readonly to: BrokerClusterSpecInput | undefined
  /** Something that happens besides. */
  readonly and?: (harness: ClusterHarness) => void
  /** What happens in the rounds of this story. */
  readonly during?: readonly ((harness: ClusterHarness) => void)[]
}

const ring = (brokers: number) => networkOf({ layout: 'Ring', connectorDefaults: { networkTTL: 3 } }, brokers, 1)

const mesh = (groups: number, replicas = 2) => networkOf({ layout: 'Mesh' }, groups, replicas)

/** Clients send to whoever takes their messages, for some rounds. */
const send = (harness: ClusterHarness): void => void (harness.world.producing = true)
const stop = (harness: ClusterHarness): void => void (harness.world.producing = false)
const crashActive = ({ world }: ClusterHarness, group: string): void => {
  const active = world.pods().find(({ metadata }) => isActiveOf(world, metadata.name, group))
  if (active) world.crash(active.metadata.name)
}
const isActiveOf = (world: ClusterHarness['world'], name: string, group: string): boolean =>
  name.startsWith(`orders-${group}-`) && world.broker(name)?.role === 'Active'
const nothing = (): void => {}
const putSecret =
  (change: Parameters<typeof databaseSecret>[0] = {}) =>
  ({ kube }: ClusterHarness): void =>
    void kube.put(databaseSecret(change))

const stories: Story[] = [
  { name: 'create a pair', to: sharedPair() },
  { name: 'create a single broker', to: single() },
  { name: 'scale up', from: sharedPair(), to: sharedPair({}, 4) },
  { name: 'scale down', from: sharedPair({}, 4), to: sharedPair({}, 2) },
  { name: 'roll a pair', from: sharedPair(), to: sharedPair({ broker: { memoryLimit: '40%' } }) },
  { name: 'roll a single broker', from: single(), to: { ...single(), broker: { memoryLimit: '40%' } } },
  { name: 'roll and scale down', from: sharedPair({}, 3), to: sharedPair({ broker: { memoryLimit: '40%' } }, 2) },
  { name: 'grow a volume', from: single('Volume', '1Gi'), to: single('Volume', '3Gi') },
  {
    name: 'fail over',
    from: sharedPair(),
    to: sharedPair(),
    and: ({ world }) => world.crash(world.activeOf('orders')!),
  },
  { name: 'create a pair on a database whose Secret comes late', to: databasePair(), during: [nothing, putSecret()] },
  {
    name: 'another way to the database of a pair, and its Secret away in between',
    from: databasePair(),
    to: databasePair(),
    and: putSecret({ url: 'jdbc:postgresql://other/orders' }),
    during: [
      nothing,
      nothing,
      ({ kube }) => kube.remove(databaseSecret()),
      putSecret({ url: 'jdbc:postgresql://other/orders' }),
    ],
  },
  { name: 'create members with a copy each', to: copiesByLease() },
  {
    name: 'roll members with a copy each',
    from: copiesByLease(),
    to: copiesByLease({ sync: 'RemoteDisk' }),
  },
  { name: 'create a mesh of single brokers', to: networkOf({ layout: 'Mesh' }, 3, 1) },
  // The way round is said, so that the TTL of all others stays the same.
  { name: 'a single broker joins a ring', from: ring(3), to: ring(4) },
  { name: 'a group leaves a mesh', from: mesh(3), to: mesh(2) },
  {
    name: 'two of five groups leave a mesh with messages',
    from: mesh(5, 1),
    to: mesh(3, 1),
    during: [send, nothing, stop],
  },
  {
    name: 'a group leaves while its active fails over, and the next one does not answer at first',
    from: mesh(3),
    to: mesh(2),
    during: [
      send,
      (harness) => crashActive(harness, 'g2'),
      ({ world }) => world.pods().forEach(({ metadata }) => world.drainRefusals.set(metadata.name, 'no answer')),
      nothing,
      nothing,
      ({ world }) => world.drainRefusals.clear(),
      stop,
      (harness) => crashActive(harness, 'g2'),
    ],
  },
  {
    name: 'a group leaves, comes back in the middle, and leaves again while its actives fail over',
    from: mesh(3),
    to: mesh(2),
    during: [
      send,
      nothing,
      (harness) => harness.apply(mesh(3)),
      (harness) => crashActive(harness, 'g2'),
      nothing,
      (harness) => harness.apply(mesh(2)),
      stop,
      (harness) => crashActive(harness, 'g2'),
    ],
  },
  { name: 'one more of three servers', from: threeServers(), to: threeServers(3) },
  { name: 'delete', from: sharedPair(), to: undefined },
]

const kinds = [
  'StatefulSet',
  'Service',
  'ConfigMap',
  'PersistentVolumeClaim',
  'PodDisruptionBudget',
  'Pod',
  'Secret',
  'Lease',
  'ServiceAccount',
  'Role',
  'RoleBinding',
]

/** What is there at the end, without what differs from run to run. */
function endState({ kube }: ClusterHarness): unknown {
  const volatile =
    /"(uid|resourceVersion|generation|lastTransitionTime|since|at|activeSince|podIP|observedGeneration|term)":("[^"]*"|\d+)/g
  return kinds
    .flatMap((kind) => kube.all(kind))
    .map((object) => {
      const { status: _, ...rest } = object
      const labels = { ...object.metadata.labels, 'flotilla.dev/role': 'any' }
      return JSON.parse(
        JSON.stringify({ ...rest, metadata: { ...object.metadata, labels } }).replaceAll(volatile, '"$1":0'),
      ) as object
    })
    .map((object) => JSON.stringify(object))
    .sort()
}

async function tell(
  story: Story,
  seed: number,
  crash: (write: Write, count: number, when: 'before' | 'after') => void,
) {
  const harness = new ClusterHarness(seed)
  if (story.from) {
    if (story.from.groupTemplate?.storage.type === 'JDBC') putSecret()(harness)
    harness.apply(story.from)
    await harness.run()
  }
  let count = 0
  let quiet = 0
  harness.kube.beforeWrite = (write) => {
    crash(write, ++count, 'before')
    expectEmpty(harness, write)
  }
  harness.kube.afterWrite = (write) => crash(write, count, 'after')
  if (story.to) harness.apply(story.to)
  else harness.kube.remove(harness.cluster as never)
  story.and?.(harness)
  for (let round = 0; round < 200; round++) {
    try {
      await harness.reconcile()
    } catch (error) {
      if (!(error instanceof Killed)) throw error
      harness.startOperator()
      quiet = -1
    }
    expectNoSecondOutage(harness, story)
    expectNothingLost(harness)
    story.during?.[round]?.(harness)
    // What only a pod that is gone has used, goes a pass later.
    quiet = !story.to || harness.isSettled() ? quiet + 1 : 0
    if (round > (story.during?.length ?? 3) && quiet > 1) return { harness, writes: count }
    harness.world.tick()
    harness.clock.advance(500)
  }
  throw new Error(`"${story.name}" did not come to an end: ${JSON.stringify(harness.cluster.status, null, 1)}`)
}

/** At no time are all members of a pair being stopped by the operator. */
function expectNoSecondOutage({ world }: ClusterHarness, story: Story): void {
  if (!story.to || !story.from || story.name.includes('single') || story.name.includes('volume')) return
  const living = world.pods().filter(({ metadata }) => metadata.deletionTimestamp === undefined)
  expect(living.length).toBeGreaterThan(0)
}

/** A group goes when it has no messages, and nobody is left in it who would take some. */
function expectEmpty({ world }: ClusterHarness, { verb, kind, name }: Write): void {
  if (verb !== 'delete' || kind !== 'StatefulSet') return
  expect(world.messages.get(name) ?? 0).toBe(0)
  expect(world.pods().filter(({ metadata }) => metadata.name.startsWith(`${name}-`)).length).toBeLessThanOrEqual(1)
}

function expectNothingLost({ kube, world }: ClusterHarness): void {
  const held = kube.all('StatefulSet').map(({ metadata }) => world.messages.get(metadata.name) ?? 0)
  expect(held.reduce((sum, count) => sum + count, 0)).toBe(world.sent)
}

test.each(stories)('killed around every single write: $name', async (story) => {
  const undisturbed = await tell(story, 1, () => {})
  const expected = endState(undisturbed.harness)
  for (let at = 1; at <= undisturbed.writes; at += story.during ? every : 1)
    for (const when of ['before', 'after'] as const) {
      const { harness } = await tell(story, 1, (_, count, now) => {
        if (count === at && now === when) throw new Killed(`killed ${when} write ${at}`)
      })
      expect(endState(harness)).toEqual(expected)
    }
})

test.each(stories)('killed at every second write, again and again: $name', async (story) => {
  for (const seed of story.during && every > 1 ? [1] : [1, 2, 3]) {
    const expected = endState((await tell(story, seed, () => {})).harness)
    const { harness } = await tell(story, seed, (_, count, now) => {
      if (now === 'after' && count % 2 === 0) throw new Killed('killed')
    })
    expect(endState(harness)).toEqual(expected)
  }
})
