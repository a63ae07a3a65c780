// The election as a lock. Whose the storage is, and who is one too many, an elector says (its own contract): here there is one in memory.
import { expect, test } from '@jest/globals'
import { systemClock } from '../../../../broker/base/clock.ts'
import { silentLogger } from '../../../../broker/base/logger.ts'
import { ElectionLock } from '../../../../broker/lock/election/election-lock.ts'
import { Replicator } from '../../../../broker/replication/replicator.ts'
import { syncDemands } from '../../../../broker/replication/sync-mode.ts'
import { lockContract, type LockSetting } from '../../../contract/lock.ts'
import { MemoryElection } from '../../../support/memory-elector.ts'
import { MemoryHub } from '../../../support/memory-transport.ts'
import { SimulatedDisk } from '../../../support/simulated-disk.ts'

const others = ['x', 'y'].map((member) => ({ member, address: `${member}:0` }))

interface ElectionSetting extends LockSetting {
  readonly election: MemoryElection
  lockOf(member: string): ElectionLock
  /** Members whose data this process has. */
  readonly claimed: ReadonlySet<string>
}

/** Two members that are there all the time, and one more, which wants to be active. */
function elections(): ElectionSetting {
  const hub = new MemoryHub()
  const election = new MemoryElection(others)
  const disks = new Map<string, SimulatedDisk>()
  const claimed = new Set<string>()
  const replicatorOf = (member: string): Replicator => {
    const disk = disks.get(member) ?? new SimulatedDisk()
    disks.set(member, disk)
    return new Replicator({
      member,
      replicas: 3,
      demands: syncDemands(['quorum_disk']),
      disk,
      directory: '/data/journal',
      maxFileLength: 64 * 1024,
      transport: hub.transport(member),
      contactMs: 2000,
      clock: systemClock,
      logger: silentLogger,
    })
  }
  const there = others.map(({ member }) => replicatorOf(member))
  for (const replicator of there) void replicator.open(() => {})
  return {
    election,
    claimed,
    lockOf: (member) =>
      new ElectionLock({
        kind: 'ZooKeeper',
        member,
        brokerName: 'orders',
        replicator: replicatorOf(member),
        elector: election.elector(member),
        logger: silentLogger,
        troubleAfterMs: 0,
        async claimData() {
          if (claimed.has(member)) throw new Error('another process has it')
          claimed.add(member)
          return () => claimed.delete(member)
        },
      }),
    async dispose() {
      for (const replicator of there) await replicator.close()
    },
  }
}

lockContract('ElectionLock', elections)

const never = new AbortController().signal

test('whoever waits is told whom for, and has it when that one lets go', async () => {
  const setting = elections()
  const first = await setting.lockOf('a').acquire(never)
  const lock = setting.lockOf('b')
  const waiting = lock.acquire(never)
  while (lock.obstacle.kind !== 'Held') await new Promise((resolve) => setImmediate(resolve))
  expect(await lock.holder()).toEqual({ brokerName: 'orders', member: 'a', term: first.term })
  await first.release()
  const second = await waiting
  expect(second.term).toBeGreaterThan(first.term)
  await second.release()
  await setting.dispose()
})

test('what the election takes back is lost, for that reason', async () => {
  const setting = elections()
  const handle = await setting.lockOf('a').acquire(never)
  setting.election.takeBack('its session has expired')
  const reason = await handle.lost
  expect(reason.message).toContain('its session has expired')
  expect(() => handle.verify()).toThrow(reason)
  await handle.release()
  await setting.dispose()
})

test('of two processes with the data of one member the second is refused, and harms nobody', async () => {
  const setting = elections()
  const handle = await setting.lockOf('a').acquire(never)
  await expect(setting.lockOf('a').acquire(never)).rejects.toThrow('another process has it')
  expect(() => handle.verify()).not.toThrow()
  expect([...setting.claimed]).toEqual(['a'])
  await handle.release()
  expect([...setting.claimed]).toEqual([])
  await setting.dispose()
})
