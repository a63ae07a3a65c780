// More than one bridge on the way: how far messages and interest go.
import assert from 'node:assert/strict'
import { answering } from './forwarding.ts'
import { eventually, failover, numbered, receive, receiveUntil, textsOf, to, type Network } from './network.ts'
import type { NetworkMember } from './network-member.ts'
import type { Scene } from './scene.ts'

const requests = 10
const crowd = 100

/** near ── middle ── near, by duplex connectors of which one kind reaches over both. */
export const hops: Scene = async (network, { near, far }, check) => {
  const last = network.member(near, 'last')
  const middle = network.member(far, 'middle', { connectors: waysTo(last) })
  const first = network.member(near, 'first', { connectors: waysTo(middle) })
  for (const member of [last, middle, first]) await member.start()
  await check('networkTTL=2: a queue over two hops', () => overTwoHops(network, first, last))
  await check('networkTTL=2: a topic over two hops', async () => {
    const consumer = await network.consumer(last, 'topic://FAR.T')
    await network.demanded(first, 'topic://FAR.T')
    await network.send(first, 'topic://FAR.T', ['once', 'last'], { deliveryMode: 'non-persistent' })
    assert.equal(textsOf(await receiveUntil(consumer, 'last')), 'once')
  })
  await check('networkTTL=2: who is further away has a lower priority', async () => {
    await network.consumer(last, 'queue://FAR.PRIORITY')
    for (const [member, priority] of [
      [middle, -5],
      [first, -8],
    ] as const) {
      const watch = await network.demandAt(member, 'queue://FAR.PRIORITY')
      const [demand] = await watch.until(({ length }) => length === 1, 'demand')
      assert.equal(demand!.priority, priority)
      await watch.stop()
    }
  })
  await check('networkTTL=2: temporary queue, request and reply over two hops', () =>
    requestsOverTwoHops(network, first, last),
  )
  await check('networkTTL=2: a durable subscriber over two hops, until it unsubscribes', () =>
    durableOverTwoHops(network, [first, middle, last]),
  )
  await check('networkTTL=1: interest ends after a hop', async () => {
    await network.consumer(last, 'queue://NEAR.A')
    await network.demanded(middle, 'queue://NEAR.A')
    await network.consumer(middle, 'queue://NEAR.MARK')
    await network.demanded(first, 'queue://NEAR.MARK')
    await network.send(first, 'queue://NEAR.A', ['stays'])
    assert.equal(await first.depth('NEAR.A'), 1)
  })
  await check('messageTTL=1: a message that came over a hop stays there', async () => {
    await network.consumer(last, 'queue://STOP.A')
    await network.demanded(first, 'queue://STOP.A')
    await network.send(first, 'queue://STOP.A', ['stops'])
    await eventually(
      'message in the middle',
      () => middle.depth('STOP.A'),
      (depth) => depth === 1,
    )
    await network.consumer(last, 'queue://STOP.B')
    await network.demanded(middle, 'queue://STOP.B')
    await network.send(middle, 'queue://STOP.B', ['passes'])
    await eventually(
      'other message at the end',
      () => middle.depth('STOP.B'),
      (depth) => depth === 0,
    )
    assert.equal(await middle.depth('STOP.A'), 1)
  })
}

const waysTo = (member: NetworkMember) => [
  to(member, {
    name: 'far',
    networkTTL: 2,
    duplex: true,
    decreaseNetworkConsumerPriority: true,
    // A list of what is included would leave out the temporary queues of requesters.
    excludedDestinations: ['queue://NEAR.>', 'queue://STOP.>'],
  }),
  to(member, { name: 'near', networkTTL: 1, dynamicallyIncludedDestinations: ['queue://NEAR.>'] }),
  to(member, {
    name: 'stop',
    consumerTTL: 2,
    messageTTL: 1,
    dynamicallyIncludedDestinations: ['queue://STOP.>'],
  }),
]

async function overTwoHops(network: Network, first: NetworkMember, last: NetworkMember): Promise<void> {
  const consumer = await network.consumer(last, 'queue://FAR.Q')
  await network.demanded(first, 'queue://FAR.Q')
  const texts = numbered(crowd)
  const ids = await network.send(first, 'queue://FAR.Q', texts)
  const received = await receive(consumer, crowd)
  assert.equal(textsOf(received), texts.join(' '))
  assert.deepEqual(
    received.map(({ messageId }) => messageId),
    ids,
  )
  assert.equal(received[0]!.command.brokerPath?.length, 2)
}

async function requestsOverTwoHops(network: Network, first: NetworkMember, last: NetworkMember): Promise<void> {
  const service = await answering(network, last, 'queue://FAR.REQUESTS')
  await network.demanded(first, 'queue://FAR.REQUESTS')
  const session = await (await network.connect(failover(first))).createSession('auto')
  const replies = await session.createTemporaryQueue()
  const consumer = await session.createConsumer(replies)
  await network.send(
    first,
    'queue://FAR.REQUESTS',
    numbered(requests).map((body) => ({ body, replyTo: replies })),
  )
  assert.equal(textsOf(await receive(consumer, requests)), numbered(requests, 'answer to message').join(' '))
  await service.close()
}

async function durableOverTwoHops(network: Network, members: readonly NetworkMember[]): Promise<void> {
  const [first, middle, last] = members as [NetworkMember, NetworkMember, NetworkMember]
  const session = await (await network.connect(last, { clientId: 'far' })).createSession('auto')
  const consumer = await session.createDurableConsumer('topic://FAR.DURABLE', 'subscription')
  for (const member of [middle, first])
    await eventually(
      'subscription',
      () => member.subscriptions(),
      ({ length }) => length === 1,
    )
  await network.send(first, 'topic://FAR.DURABLE', ['first', 'last'])
  assert.equal(textsOf(await receiveUntil(consumer, 'last')), 'first')
  await consumer.close()
  await session.unsubscribe('subscription')
  // ActiveMQ looks for the subscription of a further hop by the names of the brokers, but has kept it by their ids.
  for (const member of first.kind === 'ours' ? [middle, first] : [middle])
    await eventually(
      'subscriptions',
      () => member.subscriptions(),
      ({ length }) => length === 0,
    )
}
