// Members that are configured so that they cannot be of one group, as processes: what people read, and that the others go on.
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BrokerMember } from '../../support/broker-process.ts'
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
/** None is started. */
async function prepare(ofLast: ReturnType<NonNullable<ReplicatedMembersOptions['ofMember']>>): Promise<{
  group: ReplicatedMembers
  right: BrokerMember[]
  wrong: BrokerMember
}> {
  const directory = mkdtempSync(join(tmpdir(), 'flotilla-refusals-'))
  cleanups.push(() => rmSync(directory, { recursive: true, force: true }))
  const group = await ReplicatedMembers.prepare({
    directory,
    zkAddress: zooKeeper.address,
    store: { zkPath: `/refusals/${++groups}`, zkSessionTimeout: '2s' },
    ofMember: (index) => (index === 2 ? ofLast : {}),
  })
  cleanups.push(() => group.stop())
  const wrong = group.members[2]!
  return { group, right: group.others(wrong), wrong }
}

/** What it has said when it has ended. */
async function endOf(member: BrokerMember): Promise<{ code: number | null; said: string }> {
  const code = await member.exited
  return { code, said: member.log.join('') }
}

test('an even number of replicas: the file is refused', async () => {
  const { wrong } = await prepare({ store: { replicas: 4 } })
  const { code, said } = await endOf(wrong.start())
  expect(code).toBe(2)
  expect(said).toMatch(/store\.replicas.*odd number/)
  expect(said).toMatch(/\b4\b/)
})

test('another number of replicas than the others: it ends and says both', async () => {
  const { group, right, wrong } = await prepare({ store: { replicas: 5 } })
  for (const member of right) member.start()
  await group.inSync(right)
  const { code, said } = await endOf(wrong.start())
  expect(code).toBe(1)
  expect(said).toMatch(
    /as member member-2: it has replicas: 5, and member member-[01] has replicas: 3\. All members need the same/,
  )
  await sendTexts(`failover:(${right.map(({ url }) => url).join(',')})`, 'goes on')
})

test('the name of another member: it ends and says where that is, and the other one goes on', async () => {
  const { group, right, wrong } = await prepare({ member: 'member-0' })
  for (const member of right) member.start()
  const active = await group.inSync(right)
  const { code, said } = await endOf(wrong.start())
  expect(code).toBe(1)
  const { bind } = right[0]!.options.config!.store as { bind: string }
  const address = bind.slice('tcp://'.length)
  expect(said).toContain(
    `as member member-0: another process, at ${address}, does so under that name. Give each member a name of its own`,
  )
  await sendTexts(active.url, 'goes on')
})

test('another security token: both sides say so without saying it, the others go on, and it is let in with the right one', async () => {
  const { group, right, wrong } = await prepare({ store: { securityToken: 'mistyped' } })
  for (const member of right) member.start()
  const active = await group.inSync(right)
  wrong.start()
  const reason = 'its securityToken is not the one of this member: all members need the same'
  await Promise.all([...right, wrong].map((member) => member.hasLogged(reason)))
  await sendTexts(active.url, 'goes on')
  expect((await untilReplication(wrong, 'is there', () => true)).inSync).toBe(false)
  for (const { log } of group.members) expect(log.join('')).not.toMatch(/mistyped|of the test/)
  await wrong.stop()
  Object.assign(wrong.options.config!.store!, { securityToken: 'of the test' })
  wrong.start()
  expect(await group.inSync()).toBe(active)
  expect(await textsAt(active.url)).toEqual(['goes on'])
})
