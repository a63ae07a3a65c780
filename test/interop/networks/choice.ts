// What a connector lets through: by name, by selector, without any consumer, by virtual destinations; and what it does to it on
// the way. Each connector of the scene has names of its own, so that one network does for all.
import assert from 'node:assert/strict'
import { answering } from './forwarding.ts'
import { eventually, numbered, receive, receiveUntil, sorted, textsOf, to, type Network } from './network.ts'
import type { NetworkMember } from './network-member.ts'
import type { Scene } from './scene.ts'

export const choice: Scene = async (network, { near, far }, check) => {
  const remote = network.member(far, 'far')
  const local = network.member(near, 'near', { connectors: connectorsTo(remote) })
  await remote.start()
  await local.start()
  await check('dynamicallyIncludedDestinations: these go, by kind and name', () => included(network, local, remote))
  await check('excludedDestinations: these stay, also where they are included', () =>
    stays(network, local, remote, 'DYN.EXCLUDED.A'),
  )
  await check('staticallyIncludedDestinations: these go without consumers', () => goesAlways(network, local, remote))
  await check('staticBridge: demand is not asked for', () => staticBridge(network, local, remote))
  await check('conduitSubscriptions: selectors do not count', () => conduit(network, local, remote))
  await check('conduitSubscriptions=false: they do', () => withSelectors(network, local, remote))
  await check('useCompression', () => compressed(network, local, remote))
  await check('decreaseNetworkConsumerPriority: who is here gets it first', () => byPriority(network, local, remote))
  await check('bridgeTempDestinations=false: nobody is answered', () => withoutTemporary(network, local, remote))
}

const connectorsTo = (remote: NetworkMember) => [
  to(remote, {
    name: 'chosen',
    dynamicallyIncludedDestinations: ['queue://DYN.>'],
    excludedDestinations: ['queue://DYN.EXCLUDED.>'],
    staticallyIncludedDestinations: ['queue://STATIC.QUEUE', 'topic://STATIC.TOPIC'],
    bridgeTempDestinations: false,
    duplex: true,
  }),
  to(remote, {
    name: 'static',
    staticBridge: true,
    staticallyIncludedDestinations: ['queue://BRIDGE.STATIC'],
  }),
  to(remote, {
    name: 'selecting',
    conduitSubscriptions: false,
    dynamicallyIncludedDestinations: ['queue://SELECTED.>'],
  }),
  to(remote, { name: 'zipping', useCompression: true, dynamicallyIncludedDestinations: ['queue://ZIP.>'] }),
  to(remote, {
    name: 'low',
    decreaseNetworkConsumerPriority: true,
    dynamicallyIncludedDestinations: ['queue://LOW.>'],
  }),
]

type Sides = [network: Network, local: NetworkMember, remote: NetworkMember]

async function included(...[network, local, remote]: Sides): Promise<void> {
  const queue = await network.consumer(remote, 'queue://DYN.A')
  const topic = await network.consumer(remote, 'topic://DYN.A')
  await network.consumer(remote, 'queue://OTHER')
  await network.send(local, 'queue://OTHER', ['other'])
  await marked(network, local, remote, 'DYN.MARK.1')
  await network.demanded(local, 'queue://DYN.A')
  await network.send(local, 'topic://DYN.A', ['topic'])
  await network.send(local, 'queue://DYN.A', ['queue'])
  assert.equal(textsOf(await receive(queue, 1)), 'queue')
  assert.equal(await topic.receiveNoWait(), null)
  assert.equal(await local.depth('OTHER'), 1)
}

/** Advisories come in order: when this demand has been heard of, so has every earlier one. */
async function marked(...[network, local, remote, queue]: [...Sides, string]): Promise<void> {
  await network.consumer(remote, `queue://${queue}`)
  await network.demanded(local, `queue://${queue}`)
}

async function stays(...[network, local, remote, queue]: [...Sides, string]): Promise<void> {
  await network.consumer(remote, `queue://${queue}`)
  await network.send(local, `queue://${queue}`, ['stays'])
  await marked(network, local, remote, 'DYN.MARK.2')
  assert.equal(await local.depth(queue), 1)
}

async function goesAlways(...[network, local, remote]: Sides): Promise<void> {
  const topic = await network.consumer(remote, 'topic://STATIC.TOPIC')
  await network.send(local, 'queue://STATIC.QUEUE', numbered(5))
  await eventually(
    'messages there',
    () => remote.depth('STATIC.QUEUE'),
    (depth) => depth === 5,
  )
  await eventually(
    'messages here',
    () => local.depth('STATIC.QUEUE'),
    (depth) => depth === 0,
  )
  await network.send(local, 'topic://STATIC.TOPIC', ['topic'])
  assert.equal(textsOf(await receive(topic, 1)), 'topic')
}

async function staticBridge(...[network, local, remote]: Sides): Promise<void> {
  await network.send(local, 'queue://BRIDGE.STATIC', ['static'])
  const consumer = await network.consumer(remote, 'queue://BRIDGE.STATIC')
  assert.equal(textsOf(await receive(consumer, 1)), 'static')
}

async function conduit(...[network, local, remote]: Sides): Promise<void> {
  const consumer = await network.consumer(remote, 'queue://DYN.SELECTED', 'n = 1')
  await network.demanded(local, 'queue://DYN.SELECTED')
  await network.send(local, 'queue://DYN.SELECTED', [
    { body: 'unwanted', properties: { n: 0 } },
    { body: 'wanted', properties: { n: 1 } },
  ])
  assert.equal(textsOf(await receive(consumer, 1)), 'wanted')
  await eventually(
    'messages there',
    () => remote.depth('DYN.SELECTED'),
    (depth) => depth === 1,
  )
  await eventually(
    'messages here',
    () => local.depth('DYN.SELECTED'),
    (depth) => depth === 0,
  )
}

async function withSelectors(...[network, local, remote]: Sides): Promise<void> {
  const consumers = [
    await network.consumer(remote, 'queue://SELECTED.A', 'n = 1'),
    await network.consumer(remote, 'queue://SELECTED.A', 'n = 2'),
  ]
  const watch = await network.demandAt(local, 'queue://SELECTED.A')
  const demand = await watch.until(({ length }) => length === 2, 'demand of two')
  assert.deepEqual(sorted(demand.map(({ selector }) => selector ?? 'none')), ['n = 1', 'n = 2'])
  const messages = [0, 1, 2].map((n) => ({ body: String(n), properties: { n } }))
  await network.send(local, 'queue://SELECTED.A', messages)
  assert.equal(textsOf(await receive(consumers[0]!, 1)), '1')
  assert.equal(textsOf(await receive(consumers[1]!, 1)), '2')
  await eventually(
    'messages here',
    () => local.depth('SELECTED.A'),
    (depth) => depth === 1,
  )
  await watch.stop()
}

async function compressed(...[network, local, remote]: Sides): Promise<void> {
  const consumer = await network.consumer(remote, 'queue://ZIP.A')
  await network.demanded(local, 'queue://ZIP.A')
  const text = 'again and '.repeat(1000)
  await network.send(local, 'queue://ZIP.A', [text, { body: { key: text } }, { body: Buffer.from(text) }])
  const [first, second, third] = await receive(consumer, 3)
  assert.deepEqual(
    [first!, second!, third!].map(({ command }) => command.compressed),
    [true, true, true],
  )
  assert.equal(first!.text, text)
  assert.equal(second!.entry('key', 'string'), text)
  assert.equal(third!.bytes?.toString(), text)
}

async function byPriority(...[network, local, remote]: Sides): Promise<void> {
  const there = await network.consumer(remote, 'queue://LOW.A')
  const watch = await network.demandAt(local, 'queue://LOW.A')
  const [demand] = await watch.until(({ length }) => length === 1, 'demand')
  assert.equal(demand!.priority, -5)
  const here = await network.consumer(local, 'queue://LOW.A')
  await network.send(local, 'queue://LOW.A', numbered(10))
  await receive(here, 10)
  assert.equal(await there.receiveNoWait(), null)
  await watch.stop()
}

/** The request arrives; the answer has no way back, since the requester's queue is not known there. */
async function withoutTemporary(...[network, local, remote]: Sides): Promise<void> {
  const service = await answering(network, remote, 'queue://DYN.REQUESTS')
  await network.demanded(local, 'queue://DYN.REQUESTS')
  const session = await network.session(local)
  const replies = await session.createTemporaryQueue()
  const consumer = await session.createConsumer(replies)
  await network.send(local, 'queue://DYN.REQUESTS', [{ body: 'temporary', replyTo: replies }])
  await network.send(local, 'queue://DYN.REQUESTS', [{ body: 'lasting', replyTo: 'queue://DYN.ANSWERS' }])
  await receive(await network.consumer(remote, 'queue://DYN.ANSWERS'), 1)
  assert.equal(await consumer.receiveNoWait(), null)
  await consumer.close()
  await replies.delete()
  await service.close()
}

/** Demand for a virtual topic, instead of for each of its queues: the copies are made where they are consumed. */
export const virtualTopics: Scene = async (network, { near, far }, check) => {
  const remote = network.member(far, 'far', { virtualDemand: true })
  const connector = to(remote, {
    useVirtualDestSubs: true,
    dynamicallyIncludedDestinations: ['topic://VirtualTopic.>', 'queue://MARK.>'],
  })
  const local = network.member(near, 'near', { connectors: [connector] })
  await remote.start()
  await local.start()
  await check('useVirtualDestSubs: a virtual topic goes once to the broker that has its queues', async () => {
    const consumers = await Promise.all(
      ['a', 'b'].map((application) => network.consumer(remote, `queue://Consumer.${application}.VirtualTopic.X`)),
    )
    await network.demanded(local, 'topic://VirtualTopic.X')
    await network.send(local, 'topic://VirtualTopic.X', ['once', 'last'])
    for (const consumer of consumers) assert.equal(textsOf(await receiveUntil(consumer, 'last')), 'once')
    assert.equal(await local.depth('Consumer.a.VirtualTopic.X'), -1)
  })
  await check('useVirtualDestSubs: the demand ends with the last consumer', async () => {
    const consumer = await network.consumer(remote, 'queue://Consumer.c.VirtualTopic.Y')
    const watch = await network.demandAt(local, 'topic://VirtualTopic.Y')
    await watch.until((demand) => demand.length === 1, 'demand for the topic')
    await consumer.close()
    await watch.until((demand) => demand.length === 0, 'end of the demand')
    await watch.stop()
  })
}
