// Members that wait for the lock of a replicated store, elected through the small ZooKeeper of the tests.
import { afterEach, expect, test } from '@jest/globals'
import { systemClock } from '../../../../broker/base/clock.ts'
import { silentLogger } from '../../../../broker/base/logger.ts'
import { seededRandom } from '../../../../broker/base/random.ts'
import { ElectionLock } from '../../../../broker/lock/election/election-lock.ts'
import { parseZooKeeperAddress } from '../../../../broker/lock/election/zookeeper/address.ts'
import { SocketZooKeeperClient } from '../../../../broker/lock/election/zookeeper/socket-zookeeper-client.ts'
import { ZooKeeperElector } from '../../../../broker/lock/election/zookeeper/zookeeper-elector.ts'
import type { LockHandle } from '../../../../broker/lock/lock.ts'
import { Replicator } from '../../../../broker/replication/replicator.ts'
import { syncDemands } from '../../../../broker/replication/sync-mode.ts'
import { JournalStore } from '../../../../broker/store/journal/journal-store.ts'
import { MemoryHub } from '../../../support/memory-transport.ts'
import { SimulatedDisk } from '../../../support/simulated-disk.ts'
import { ZooKeeperServers } from '../../../support/zookeeper-server.ts'

const directory = '/data/journal'
const sessionTimeoutMs = 1000
const ends: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

interface Contender {
  readonly name: string
  readonly lock: ElectionLock
  readonly replicator: Replicator
  readonly disk: SimulatedDisk
  readonly gaveUp: AbortController
}

async function startServers(): Promise<ZooKeeperServers> {
  const servers = await ZooKeeperServers.start()
  ends.push(() => servers.close())
  return servers
}

let seed = 0

function contender(
  name: string,
  servers: ZooKeeperServers,
  hub: MemoryHub,
  options: { replicas?: number; brokerName?: string; claimData?: () => Promise<() => void> } = {},
): Contender {
  const { replicas = 3, brokerName = 'orders', claimData } = options
  const disk = new SimulatedDisk()
  const [clock, logger] = [systemClock, silentLogger]
  const replicator = new Replicator({
    member: name,
    replicas,
    demands: syncDemands(['quorum_disk']),
    disk,
    directory,
    maxFileLength: 64 * 1024,
    transport: hub.transport(name),
    contactMs: sessionTimeoutMs,
    clock,
    logger,
  })
  const address = parseZooKeeperAddress(servers.address)!
  const random = seededRandom(++seed)
  const client = new SocketZooKeeperClient({ address, sessionTimeoutMs, clock, random })
  const elector = new ZooKeeperElector({
    client,
    path: '/flotilla/orders',
    brokerName,
    member: name,
    instance: `${name}-${seed}`,
    weight: 1,
    replicas,
    clock,
    logger,
  })
  const lock = new ElectionLock({
    kind: 'ZooKeeper',
    member: name,
    brokerName,
    replicator,
    elector,
    logger,
    troubleAfterMs: 300,
    ...(claimData && { claimData }),
  })
  const gaveUp = new AbortController()
  ends.push(async () => gaveUp.abort(new Error('the test is over')))
  return { name, lock, replicator, disk, gaveUp }
}

/** The first of them that has the lock, with its store open: only then the others follow it. */
async function first(contenders: readonly Contender[]): Promise<{ holder: Contender; handle: LockHandle }> {
  const acquiring = contenders.map(async (holder) => ({
    holder,
    handle: await holder.lock.acquire(holder.gaveUp.signal),
  }))
  for (const waiting of acquiring) waiting.catch(() => {})
  return serve(await Promise.race(acquiring))
}

async function serve(won: { holder: Contender; handle: LockHandle }): Promise<typeof won> {
  const { holder, handle } = won
  const store = new JournalStore({
    disk: holder.disk,
    directory,
    clock: systemClock,
    random: seededRandom(++seed),
    logger: silentLogger,
    maxFileLength: 64 * 1024,
    tap: holder.replicator.tap,
    confirmation: holder.lock.confirmation,
  })
  await store.open(handle)
  ends.push(async () => {
    await store.close()
    await handle.release()
  })
  return won
}

test('one of the members gets it, and the others know whom they wait for', async () => {
  const [servers, hub] = [await startServers(), new MemoryHub()]
  const contenders = ['a', 'b', 'c'].map((name) => contender(name, servers, hub))
  const { holder, handle } = await first(contenders)
  expect(handle.term).toBe(1)
  expect(() => handle.verify()).not.toThrow()
  expect(await holder.lock.holder()).toEqual({ brokerName: 'orders', member: holder.name, term: 1 })
})

test('when ZooKeeper is gone for the time of a session, the lock is lost', async () => {
  const [servers, hub] = [await startServers(), new MemoryHub()]
  const { holder, handle } = await first(['a', 'b', 'c'].map((name) => contender(name, servers, hub)))
  for (const server of [0, 1, 2]) await servers.killServer(server)
  while (holder.lock.trouble === undefined) await new Promise((resolve) => setImmediate(resolve))
  expect(holder.lock.trouble).toMatchObject({ kind: 'Connecting' })
  expect((await handle.lost).message).toContain('its session with ZooKeeper was without a connection for 1000 ms')
  expect(holder.lock.obstacle).toMatchObject({ kind: 'Trouble' })
})

test('a session that has expired is the end of its election', async () => {
  const [servers, hub] = [await startServers(), new MemoryHub()]
  const { handle } = await first(['a', 'b', 'c'].map((name) => contender(name, servers, hub)))
  servers.expireAll()
  expect((await handle.lost).message).toMatch(/its session with ZooKeeper has expired|was proposed|has promised term/)
})

test('when ZooKeeper has lost everything, the members that wait elect one of them by themselves', async () => {
  const [servers, hub] = [await startServers(), new MemoryHub()]
  const contenders = ['a', 'b', 'c'].map((name) => contender(name, servers, hub))
  const acquiring = new Map(contenders.map((each) => [each, each.lock.acquire(each.gaveUp.signal)]))
  for (const waiting of acquiring.values()) waiting.catch(() => {})
  const race = [...acquiring].map(async ([holder, handle]) => ({ holder, handle: await handle }))
  const { holder, handle } = await serve(await Promise.race(race))
  servers.wipe()
  await handle.lost
  const waiting = [...acquiring].filter(([each]) => each !== holder).map(([, acquired]) => acquired)
  const next = await Promise.race(waiting)
  ends.push(() => next.release())
  expect(next.term).toBeGreaterThan(handle.term)
}, 20_000)

test('one more than there should be is refused, and told what to do', async () => {
  const [servers, hub] = [await startServers(), new MemoryHub()]
  await first(['a', 'b', 'c'].map((name) => contender(name, servers, hub)))
  const fourth = contender('d', servers, hub)
  await expect(fourth.lock.acquire(fourth.gaveUp.signal)).rejects.toThrow(
    'it has replicas: 3, and as many members are registered: a, b, c. Where one of them is gone for good, delete its node /flotilla/orders/members/<name>',
  )
})

test('another broker at the same place in ZooKeeper is refused', async () => {
  const [servers, hub] = [await startServers(), new MemoryHub()]
  await first(['a', 'b', 'c'].map((name) => contender(name, servers, hub)))
  const other = contender('x', servers, hub, { brokerName: 'invoices' })
  await expect(other.lock.acquire(other.gaveUp.signal)).rejects.toThrow(
    'Cannot take part in the election at zkPath /flotilla/orders as a member of broker invoices: it is that of broker orders',
  )
})

test('whoever gives up while its data directory is being claimed is told so, and nobody else', async () => {
  const [servers, hub] = [await startServers(), new MemoryHub()]
  const claim = Promise.withResolvers<() => void>()
  const { lock, gaveUp } = contender('a', servers, hub, { claimData: () => claim.promise })
  const acquiring = lock.acquire(gaveUp.signal)
  gaveUp.abort(new Error('it was stopped'))
  // By then Node has ended processes with rejections that nobody hears of.
  await new Promise((resolve) => setImmediate(resolve))
  let isFree = false
  claim.resolve(() => (isFree = true))
  await expect(acquiring).rejects.toThrow('it was stopped')
  expect(isFree).toBe(true)
})
