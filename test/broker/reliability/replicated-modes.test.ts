// What each mode of `sync` waits for and what then survives, with processes that are killed: docs/replication.md says it in a table. What a
// loss of power takes is tried with simulated disks (test/reliability/replication-model).
// FLOTILLA_TEST_ZOOKEEPER=1: elected by Debian's ZooKeeper.
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sendTexts, textsAt } from '../../support/queue-texts.ts'
import { ReplicatedMembers, untilReplication } from '../../support/replicated-members.ts'
import { startTestZooKeeper, type TestZooKeeper } from '../../support/test-zookeeper.ts'

const cleanups: (() => unknown)[] = []
let zooKeeper: TestZooKeeper
beforeAll(async () => void (zooKeeper = await startTestZooKeeper()))
afterAll(() => zooKeeper.stop())
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function start(sync: string, zkSessionTimeout: string): Promise<ReplicatedMembers> {
  const directory = mkdtempSync(join(tmpdir(), 'flotilla-modes-'))
  cleanups.push(() => rmSync(directory, { recursive: true, force: true }))
  const store = { sync, zkSessionTimeout, zkPath: `/modes/${sync}` }
  const group = await ReplicatedMembers.start({ directory, zkAddress: zooKeeper.address, store })
  cleanups.push(() => group.stop())
  return group
}

const killAll = async ({ members }: ReplicatedMembers): Promise<void> => {
  await Promise.all(members.map((member) => member.stop('SIGKILL')))
  zooKeeper.forgetSessions()
}

test.each(['local_mem', 'local_disk'])(
  '%s waits for nobody: what others lack survives if the active is started again, and is cut off if it comes after them',
  async (sync) => {
    // For as long as this an active serves that hears of nobody.
    const group = await start(sync, '10s')
    const active = await group.inSync()
    const others = group.others(active)
    await Promise.all(others.map((member) => member.stop('SIGKILL')))
    await sendTexts(active.url, 'started again')
    await killAll(group)
    for (const member of [active, others[0]!]) member.start()
    expect(await group.inSync([active, others[0]!])).toBe(active)
    expect(await textsAt(active.url)).toEqual(['started again'])

    await others[0]!.stop('SIGKILL')
    await sendTexts(active.url, 'started too late')
    await killAll(group)
    for (const member of others) member.start()
    const next = await group.inSync(others)
    expect(await textsAt(next.url)).toEqual(['started again'])
    active.start()
    expect(await group.inSync()).toBe(next)
    expect(await textsAt(next.url)).toEqual(['started again'])
  },
)

test.each(['remote_mem', 'remote_disk', 'quorum_mem', 'quorum_disk'])(
  '%s waits for a quorum: nothing is answered without, and what is answered survives without the active, and when all are killed',
  async (sync) => {
    const group = await start(sync, '3s')
    const active = await group.inSync()
    const [dead, alive] = group.others(active)
    await dead!.stop('SIGKILL')
    await sendTexts(group.failoverUrl, 'had by two')
    alive!.kill('SIGSTOP')
    // Its connection ends when the active serves no longer, because it hears of nobody.
    await expect(sendTexts(active.url, 'had by one')).rejects.toThrow()
    await untilReplication(active, 'has no quorum', ({ trouble }) => trouble?.kind === 'QuorumLost')
    await active.stop('SIGKILL')
    alive!.kill('SIGCONT')
    dead!.start()
    expect(await group.inSync([dead!, alive!])).toBe(alive)
    const [first] = await textsAt(alive!.url)
    expect(first).toBe('had by two')

    await sendTexts(group.failoverUrl, 'answered by the next one')
    await killAll(group)
    for (const member of group.members) member.start()
    const next = await group.inSync()
    const texts = await textsAt(next.url)
    expect([texts[0], texts.at(-1)]).toEqual(['had by two', 'answered by the next one'])
  },
)
