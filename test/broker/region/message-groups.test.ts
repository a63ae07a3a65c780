// Groups of messages, seen through the region: transactions, ways of acknowledging, wildcards, selectors, failover.
import { expect, test } from '@jest/globals'
import { defaultDispatchPolicy, type DispatchPolicy } from '../../../broker/destination/queue/dispatch-policy.ts'
import { RegionHarness, type TestClient, type TestConsumer } from './region-harness.ts'

async function start(options: Parameters<typeof RegionHarness.start>[0] = {}) {
  const harness = await RegionHarness.start(options)
  return { harness, sender: harness.connect(), client: harness.connect() }
}

/** They are numbered from 1 on. */
const send = (sender: TestClient, destination: string, groups: readonly string[], persistent = true): void => {
  for (const groupId of groups) sender.send(destination, { groupId, persistent })
}

/** Numbers of those messages that began their group for the one who got them. */
const firsts = ({ deliveries }: TestConsumer): number[] =>
  deliveries
    .filter(({ message }) => message.groupFirstForConsumer)
    .map(({ message: { producerSequenceId } }) => producerSequenceId)

test.each([
  [true, true],
  [true, false],
  [false, false],
])('a group stays with one consumer: persistent %s, dispatched before the sync %s', async (persistent, early) => {
  const { harness, sender, client } = await start({ concurrentStoreAndDispatchQueues: early })
  const consumers = [client.consume('queue://Q'), client.consume('queue://Q')]
  send(sender, 'queue://Q', ['a', 'b', 'a', 'a', 'b'], persistent)
  await harness.settle()
  expect(consumers.map(({ received }) => received)).toEqual([
    [1, 3, 4],
    [2, 5],
  ])
  expect(consumers.map(firsts)).toEqual([[1], [2]])
  expect([...harness.region.unsupportedUses()]).toEqual([])
})

test('an individual acknowledgement makes room for the group like any other', async () => {
  const { harness, sender, client } = await start()
  const owner = client.consume('queue://Q', { prefetchSize: 2 })
  send(sender, 'queue://Q', ['a', 'a', 'a', 'b'])
  await harness.settle()
  const other = client.consume('queue://Q')
  expect([owner.received, other.received]).toEqual([[1, 2], [4]])
  owner.acknowledge('individual', null, 1, { messageCount: 1 })
  expect([owner.received, other.received]).toEqual([[1, 2, 3], [4]])
})

test('what a transaction took of a group stays in flight until its end; then the next consumer goes on', async () => {
  const { harness, sender, client } = await start()
  const owner = client.consume('queue://Q', { prefetchSize: 2 })
  send(sender, 'queue://Q', ['a', 'a', 'a', 'b'])
  await harness.settle()
  const other = harness.connect().consume('queue://Q')
  client.connection.begin('TX:1')
  owner.acknowledge('standard', null, 0, { transactionId: 'TX:1' })
  owner.close()
  expect(other.received).toEqual([4])
  client.connection.commit('TX:1', () => {})
  await harness.settle()
  expect(other.received).toEqual([4, 2, 3])
  expect(firsts(other)).toEqual([4, 2])
})

test('what a transaction took comes back before the others of its group when it is rolled back', async () => {
  const { harness, sender, client } = await start()
  const owner = client.consume('queue://Q', { prefetchSize: 2 })
  send(sender, 'queue://Q', ['a', 'a', 'a', 'a'])
  await harness.settle()
  const others = [harness.connect(), harness.connect()].map((connection) => connection.consume('queue://Q'))
  client.connection.begin('TX:1')
  owner.acknowledge('standard', null, 1, { transactionId: 'TX:1' })
  owner.close()
  expect(others.map(({ received }) => received)).toEqual([[], []])
  client.connection.rollback('TX:1', () => {})
  expect(others.map(({ received }) => received)).toEqual([[1, 2, 3, 4], []])
  expect(others[0]!.deliveries.map(({ redeliveryCounter }) => redeliveryCounter)).toEqual([1, 1, 0, 0])
})

test('a connection that breaks gives its groups to those who are left, in order', async () => {
  const { harness, sender, client } = await start()
  const owner = client.consume('queue://Q', { prefetchSize: 3 })
  client.consume('queue://Q', { prefetchSize: 3 })
  send(sender, 'queue://Q', ['a', 'b', 'a', 'b', 'a', 'a', 'b'])
  await harness.settle()
  expect(owner.received).toEqual([1, 3, 5])
  const others = [harness.connect().consume('queue://Q'), harness.connect().consume('queue://Q')]
  client.connection.close()
  expect(others.map(({ received }) => received)).toEqual([
    [1, 3, 5, 6],
    [2, 4, 7],
  ])
})

test('rolled back by its client, it stays with its consumer', async () => {
  const { harness, sender, client } = await start()
  const owner = client.consume('queue://Q')
  const other = client.consume('queue://Q')
  send(sender, 'queue://Q', ['a', 'a'])
  await harness.settle()
  client.connection.begin('TX:1')
  owner.acknowledge('standard', null, 1, { transactionId: 'TX:1' })
  client.connection.rollback('TX:1', () => {})
  send(sender, 'queue://Q', ['a'])
  await harness.settle()
  expect([owner.received, other.received]).toEqual([[1, 2, 3], []])
})

test('a dead letter of a group is of the group in its queue, and the group goes on', async () => {
  const { harness, sender, client } = await start()
  const consumer = client.consume('queue://Q', { prefetchSize: 1 })
  send(sender, 'queue://Q', ['a', 'a'])
  await harness.settle()
  consumer.acknowledge('poison', 0, 0)
  await harness.settle()
  expect(consumer.received).toEqual([1, 2])
  const letters = client.consume('queue://ActiveMQ.DLQ')
  await harness.settle()
  expect([letters.received, firsts(letters)]).toEqual([[1], [1]])
})

test('one consumer of several queues owns groups in each of them by itself', async () => {
  const { harness, sender, client } = await start()
  const all = client.consume('queue://Q.*')
  const both = client.consume('queue://Q.A,Q.B')
  const one = client.consume('queue://Q.B')
  send(sender, 'queue://Q.B', ['a', 'b', 'c'])
  send(sender, 'queue://Q.A', ['a', 'b', 'c'])
  await harness.settle()
  const of = ({ deliveries }: TestConsumer) =>
    deliveries.map(({ destination: { name }, message: { groupId } }) => `${name} ${String(groupId)}`)
  const got = [of(all), of(both), of(one)]
  expect(got.flat().toSorted()).toEqual(['Q.A a', 'Q.A b', 'Q.A c', 'Q.B a', 'Q.B b', 'Q.B c'])
  expect(got[2]).toHaveLength(1)
  send(sender, 'queue://Q.B', ['c', 'b', 'a'])
  await harness.settle()
  for (const [index, before] of got.entries()) {
    const after = of([all, both, one][index]!).slice(before.length)
    expect(after.every((group) => before.includes(group))).toBe(true)
  }
})

test('the owner of a group has it whatever others select', async () => {
  const { harness, sender, client } = await start()
  const owner = client.consume('queue://Q', { selector: "JMSXGroupID IN ('a', 'b')" })
  send(sender, 'queue://Q', ['a', 'c'])
  await harness.settle()
  const other = client.consume('queue://Q')
  send(sender, 'queue://Q', ['a', 'b', 'c'])
  await harness.settle()
  expect([owner.received, other.received]).toEqual([
    [1, 3, 4],
    [2, 5],
  ])
})

test('consumers that ask for each message get theirs', async () => {
  const { harness, sender, client } = await start()
  const [one, other] = ['1', '2'].map((consumerId) => client.consume('queue://Q', { consumerId, prefetchSize: 0 }))
  client.connection.pull('1', 0)
  send(sender, 'queue://Q', ['a', 'a', 'b'])
  await harness.settle()
  client.connection.pull('2', 0)
  client.connection.pull('2', 10)
  await harness.settle()
  expect([one!.received, other!.received, other!.nothings]).toEqual([[1], [3], 0])
  harness.clock.advance(10)
  expect(other!.nothings).toBe(1)
  client.connection.pull('1', 0)
  expect(one!.received).toEqual([1, 2])
})

test('the statistics say how many groups have an owner', async () => {
  const { harness, sender, client } = await start()
  const consumer = client.consume('queue://Q')
  send(sender, 'queue://Q', ['a', 'b', 'a'])
  await harness.settle()
  expect(harness.of('queue://Q')).toMatchObject({ messageGroups: 2 })
  consumer.close()
  expect(harness.of('queue://Q')).toMatchObject({ messageGroups: 0 })
})

const policy = (pattern: string, policies: Partial<DispatchPolicy>) =>
  ({ kind: 'queue', pattern, ...defaultDispatchPolicy, ...policies }) as const

test('allConsumersExclusiveByDefault: one gets everything, and when it goes another one does', async () => {
  const { harness, sender, client } = await start({
    dispatchPolicies: [policy('>', {}), policy('Q.>', { allConsumersExclusiveByDefault: true })],
  })
  const consumers = ['Q.A', 'Q.A', 'OTHER', 'OTHER'].map((name) => client.consume(`queue://${name}`))
  for (let i = 0; i < 2; i++) for (const name of ['Q.A', 'OTHER']) sender.send(`queue://${name}`, { persistent: true })
  await harness.settle()
  expect(consumers.map(({ received }) => received)).toEqual([[1, 3], [], [2], [4]])
  for (const index of [0, 1]) consumers[0]!.acknowledge('individual', null, index, { messageCount: 1 })
  consumers[0]!.close()
  sender.send('queue://Q.A')
  expect(consumers[1]!.received).toEqual([5])
})

test('strictOrderDispatch: the first that has room gets all groups', async () => {
  const { harness, sender, client } = await start({ dispatchPolicies: [policy('Q', { strictOrderDispatch: true })] })
  const consumers = [client.consume('queue://Q', { prefetchSize: 3 }), client.consume('queue://Q')]
  send(sender, 'queue://Q', ['a', 'b', 'c', 'd', 'a', 'd'])
  await harness.settle()
  expect(consumers.map(({ received }) => received)).toEqual([
    [1, 2, 3],
    [4, 6],
  ])
})

test('consumersBeforeDispatchStarts: a failover does not give all groups to the first who is back', async () => {
  const { harness, sender } = await start({ dispatchPolicies: [policy('Q', { consumersBeforeDispatchStarts: 2 })] })
  send(sender, 'queue://Q', ['a', 'b', 'a', 'b'])
  await harness.settle()
  const consumers = [harness.connect(), harness.connect()].map((client) => client.consume('queue://Q'))
  await harness.settle()
  expect(consumers.map(({ received }) => received)).toEqual([
    [1, 3],
    [2, 4],
  ])
  expect(harness.of('queue://Q').messageGroups).toBe(2)
})

test('the queue of a broker that stops waits for nobody', async () => {
  const { harness, sender, client } = await start({
    dispatchPolicies: [policy('Q', { timeBeforeDispatchStartsMs: 100 })],
  })
  const consumer = client.consume('queue://Q')
  sender.send('queue://Q')
  harness.region.stop()
  harness.clock.advance(100)
  expect(consumer.received).toEqual([])
})
