// What the election by ZooKeeper does beyond the contract: names, places, sessions, what is published.
import { beforeEach, expect, test } from '@jest/globals'
import { ManualClock } from '../../../../../broker/base/manual-clock.ts'
import type { ZooKeeperElectorOptions } from '../../../../../broker/lock/election/zookeeper/zookeeper-elector.ts'
import { candidacyAt, Electorate, emptyCandidacy } from '../../../../contract/elector.ts'
import { MemoryZooKeeper } from '../../../../support/memory-zookeeper.ts'
import { ZooKeeperMembers } from '../../../../support/zookeeper-members.ts'

let zooKeeper: MemoryZooKeeper
let members: ZooKeeperMembers
let group: Electorate

/** Of the members that are made from here on. */
let options: Partial<ZooKeeperElectorOptions>

beforeEach(() => {
  const clock = new ManualClock()
  zooKeeper = new MemoryZooKeeper(clock)
  members = new ZooKeeperMembers(clock, zooKeeper)
  options = {}
  group = new Electorate({
    electorOf: (request) => members.electorOf(request, options),
    kill: (member) => members.clientOf(member).kill(),
    elapse: () => members.elapse(),
    dispose: () => {},
  })
})

const startAll = async (): Promise<void> => {
  for (const member of ['a', 'b', 'c']) await group.start(member, candidacyAt(100))
  await group.until(() => ['a', 'b', 'c'].every((member) => group.of(member).peers.length === 2))
}

/** All have seen that it serves. */
const serving = async (): Promise<string> => {
  const member = await group.proposed()
  group.serve(member)
  await group.until(() => ['a', 'b', 'c'].every((one) => group.of(one).elector.state.kind === 'Elected'))
  await group.elapse(10)
  return member
}

const nodeOf = (member: string): string =>
  [...zooKeeper.nodes.keys()].find((path) => /\/0\d+$/.test(path) && zooKeeper.json(path)['member'] === member)!

test('a name more than there are replicas is refused, with those that are there and what can be done', async () => {
  await startAll()
  await group.start('d', candidacyAt(100))
  await group.until(() => group.of('d').refusal !== undefined)
  expect(group.of('d').refusal?.message).toBe(
    'Cannot take part in the election at zkPath /default as member d: it has replicas: 3, and as many members are registered: a, b, c. Where one of them is gone for good, delete its node /default/members/<name>, then start this member again',
  )
})

test('a place that was made free is taken', async () => {
  await startAll()
  await group.leave('c', 'close')
  zooKeeper.delete('/default/members/c')
  await group.start('d', candidacyAt(100))
  await group.until(() => group.of('d').peers.length === 2)
  expect(group.of('d').refusal).toBeUndefined()
})

test('a member of another broker is refused', async () => {
  await group.start('a', candidacyAt(100))
  options = { brokerName: 'invoices' }
  await group.start('b', candidacyAt(100))
  await group.until(() => group.of('b').refusal !== undefined)
  expect(group.of('b').refusal?.message).toContain(
    'as a member of broker invoices: it is that of broker orders (member a is registered there). Give each broker a zkPath of its own',
  )
})

test('a member with other replicas is refused', async () => {
  await group.start('a', candidacyAt(100))
  options = { replicas: 5 }
  await group.start('b', candidacyAt(100))
  await group.until(() => group.of('b').refusal !== undefined)
  expect(group.of('b').refusal?.message).toContain('it has replicas: 5, and member a has replicas: 3')
})

test('who has not the password is refused, and told of it', async () => {
  zooKeeper.refuseWith = 'NO_AUTH'
  await group.start('a', candidacyAt(100))
  expect(group.of('a').refusal?.message).toContain('zkPassword')
})

test('of two processes with one name the later is refused, as soon as the first has answered that it lives', async () => {
  await group.start('a', candidacyAt(100))
  const first = group.of('a')
  const again = members.electorOf({ member: 'a', weight: 1 })
  const refusals: string[] = []
  again.candidacy(candidacyAt(100))
  again.start('elsewhere.example:61619', {
    peers() {},
    proposed() {},
    withdrawn() {},
    refused: ({ message }) => void refusals.push(message),
  })
  await group.until(() => refusals.length > 0)
  expect(refusals).toEqual([
    'Cannot take part in the election at zkPath /default as member a: another process, at a.example:61619, does so under that name. Give each member a name of its own',
  ])
  expect(first.refusal).toBeUndefined()
})

test('after a SIGKILL a member waits for its old session to end, says so, and takes part then', async () => {
  await startAll()
  await group.leave('c', 'kill')
  await group.start('c', candidacyAt(100))
  await group.elapse(10)
  expect(group.of('c').elector.state).toMatchObject({
    reason: expect.stringContaining('session of an earlier process'),
  })
  await group.until(() => group.of('c').peers.length === 2)
  expect(group.of('c').refusal).toBeUndefined()
})

test('the node of a process that is known to be over is removed at once', async () => {
  await startAll()
  const before = String(zooKeeper.json(nodeOf('c'))['instance'])
  await group.leave('c', 'kill')
  options = { former: () => before }
  await group.start('c', candidacyAt(100))
  await group.elapse(10)
  expect(group.of('c').peers).toHaveLength(2)
  expect(zooKeeper.json(nodeOf('c'))['instance']).not.toBe(before)
})

test('an active whose connection is lost serves on until its session could have ended', async () => {
  await startAll()
  const active = await serving()
  members.clientOf(active).suspend()
  await group.elapse(100)
  expect(group.withdrawn).toEqual([])
  expect(group.of(active).elector.state).toEqual({ kind: 'Connecting', reason: 'Cannot connect to ZooKeeper' })
  await group.until(() => group.withdrawn.length > 0)
  expect(group.withdrawn[0]).toMatchObject({
    member: active,
    reason: 'its session with ZooKeeper was without a connection for 4000 ms',
  })
})

test('a connection that comes back in time changes nothing', async () => {
  await startAll()
  const active = await serving()
  members.clientOf(active).suspend()
  await group.elapse(100)
  members.clientOf(active).resume()
  await group.elapse(200)
  expect(group.withdrawn).toEqual([])
  expect(group.terms).toHaveLength(1)
})

test('an active whose session has expired is told at once, and takes part again by itself', async () => {
  await startAll()
  const active = await serving()
  const before = nodeOf(active)
  members.clientOf(active).expire()
  expect(group.withdrawn).toMatchObject([{ member: active, reason: 'its session with ZooKeeper has expired' }])
  await group.until(() => group.terms.length === 2)
  await group.elapse(10)
  expect(nodeOf(active)).not.toBe(before)
})

test('a member whose node was removed makes it anew', async () => {
  await startAll()
  await serving()
  const before = nodeOf('c')
  zooKeeper.delete(before)
  await group.until(() => nodeOf('c') !== undefined && nodeOf('c') !== before)
  expect(group.terms).toHaveLength(1)
})

test('when all that ZooKeeper had is lost, terms go on from what was promised, and nobody founds anew', async () => {
  await startAll()
  const active = await serving()
  for (const one of ['a', 'b', 'c']) group.tell(one, { promised: 77 })
  await group.elapse(10)
  for (const path of zooKeeper.nodes.keys()) if (path !== '/') zooKeeper.delete(path)
  for (const one of ['a', 'b', 'c']) if (one !== active) group.tell(one, { active: null })
  await group.until(() => group.terms.length === 2)
  expect(group.terms[1]).toBeGreaterThan(77)
})

test('an active that a quorum hears no longer is replaced before its session ends, also when it elects itself', async () => {
  await startAll()
  const active = await serving()
  expect(active).toBe('a')
  for (const one of ['b', 'c']) group.tell(one, { active: null })
  await group.elapse(30)
  expect(group.withdrawn).toMatchObject([{ member: 'a', reason: 'b was elected to term 3' }])
})

test('one that does not hear the active is no reason', async () => {
  await startAll()
  await serving()
  group.tell('b', { active: null })
  await group.elapse(100)
  expect(group.terms).toHaveLength(1)
})

test('a served group has told so before the first client is answered', async () => {
  for (const member of ['a', 'b', 'c']) await group.start(member, emptyCandidacy)
  const member = await group.proposed()
  const { elector, proposal } = group.of(member)
  await group.settled(elector.served(proposal!.term))
  expect(zooKeeper.nodes.has('/default/founded')).toBe(true)
})

test('who is told to serve what is over has nothing to wait for', async () => {
  await startAll()
  const member = await group.proposed()
  const { elector, proposal } = group.of(member)
  members.clientOf(member).expire()
  await expect(elector.served(proposal!.term)).rejects.toThrow('its election holds no longer')
})

test('positions that move are written now and then, and not at all while an active is followed', async () => {
  await group.start('a', candidacyAt(100))
  await group.elapse(10)
  const written = (): number => zooKeeper.written.filter((path) => path === nodeOf('a')).length
  const before = written()
  for (let offset = 101; offset < 141; offset++) {
    group.tell('a', { position: { term: 1, segment: 1, offset } })
    await group.elapse(1)
  }
  // 40 changes within one second.
  expect(written() - before).toBeGreaterThanOrEqual(9)
  expect(written() - before).toBeLessThanOrEqual(11)
  await group.start('b', candidacyAt(90))
  await group.start('c', candidacyAt(90))
  const active = await serving()
  const quiet = zooKeeper.written.length
  const [follower] = ['a', 'b', 'c'].filter((one) => one !== active)
  for (let offset = 200; offset < 240; offset++) {
    group.tell(follower!, { position: { term: 2, segment: 2, offset } })
    await group.elapse(1)
  }
  expect(zooKeeper.written.length).toBe(quiet)
})

test('after a start of all members the last one is waited for, after a takeover nobody is', async () => {
  await group.start('a', candidacyAt(100))
  await group.start('b', candidacyAt(100))
  await group.elapse(100)
  expect(group.of('b').elector.state).toMatchObject({ reason: expect.stringContaining('the rest is waited for') })
  expect(group.terms).toEqual([])
  await group.start('c', candidacyAt(200))
  expect(await serving()).toBe('c')
  await group.leave('c', 'close')
  await group.elapse(10)
  expect(group.terms).toHaveLength(2)
})

test('what others write below the path is none of its business', async () => {
  await group.start('a', candidacyAt(100))
  for (const text of ['', 'no JSON', '{"id":"orders","address":null,"position":-1}', `"${'x'.repeat(9000)}"`])
    zooKeeper.create('/default/0', Buffer.from(text), 0n, true)
  await group.start('b', candidacyAt(90))
  expect(await group.proposed()).toBe('a')
})
