// The driver of a member: what it does beside the core's decisions.
import { afterEach, expect, test } from '@jest/globals'
import { systemClock, type Clock } from '../../../broker/base/clock.ts'
import { silentLogger } from '../../../broker/base/logger.ts'
import { seededRandom } from '../../../broker/base/random.ts'
import type { Disk } from '../../../broker/disk/disk.ts'
import { segmentFileName } from '../../../broker/journal/format.ts'
import { withFile } from '../../../broker/journal/segment-table.ts'
import { replicationLimits } from '../../../broker/replication/limits.ts'
import { MemberJournal } from '../../../broker/replication/member-journal.ts'
import type { SyncMode } from '../../../broker/replication/sync-mode.ts'
import { ReplicatedGroup } from '../../support/replicated-group.ts'
import { SimulatedDisk } from '../../support/simulated-disk.ts'
import { contentOf, durable, message } from '../../support/store-content.ts'

const groups: ReplicatedGroup[] = []
afterEach(async () => {
  for (const group of groups.splice(0)) await group.close()
})

interface Started {
  readonly group: ReplicatedGroup
  readonly disks: ReadonlyMap<string, SimulatedDisk>
}

async function startGroup(mode: SyncMode, clock?: Clock): Promise<Started> {
  const disks = new Map(['a', 'b', 'c'].map((name) => [name, new SimulatedDisk()]))
  for (const disk of disks.values()) {
    await disk.makeDirectory('/data')
    await disk.syncDirectory('/')
  }
  const group = new ReplicatedGroup({ disks, mode, ...(clock && { clock }) })
  groups.push(group)
  await group.start()
  return { group, disks }
}

const inSync = ({ group }: Started, member: string): Promise<void> =>
  group.until(() => group.replicator(member).status.inSync)

for (const mode of ['local_mem', 'local_disk'] as const) {
  test(`with ${mode} it answers whatever others' disks do`, async () => {
    const { group, disks } = await startGroup(mode)
    const { store } = await group.serve('a')
    for (const name of ['b', 'c']) disks.get(name)!.freeze()
    store.add(message('first'), 1)
    await durable(store)
    expect(await contentOf(store)).toEqual(['1:first'])
    for (const name of ['b', 'c']) disks.get(name)!.thaw()
    await store.close()
  })

  test(`with ${mode}, too, it opens its store only when a quorum is heard of`, async () => {
    const { group } = await startGroup(mode)
    const opening = group.serve('a')
    // Between its election and its first segment.
    await group.until(() => group.replicator('a').status.role === 'Elected')
    group.hub.cutOff('a')
    await expect(opening).rejects.toThrow('too few members were heard of for too long')
  })

  test(`with ${mode} an orderly end leaves the others everything`, async () => {
    const started = await startGroup(mode)
    const { group, disks } = started
    const { store } = await group.serve('a')
    for (const name of ['b', 'c']) await inSync(started, name)
    for (const name of ['b', 'c']) disks.get(name)!.freeze()
    store.add(message('first'), 1)
    await durable(store)
    await store.close()
    const handedOver = group.replicator('a').handOver()
    for (const name of ['b', 'c']) disks.get(name)!.thaw()
    await handedOver
    await group.stop('a')
    const next = await group.serve('c')
    expect(await contentOf(next.store)).toEqual(['1:first'])
    await next.store.close()
  })
}

test('an orderly end waits for a member that takes nothing only for a moment', async () => {
  const started = await startGroup('local_disk')
  const { group, disks } = started
  const { store } = await group.serve('a')
  await inSync(started, 'b')
  disks.get('b')!.freeze()
  store.add(message('first'), 1)
  await durable(store)
  await store.close()
  await group.replicator('a').handOver()
  expect(group.replicator('a').status.members.find(({ member }) => member === 'b')?.lagBytes).toBeGreaterThan(0)
  disks.get('b')!.thaw()
})

test('who asks how far the others are does not wait for one that is gone', async () => {
  const patient: Clock = {
    ...systemClock,
    after: (delayMs, callback) =>
      delayMs === replicationLimits.answerMs ? { cancel: () => {} } : systemClock.after(delayMs, callback),
  }
  const started = await startGroup('quorum_disk', patient)
  const { group } = started
  const { store } = await group.serve('a')
  for (const name of ['b', 'c']) await inSync(started, name)
  await store.close()
  await group.stop('a')
  // What is asked before and after its connection is found to be gone.
  expect([...(await group.replicator('b').positions()).keys()]).toEqual(['c'])
  expect([...(await group.replicator('b').positions()).keys()]).toEqual(['c'])
})

test('a member whose disk is full can be stopped', async () => {
  const { group, disks } = await startGroup('quorum_disk')
  const { store } = await group.serve('a')
  const full = Promise.withResolvers<void>()
  disks.get('b')!.fail = (operation) => {
    if (operation !== 'writeDurably') return undefined
    full.resolve()
    return 'ENOSPC'
  }
  store.add(message('first'), 1)
  await durable(store)
  await full.promise
  await group.stop('b')
  await store.close()
  expect(group.replicator('a').status.role).toBe('Active')
})

test('a member that lost its promise counts again once it is in sync and the others know of nothing newer', async () => {
  const started = await startGroup('quorum_disk')
  const { group, disks } = started
  const { store } = await group.serve('a')
  store.add(message('first'), 1)
  await durable(store)
  await inSync(started, 'b')
  await group.stop('b')
  await disks.get('b')!.remove(`${directory}/promise`)
  await group.start('b')
  expect(group.replicator('b').status).toMatchObject({ promised: 1, isVoter: false })
  await group.until(() => group.replicator('b').status.isVoter)
  await store.close()
})

const directory = '/data/journal'

const bytesOf = (disk: Disk, segment: number): Promise<Buffer> =>
  withFile(disk, `${directory}/term-0000000001/${segmentFileName(segment)}`, (file) => file.read(0, 100_000))

test('an active that does not sync has no holes when its power was lost', async () => {
  for (let seed = 1; seed <= 10; seed++) {
    const { group, disks } = await startGroup('quorum_mem')
    const { store } = await group.serve('a')
    for (let sequence = 1; sequence <= 20; sequence++) {
      store.add(message('x'.repeat(500)), sequence)
      await durable(store)
    }
    const before = disks.get('a')!
    const written = await Promise.all([1, 2, 3].map((segment) => bytesOf(before, segment)))
    const disk = before.copy(seededRandom(seed))
    const setup = { disk, directory, maxFileLength: 4096, clock: systemClock, logger: silentLogger }
    const { segments } = await new MemberJournal(setup).open()
    for (const { number, length } of segments.filter((segment) => segment.number <= written.length))
      expect((await bytesOf(disk, number)).equals(written[number - 1]!.subarray(0, length))).toBe(true)
    expect(segments.length).toBeGreaterThan(0)
  }
})
