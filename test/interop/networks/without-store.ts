// Brokers of ours that have no store: other brokers are answered when a message is consumed, and keep it until then. What ours forwards
// is the other's from its answer on.
import assert from 'node:assert/strict'
import type { MessageConsumer, ReceivedMessage } from '../../../broker/client/index.ts'
import { eventually, failover, numbered, receive, sortedTextsOf, sorted, to, type Network } from './network.ts'
import type { NetworkMember } from './network-member.ts'
import type { Scene } from './scene.ts'

const some = 5
const queue = 'WITHOUT.STORE'

export const withoutStore: Scene = async (network, { near, far }, check) => {
  const remote = network.member(far, 'far', { forgets: true })
  const local = network.member(near, 'near', { forgets: true, connectors: [to(remote)] })
  await remote.start()
  await local.start()
  const consumer = await consuming(network, remote)
  await network.demanded(local, `queue://${queue}`)
  if (far !== 'ours')
    return check('what has come to the other broker is gone here, consumed or not', async () => {
      await network.send(local, `queue://${queue}`, numbered(some))
      await left(local, 0)
      await acknowledged(await receive(consumer, some))
      await left(remote, 0)
    })
  await check('what has come to it is kept by the other broker until it is consumed', async () => {
    await network.send(local, `queue://${queue}`, numbered(some))
    const messages = await receive(consumer, some)
    await passed(network, local, remote)
    assert.equal(await local.depth(queue), some)
    await acknowledged(messages)
    await left(local, 0)
  })
  await check('what it had when it was killed comes again', async () => {
    await network.send(local, `queue://${queue}`, numbered(some, 'again'))
    await receive(consumer, some)
    await remote.kill()
    await remote.start()
    const messages = await receive(consumer, some)
    assert.deepEqual(sortedTextsOf(messages), sorted(numbered(some, 'again')))
    await acknowledged(messages)
    await left(local, 0)
  })
}

/** It acknowledges by hand. */
async function consuming(network: Network, at: NetworkMember): Promise<MessageConsumer> {
  const session = await (await network.connect(failover(at))).createSession('client')
  return session.createConsumer(`queue://${queue}`)
}

/** All that it was given. */
const acknowledged = async (messages: readonly ReceivedMessage[]): Promise<void> => messages.at(-1)!.acknowledge()

/** A message that was sent later has come over the bridge, and was answered. */
async function passed(network: Network, local: NetworkMember, remote: NetworkMember): Promise<void> {
  const consumer = await network.consumer(remote, 'queue://MARK')
  await network.send(local, 'queue://MARK', ['mark'])
  await receive(consumer, 1)
  await eventually(
    'messages here',
    () => local.depth('MARK'),
    (depth) => depth === 0,
  )
}

const left = (member: NetworkMember, count: number): Promise<number> =>
  eventually(
    `messages at ${member.name}`,
    () => member.depth(queue),
    (depth) => depth === count,
  )
