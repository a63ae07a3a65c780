// Three members with copies, as processes, and what ActiveMQ's replicated store was to do when some of them are gone.
// FLOTILLA_TEST_ZOOKEEPER=1: elected by Debian's ZooKeeper.
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createConnectionFactory } from '../../../broker/client/index.ts'
import { activeAfter, settled, type BrokerMember } from '../../support/broker-process.ts'
import { sendTexts, textsAt } from '../../support/queue-texts.ts'
import { ReplicatedMembers, untilReplication, type ReplicatedMembersOptions } from '../../support/replicated-members.ts'
import { startTestZooKeeper, type TestZooKeeper } from '../../support/test-zookeeper.ts'

const cleanups: (() => unknown)[] = []
let zooKeeper: TestZooKeeper
beforeAll(async () => void (zooKeeper = await startTestZooKeeper()))
afterAll(() => zooKeeper.stop())
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

let groups = 0
async function start({
  store,
  ...options
}: Pick<ReplicatedMembersOptions, 'store' | 'ofMember'> = {}): Promise<ReplicatedMembers> {
  const directory = mkdtempSync(join(tmpdir(), 'flotilla-replicated-'))
  cleanups.push(() => rmSync(directory, { recursive: true, force: true }))
  const group = await ReplicatedMembers.start({
    directory,
    zkAddress: zooKeeper.address,
    store: { zkPath: `/members/${++groups}`, zkSessionTimeout: '3s', ...store },
    ...options,
  })
  cleanups.push(() => group.stop())
  return group
}

const termOf = async (member: BrokerMember): Promise<number> => (await member.role())!.term!

async function refusesClients({ url }: BrokerMember): Promise<void> {
  await expect(createConnectionFactory(url).createConnection()).rejects.toThrow(/ECONNREFUSED/)
}

test('a slave refuses clients, who find the active', async () => {
  const group = await start()
  const active = await group.inSync()
  const slaves = group.others(active)
  for (const slave of slaves) await refusesClients(slave)
  const urls = [...slaves, active].map(({ url }) => url)
  await sendTexts(`failover:(${urls.join(',')})?randomize=false`, 'one')
  expect(await textsAt(active.url)).toEqual(['one'])
})

/** More than what is sent to a member ahead of its answers, so that one that stands still cannot have it. */
const many = Array.from({ length: 24 }, (_, index) => `${index} ${'x'.repeat(2 ** 19)}`)
const windowBytes = 8 * 2 ** 20

test('the master dies, the slave with the newest state takes over, the old master returns as slave', async () => {
  // The one that will be behind is the heavier one.
  const group = await start({ ofMember: (index) => ({ store: { weight: index + 1 } }) })
  const active = await group.inSync()
  const term = await termOf(active)
  const [newest, behind] = group.others(active)
  behind!.kill('SIGSTOP')
  await sendTexts(active.url, ...many)
  await untilReplication(active, `${behind!.options.member} is behind`, ({ members = [] }) =>
    members.some(({ name, lagBytes }) => name === behind!.options.member && lagBytes > windowBytes / 2),
  )
  await active.stop('SIGKILL')
  behind!.kill('SIGCONT')
  expect(await activeAfter(group.others(active), term)).toBe(newest)
  expect(await textsAt(newest!.url)).toEqual(many)
  active.start()
  expect(await group.inSync()).toBe(newest)
  expect((await active.role())?.role).toBe('Standby')
  await refusesClients(active)
})

test('one of three is gone: service goes on, also for who comes back', async () => {
  const group = await start()
  const first = await group.inSync()
  const gone = group.others(first)[0]!
  await gone.stop('SIGKILL')
  await sendTexts(first.url, 'without a slave')
  gone.start()
  expect(await group.inSync()).toBe(first)
  const term = await termOf(first)
  await first.stop('SIGKILL')
  await sendTexts(group.failoverUrl, 'without the first master')
  const second = await activeAfter(group.others(first), term)
  expect(await textsAt(second.url)).toEqual(['without a slave', 'without the first master'])
})

test('both slaves are gone: the master serves no longer, and somebody does when one returns', async () => {
  const group = await start()
  const active = await group.inSync()
  const term = await termOf(active)
  await sendTexts(active.url, 'before')
  const client = await createConnectionFactory(active.url).createConnection()
  const cut = once(client, 'exception')
  const slaves = group.others(active)
  await Promise.all(slaves.map((slave) => slave.stop('SIGKILL')))
  await cut
  await untilReplication(active, 'has no quorum', ({ trouble }) => trouble?.kind === 'QuorumLost')
  await refusesClients(active)
  slaves[0]!.start()
  await activeAfter(group.members, term)
  await sendTexts(group.failoverUrl, 'after')
  expect(await textsAt(group.failoverUrl)).toEqual(['before', 'after'])
})

test('the master and a slave are gone: the other one does not serve, and somebody does when one returns', async () => {
  const group = await start()
  const active = await group.inSync()
  const term = await termOf(active)
  await sendTexts(active.url, 'before')
  const [gone, alone] = group.others(active)
  await Promise.all([active, gone!].map((member) => member.stop('SIGKILL')))
  await untilReplication(alone!, 'has no quorum', ({ trouble }) => trouble?.kind === 'QuorumLost')
  expect((await alone!.role())?.role).toBe('Standby')
  await refusesClients(alone!)
  gone!.start()
  const next = await activeAfter([gone!, alone!], term)
  expect(await textsAt(next.url)).toEqual(['before'])
})

test("ZooKeeper's quorum is gone: nobody serves until it is back", async () => {
  const group = await start()
  const active = await group.inSync()
  const term = await termOf(active)
  await sendTexts(active.url, 'before')
  const client = await createConnectionFactory(active.url).createConnection()
  const cut = once(client, 'exception')
  const bringBack = await zooKeeper.loseQuorum()
  try {
    await cut
    for (const member of group.members) {
      await untilReplication(member, 'says why', ({ trouble }) => trouble?.kind === 'ZooKeeperUnreachable')
      await member.waitForRole('Standby')
      await refusesClients(member)
    }
  } finally {
    await bringBack()
  }
  await activeAfter(group.members, term)
  const next = await settled(group.members)
  expect(await textsAt(next.url)).toEqual(['before'])
})

test('the whole cluster is restarted after local_disk: all data is there, also what only the master had', async () => {
  // Longer than members take to start: for so long the one that may have more is waited for.
  const group = await start({ store: { sync: 'local_disk', zkSessionTimeout: '10s' } })
  const active = await group.inSync()
  const slaves = group.others(active)
  await sendTexts(active.url, 'had by all')
  await Promise.all(slaves.map((slave) => slave.stop('SIGKILL')))
  await sendTexts(active.url, 'had by the master alone')
  await active.stop('SIGKILL')
  zooKeeper.forgetSessions()
  for (const member of group.members) member.start()
  const next = await group.inSync()
  expect(await textsAt(next.url)).toEqual(['had by all', 'had by the master alone'])
})
