// What goes over one bridge, and how it arrives there: in one direction, and over a duplex one in both.
import assert from 'node:assert/strict'
import type { OutgoingMessage, SendOptions } from '../../../broker/client/index.ts'
import { startJava } from '../../support/java-process.ts'
import { describeMessage } from '../message-description.ts'
import { numbered, receive, receiveUntil, sorted, sortedTextsOf, textsOf, to, type Network } from './network.ts'
import { networkClasspath, type NetworkMember } from './network-member.ts'
import type { Check, Scene } from './scene.ts'

const flood = 1000
const largeBytes = 8 * 2 ** 20
const expiresMs = 300
const requests = 20
const many = 5

interface Direction {
  readonly from: NetworkMember
  readonly to: NetworkMember
  /** Begins the names of all destinations. */
  readonly prefix: string
  readonly check: Check
}

export const oneWay: Scene = async (network, { near, far }, check) => {
  const remote = network.member(far, 'far')
  const local = network.member(near, 'near', { connectors: [to(remote)] })
  await remote.start()
  const early = await network.consumer(remote, 'queue://EARLY')
  await local.start()
  await check('a consumer that is there before the bridge', async () => {
    await network.demanded(local, 'queue://EARLY')
    await network.send(local, 'queue://EARLY', ['early'])
    await receive(early, 1)
  })
  await inDirection(network, { from: local, to: remote, prefix: 'A', check })
  await check('nothing goes the other way', async () => {
    await network.consumer(local, 'queue://BACK')
    await network.send(remote, 'queue://BACK', ['back'])
    await network.consumer(remote, 'queue://AFTER.BACK')
    await network.demanded(local, 'queue://AFTER.BACK')
    assert.equal(await remote.depth('BACK'), 1)
  })
}

export const duplex: Scene = async (network, { near, far }, check) => {
  const remote = network.member(far, 'far')
  const local = network.member(near, 'near', { connectors: [to(remote, { duplex: true })] })
  await remote.start()
  const early = await network.consumer(remote, 'queue://EARLY.OUT')
  await local.start()
  await check('consumers of both sides that are there before the bridge', async () => {
    const late = await network.consumer(local, 'queue://EARLY.BACK')
    for (const [from, there, queue, consumer] of [
      [local, remote, 'queue://EARLY.OUT', early],
      [remote, local, 'queue://EARLY.BACK', late],
    ] as const) {
      await network.demanded(from, queue)
      await network.send(from, queue, [`to ${there.name}`])
      assert.equal(textsOf(await receive(consumer, 1)), `to ${there.name}`)
    }
  })
  const named =
    (direction: string): Check =>
    (what, body) =>
      check(`${direction}: ${what}`, body)
  const out = { from: local, to: remote, prefix: 'OUT', check: named('out') }
  const back = { from: remote, to: local, prefix: 'BACK', check: named('back') }
  for (const direction of [out, back]) {
    await inDirection(network, direction)
    await direction.check('temporary queue, request and reply', () => requestsAreAnswered(network, direction))
    await direction.check("temporary queue, JMS's QueueRequestor", () => requestorIsAnswered(network, direction))
  }
}

async function inDirection(network: Network, direction: Direction): Promise<void> {
  const { check } = direction
  for (const deliveryMode of ['persistent', 'non-persistent'] as const)
    await check(`queue, ${flood} ${deliveryMode} messages in order`, () =>
      allArriveInOrder(network, direction, `queue://${direction.prefix}.${deliveryMode}`, { deliveryMode }),
    )
  await check('topic, in order', () =>
    allArriveInOrder(network, direction, `topic://${direction.prefix}.T`, { deliveryMode: 'non-persistent' }),
  )
  await check('headers, properties and body as they were sent', () => nothingIsChanged(network, direction))
  await check('demand comes, goes, and comes again', () => demandComesAndGoes(network, direction))
  await check('many consumers are one demand, until the last one goes', () => manyAreOne(network, direction))
  await check('who browses there gets nothing from here', () => browsersAreNoDemand(network, direction))
  await check('sent in a transaction', () => sentInTransaction(network, direction))
  await check('sent to a list of destinations', () => sentToSeveral(network, direction))
  await check('consumed from a list of destinations', () => consumedFromSeveral(network, direction))
  await check('consumed by wildcard', () => consumedByWildcard(network, direction))
  await check('a large message', () => largeMessage(network, direction))
  await check('a message that its sender has compressed', () => compressedBySender(network, direction))
  await check('what has expired does not arrive', () => expiredStays(network, direction))
  await check('a virtual topic, its queue consumed elsewhere', () => virtualTopicQueue(network, direction))
}

async function allArriveInOrder(
  network: Network,
  { from, to: there }: Direction,
  destination: string,
  options: SendOptions,
): Promise<void> {
  const consumer = await network.consumer(there, destination)
  await network.demanded(from, destination)
  const texts = numbered(flood)
  const ids = await network.send(from, destination, texts, options)
  const received = await receive(consumer, flood)
  assert.equal(textsOf(received), texts.join(' '))
  assert.deepEqual(
    received.map(({ messageId }) => messageId),
    ids,
  )
  await consumer.close()
}

const rich: readonly (OutgoingMessage & SendOptions)[] = [
  { kind: 'text', body: 'größe €', priority: 9, timeToLive: 3_600_000, deliveryMode: 'persistent' },
  { body: { a: 1, b: 'two' }, priority: 0, deliveryMode: 'non-persistent' },
  { body: Buffer.from([0, 1, 255]), groupId: 'group', groupSequence: 7, deliveryMode: 'persistent' },
  { body: [1, 'two', true], correlationId: 'c', type: 'kind', replyTo: 'topic://R', deliveryMode: 'persistent' },
]

/** What a consumer of the broker itself sees of the same message. */
async function nothingIsChanged(network: Network, { from, to: there, prefix }: Direction): Promise<void> {
  const [here, far] = [`queue://${prefix}.RICH.HERE`, `queue://${prefix}.RICH`]
  const consumers = [await network.consumer(from, here), await network.consumer(there, far)]
  await network.demanded(from, far)
  const told: string[][] = []
  for (const [index, queue] of [here, far].entries()) {
    for (const { priority, timeToLive, deliveryMode, ...message } of rich)
      await network.send(from, queue, [{ ...message, properties: { n: 1, text: 'größe', flag: true } }], {
        priority,
        timeToLive,
        deliveryMode,
      })
    // ActiveMQ keeps no order between what is persistent and what is not.
    told.push(sorted((await receive(consumers[index]!, rich.length)).map(describeMessage)))
  }
  assert.deepEqual(told[1], told[0])
}

async function demandComesAndGoes(network: Network, { from, to: there, prefix }: Direction): Promise<void> {
  const queue = `${prefix}.DEMAND`
  await network.send(from, `queue://${queue}`, ['one', 'two'])
  assert.equal(await from.depth(queue), 2)
  const watch = await network.demandAt(from, `queue://${queue}`)
  for (const [round, waiting] of [2, 3].entries()) {
    const consumer = await network.consumer(there, `queue://${queue}`)
    await watch.until((demand) => demand.length === 1, `demand, round ${round}`)
    await receive(consumer, waiting)
    await consumer.close()
    await watch.until((demand) => demand.length === 0, `end of demand, round ${round}`)
    await network.send(from, `queue://${queue}`, numbered(3))
    assert.equal(await from.depth(queue), 3)
  }
  assert.ok((await there.depth(queue)) <= 0)
  await watch.stop()
}

async function manyAreOne(network: Network, { from, to: there, prefix }: Direction): Promise<void> {
  const queue = `queue://${prefix}.MANY`
  const watch = await network.demandAt(from, queue)
  const consumers = []
  for (let n = 0; n < many; n++) consumers.push(await network.consumer(there, queue))
  // What is said last has been heard by then.
  const mark = await network.consumer(there, `${queue}.MARK`)
  await network.demanded(from, `${queue}.MARK`)
  await watch.until(({ length }) => length === 1, 'one demand')
  await network.send(from, queue, numbered(many))
  const last = consumers.pop()!
  for (const consumer of consumers) await consumer.close()
  await receive(last, 1)
  assert.equal(watch.demand.length, 1)
  await last.close()
  await watch.until(({ length }) => length === 0, 'end of demand')
  await mark.close()
  await watch.stop()
}

async function browsersAreNoDemand(network: Network, { from, to: there, prefix }: Direction): Promise<void> {
  const queue = `${prefix}.BROWSED`
  await network.send(from, `queue://${queue}`, numbered(3))
  for await (const message of (await network.session(there)).browse(`queue://${queue}`))
    assert.fail(`${message.text} was there`)
  await network.consumer(there, `queue://${queue}.MARK`)
  await network.demanded(from, `queue://${queue}.MARK`)
  assert.equal(await from.depth(queue), 3)
}

async function sentInTransaction(network: Network, { from, to: there, prefix }: Direction): Promise<void> {
  const queue = `queue://${prefix}.TRANSACTION`
  const consumer = await network.consumer(there, queue)
  await network.demanded(from, queue)
  const session = await (await network.connect(from)).createSession('transacted')
  const producer = await session.createProducer(queue)
  for (const text of ['never', 'sent']) await producer.send(text)
  await session.rollback()
  for (const text of ['first', 'second']) await producer.send(text)
  await session.commit()
  const received = await receive(consumer, 2)
  assert.equal(textsOf(received), 'first second')
  assert.match(received[0]!.producerTransactionId ?? '', /^TX:/)
  await session.close()
}

async function sentToSeveral(network: Network, { from, to: there, prefix }: Direction): Promise<void> {
  const members = [`queue://${prefix}.SEVERAL.1`, `queue://${prefix}.SEVERAL.2`, `topic://${prefix}.SEVERAL.3`]
  const consumers = await Promise.all(members.map((member) => network.consumer(there, member)))
  await network.demanded(from, ...members)
  await network.send(from, members.join(','), ['several', 'last'])
  for (const consumer of consumers)
    assert.equal(textsOf(await receiveUntil(consumer, 'last')), 'several', consumer.destination.name)
}

async function consumedFromSeveral(network: Network, { from, to: there, prefix }: Direction): Promise<void> {
  const members = [`queue://${prefix}.LIST.1`, `queue://${prefix}.LIST.2`]
  const consumer = await network.consumer(there, members.join(','))
  // They wait for demand, of which brokers tell in different ways.
  for (const member of members) await network.send(from, member, [member])
  assert.deepEqual(sortedTextsOf(await receive(consumer, 2)), members)
}

async function consumedByWildcard(network: Network, { from, to: there, prefix }: Direction): Promise<void> {
  const consumer = await network.consumer(there, `queue://${prefix}.WILD.>`)
  await network.demanded(from, `queue://${prefix}.WILD.>`)
  for (const name of ['A', 'B.C']) await network.send(from, `queue://${prefix}.WILD.${name}`, [name])
  assert.deepEqual(sortedTextsOf(await receive(consumer, 2)), ['A', 'B.C'])
}

async function largeMessage(network: Network, { from, to: there, prefix }: Direction): Promise<void> {
  const consumer = await network.consumer(there, `queue://${prefix}.LARGE`)
  const body = Buffer.from(Array.from({ length: largeBytes }, (_, index) => index % 251))
  await network.demanded(from, `queue://${prefix}.LARGE`)
  await network.send(from, `queue://${prefix}.LARGE`, [{ body }])
  const [message] = await receive(consumer, 1)
  assert.ok(message!.bytes?.equals(body))
}

async function compressedBySender(network: Network, { from, to: there, prefix }: Direction): Promise<void> {
  const consumer = await network.consumer(there, `queue://${prefix}.ZIP`)
  await network.demanded(from, `queue://${prefix}.ZIP`)
  const text = 'again and '.repeat(1000)
  await network.send(`${from.url}?jms.useCompression=true`, `queue://${prefix}.ZIP`, [text])
  const [message] = await receive(consumer, 1)
  assert.deepEqual([message!.text, message!.command.compressed], [text, true])
}

async function expiredStays(network: Network, { from, to: there, prefix }: Direction): Promise<void> {
  const queue = `queue://${prefix}.EXPIRES`
  await network.send(from, queue, ['brief'], { timeToLive: expiresMs })
  await network.send(from, queue, ['long'], { timeToLive: 3_600_000 })
  await network.send(from, queue, ['for ever'])
  await new Promise((resolve) => setTimeout(resolve, expiresMs + 50))
  const consumer = await network.consumer(there, queue)
  assert.equal(textsOf(await receiveUntil(consumer, 'for ever')), 'long')
}

async function virtualTopicQueue(network: Network, { from, to: there, prefix }: Direction): Promise<void> {
  const queue = `queue://Consumer.app.VirtualTopic.${prefix}`
  const consumer = await network.consumer(there, queue)
  await network.demanded(from, queue)
  await network.send(from, `topic://VirtualTopic.${prefix}`, ['once', 'last'])
  assert.equal(textsOf(await receiveUntil(consumer, 'last')), 'once')
}

/** The answers go to a queue that is the requester's, on its own broker. */
async function requestsAreAnswered(network: Network, { from, to: there, prefix }: Direction): Promise<void> {
  const queue = `queue://${prefix}.REQUESTS`
  const service = await answering(network, there, queue)
  await network.demanded(from, queue)
  const session = await network.session(from)
  const replies = await session.createTemporaryQueue()
  const consumer = await session.createConsumer(replies)
  const messages = numbered(requests).map((body) => ({ body, replyTo: replies }))
  await network.send(from, queue, messages)
  assert.equal(textsOf(await receive(consumer, requests)), numbered(requests, 'answer to message').join(' '))
  await consumer.close()
  await replies.delete()
  await service.close()
}

async function requestorIsAnswered(network: Network, { from, to: there, prefix }: Direction): Promise<void> {
  const queue = `queue://${prefix}.REQUESTOR`
  const service = await answering(network, there, queue)
  await network.demanded(from, queue)
  const url = `failover:(${from.url})`
  const java = startJava(networkClasspath('5.17.2'), ['Requester', url, `${prefix}.REQUESTOR`, String(requests)])
  try {
    const end = await java.line((line) => /^(asked|failed )/.test(line))
    assert.equal(end, 'asked')
    assert.deepEqual(
      java.lines.filter((line) => line.startsWith('answer ')),
      numbered(requests, 'answer answer to request'),
    )
  } finally {
    java.kill()
    await java.ended
  }
  await service.close()
}

/** A service that answers each request where it says. */
export async function answering(
  network: Network,
  at: NetworkMember,
  queue: string,
): Promise<{ close(): Promise<void> }> {
  const connection = await network.connect(at)
  const session = await connection.createSession('auto')
  const producer = await session.createProducer()
  const consumer = await session.createConsumer(queue)
  consumer.setListener(async ({ text, replyTo }) => {
    await producer.send(`answer to ${text}`, { destination: replyTo, deliveryMode: 'non-persistent' })
  })
  return connection
}
