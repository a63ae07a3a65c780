// More than one way between brokers: no message goes round or comes twice, and none is stuck where nobody wants it any more.
import assert from 'node:assert/strict'
import type { MessageConsumer } from '../../../broker/client/index.ts'
import {
  eventually,
  numbered,
  receive,
  receiveUntil,
  sorted,
  sortedTextsOf,
  textsOf,
  to,
  toEach,
  type Network,
} from './network.ts'
import type { BrokerKind, NetworkMember } from './network-member.ts'
import type { Scene } from './scene.ts'

const crowd = 200
const left = 20

/** Interest and messages may go far, so that only their path keeps them from going round. */
const farReaching = { networkTTL: 4, decreaseNetworkConsumerPriority: true }

/** Each has a connector to the other. */
export const bothWays: Scene = async (network, { near, far }, check) => {
  const members = await circle(network, [near, far])
  const [first, second] = members as [NetworkMember, NetworkMember]
  await check('two connectors: subscribers on both sides get each message once', () => topicOnce(network, members))
  await check('two connectors: consumers of a queue on both sides share it', () => sharedQueue(network, members))
  await check('two connectors: what nobody wants stays where it is', async () => {
    await network.send(first, 'queue://QUIET', numbered(5))
    await network.consumer(first, 'queue://ROUND.MARK')
    await network.demanded(second, 'queue://ROUND.MARK')
    assert.deepEqual(await depths(members, 'QUIET'), [5, -1])
  })
  for (const [from, there, way] of [
    [first, second, 'out and back'],
    [second, first, 'back and out'],
  ] as const)
    await check(`replay, ${way}: what was forwarded for consumers that have left follows them`, () =>
      replayed(network, from, there),
    )
}

/** Three, each with a connector to the next. */
export const ring: Scene = async (network, { near, far }, check) => {
  const members = await circle(network, [near, far, near])
  await check('ring: subscribers on all brokers get each message once', () => topicOnce(network, members))
  await check('ring: consumers of a queue on all brokers share it', () => sharedQueue(network, members))
}

async function circle(network: Network, kinds: readonly BrokerKind[]): Promise<readonly NetworkMember[]> {
  const places = kinds.map((_, index) => network.place(`member${index}`))
  const members = kinds.map((kind, index) => {
    const next = places[(index + 1) % places.length]!
    return network.member(kind, places[index]!, { replay: true, connectors: [to(next, farReaching)] })
  })
  await Promise.all(members.map((member) => member.start()))
  return members
}

async function topicOnce(network: Network, members: readonly NetworkMember[]): Promise<void> {
  const topic = 'topic://ROUND.T'
  const consumers = await Promise.all(members.map((member) => network.consumer(member, topic)))
  for (const member of members) await network.demanded(member, topic)
  // What is sent second would be overtaken by nothing that goes round once.
  for (const round of ['one', 'two'])
    for (const member of members) await network.send(member, topic, [`${round} from ${member.name}`])
  const sent = ['one', 'two'].flatMap((round) => members.map(({ name }) => `${round} from ${name}`))
  for (const consumer of consumers) {
    assert.deepEqual(sortedTextsOf(await receive(consumer, sent.length)), sent)
    assert.equal(await consumer.receiveNoWait(), null)
  }
}

async function sharedQueue(network: Network, members: readonly NetworkMember[]): Promise<void> {
  const consumers = await Promise.all(members.map((member) => network.consumer(member, 'queue://ROUND.Q')))
  for (const member of members) await network.demanded(member, 'queue://ROUND.Q')
  const texts: (string | null)[] = []
  for (const consumer of consumers) consumer.setListener(({ text }) => void texts.push(text))
  for (const member of members) await network.send(member, 'queue://ROUND.Q', numbered(crowd, member.name))
  const all = crowd * members.length
  await eventually(
    'messages',
    async () => texts.length,
    (count) => count >= all,
  )
  await eventually('queues empty', () => depths(members, 'ROUND.Q'), isEmpty)
  assert.equal(texts.length, all)
  assert.equal(new Set(texts).size, all)
}

const depths = (members: readonly NetworkMember[], queue: string): Promise<readonly number[]> =>
  Promise.all(members.map((member) => member.depth(queue)))

const isEmpty = (depth: readonly number[]): boolean => depth.every((messages) => messages <= 0)

/** A consumer there gets ahead of itself what it never acknowledges, and goes; the next one comes to where the messages were from. */
async function replayed(network: Network, from: NetworkMember, there: NetworkMember): Promise<void> {
  const queue = `REPLAY.${from.name}`
  const consumer = await network.consumer(there, `queue://${queue}`)
  await network.demanded(from, `queue://${queue}`)
  await network.send(from, `queue://${queue}`, numbered(left))
  await eventually(
    'messages there',
    () => there.depth(queue),
    (depth) => depth === left,
  )
  // Between two of ActiveMQ's one that returned before its answer would be taken for the one that is still there.
  if (from.kind !== 'ours' && there.kind !== 'ours')
    await eventually(
      'messages answered',
      () => from.depth(queue),
      (depth) => depth === 0,
    )
  await consumer.close()
  const back = await network.consumer(from, `queue://${queue}`)
  assert.deepEqual(sortedTextsOf(await receive(back, left)), sorted(numbered(left)))
  await eventually('queues empty', () => depths([from, there], queue), isEmpty)
  await back.close()
}

/** first → last, and first → middle → last: two ways to the same consumer. */
export const triangle: Scene = async (network, { near, far }, check) => {
  const last = network.member(far, 'last')
  const middle = network.member(near, 'middle', { connectors: waysTo(last) })
  const first = network.member(near, 'first', { connectors: waysTo(last, middle) })
  for (const member of [last, middle, first]) await member.start()
  await check('triangle, suppressDuplicateQueueSubscriptions: only the shorter way counts', async () => {
    const consumer = await demandOfBothWays(network, [first, middle, last], 'queue://ONE.A', [-5])
    await once(network, first, 'queue://ONE.A', consumer)
  })
  await check('triangle, suppressDuplicateTopicSubscriptions by default: a topic comes once', async () => {
    const consumer = await demandOfBothWays(network, [first, middle, last], 'topic://TWO.A', [-5])
    await once(network, first, 'topic://TWO.A', consumer)
  })
  await check('triangle, without suppression: both ways count, and each message takes one', async () => {
    const consumer = await demandOfBothWays(network, [first, middle, last], 'queue://TWO.A', [-8, -5])
    await once(network, first, 'queue://TWO.A', consumer)
  })
}

const waysTo = (...members: readonly NetworkMember[]) => {
  const attributes = { networkTTL: 2, decreaseNetworkConsumerPriority: true }
  return [
    toEach(members, {
      ...attributes,
      name: 'one',
      suppressDuplicateQueueSubscriptions: true,
      dynamicallyIncludedDestinations: ['queue://ONE.>'],
    }),
    toEach(members, {
      ...attributes,
      name: 'two',
      dynamicallyIncludedDestinations: ['queue://TWO.>', 'topic://TWO.>'],
    }),
  ]
}

/** A consumer at the last; resolves when the first has heard of it on all ways. */
async function demandOfBothWays(
  network: Network,
  [first, middle, last]: readonly [NetworkMember, NetworkMember, NetworkMember],
  destination: string,
  priorities: readonly number[],
): Promise<MessageConsumer> {
  const consumer = await network.consumer(last, destination)
  await network.demanded(middle, destination)
  // Advisories come in order: when this demand of the middle has been heard of, so has the one before.
  const mark = `${destination}.MARK`
  await network.consumer(middle, mark)
  await network.demanded(first, destination, mark)
  const watch = await network.demandAt(first, destination)
  const demand = await watch.until(({ length }) => length === priorities.length, `demand on ${priorities.length} ways`)
  assert.deepEqual(
    demand.map(({ priority }) => priority).toSorted((one, other) => one - other),
    priorities,
  )
  await watch.stop()
  return consumer
}

async function once(
  network: Network,
  at: NetworkMember,
  destination: string,
  consumer: MessageConsumer,
): Promise<void> {
  await network.send(at, destination, numbered(left))
  assert.deepEqual(sortedTextsOf(await receive(consumer, left)), sorted(numbered(left)))
  await network.send(at, destination, ['last'])
  assert.equal(textsOf(await receiveUntil(consumer, 'last')), '')
}
