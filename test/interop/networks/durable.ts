// Durable subscribers at the end of a bridge: the broker at its beginning keeps for them what it could not forward, until they
// unsubscribe.
import assert from 'node:assert/strict'
import { eventually, failover, numbered, receive, textsOf, to, type Network } from './network.ts'
import type { NetworkMember } from './network-member.ts'
import type { Scene } from './scene.ts'

const some = 5

export const durable: Scene = async (network, { near, far }, check) => {
  const attributes = { dynamicallyIncludedDestinations: ['topic://DURABLE.>', 'topic://FORCED?forceDurable=true'] }
  const remote = network.member(far, 'far', { keepsData: true })
  const local = network.member(near, 'near', { keepsData: true, connectors: [to(remote, attributes)] })
  await remote.start()
  await local.start()
  await aliveAllTheTime(network, local, remote, check)
  await check('forceDurable: who is no durable subscriber has a durable subscription at the other broker', async () => {
    const consumer = await network.consumer(failover(remote), 'topic://FORCED')
    await subscriptionsOf(local, 'NC_far_inbound_near:NC-DS_near_FORCED')
    await network.send(local, 'topic://FORCED', numbered(some))
    assert.equal(textsOf(await receive(consumer, some)), numbered(some).join(' '))
    await consumer.close()
    await subscriptionsOf(local)
  })
  await killed(network, local, remote, check)
}

async function aliveAllTheTime(...[network, local, remote, check]: Sides): Promise<void> {
  const topic = 'topic://DURABLE.A'
  let subscriber = await subscribed(network, remote, topic)
  await check('durable subscriber: the other broker subscribes, too', () =>
    subscriptionsOf(local, 'NC_far_inbound_near:NC-DS_near_DURABLE.A'),
  )
  await check('durable subscriber: gets what is sent there', async () => {
    await network.send(local, topic, numbered(some, 'first'))
    assert.equal(await subscriber.receives(some), numbered(some, 'first').join(' '))
  })
  await check('durable subscriber: what comes while it is away waits', async () => {
    await subscriber.leave()
    await network.send(local, topic, numbered(some, 'second'))
    subscriber = await subscribed(network, remote, topic)
    assert.equal(await subscriber.receives(some), numbered(some, 'second').join(' '))
  })
  await check('durable subscriber: who unsubscribes ends both subscriptions', async () => {
    await subscriber.unsubscribe()
    await subscriptionsOf(local)
  })
}

async function killed(...[network, local, remote, check]: Sides): Promise<void> {
  const topic = 'topic://DURABLE.B'
  const subscriber = await subscribed(network, remote, topic)
  await subscriptionsOf(local, 'NC_far_inbound_near:NC-DS_near_DURABLE.B')
  await check('durable subscriber: what comes while its broker is dead waits at the other one', async () => {
    await remote.kill()
    await network.send(local, topic, numbered(some, 'third'))
    await remote.start()
    assert.equal(await subscriber.receives(some), numbered(some, 'third').join(' '))
  })
  await check('durable subscriber: it goes on when the broker that forwards comes back', async () => {
    await local.kill()
    await local.start()
    await network.send(failover(local), topic, numbered(some, 'fourth'))
    assert.equal(await subscriber.receives(some), numbered(some, 'fourth').join(' '))
  })
}

/** Who unsubscribes while there is no bridge is known by what the brokers tell each other when there is one again. */
export const durableSync: Scene = async (network, { near, far }, check) => {
  const topic = 'topic://DURABLE'
  const remote = network.member(far, 'far', { keepsData: true })
  const connectors = [to(remote, { syncDurableSubs: true, dynamicallyIncludedDestinations: [topic] })]
  const local = network.member(near, 'near', { keepsData: true, connectors })
  await remote.start()
  await local.start()
  await check('syncDurableSubs: who unsubscribed while there was no bridge ends both subscriptions', async () => {
    const subscriber = await subscribed(network, remote, topic)
    await subscriptionsOf(local, 'NC_far_inbound_near:NC-DS_near_DURABLE')
    await local.kill()
    await subscriber.unsubscribe()
    await local.start()
    await subscriptionsOf(local)
  })
  await check('syncDurableSubs: who subscribed while there was no bridge, and is away, gets what is sent', async () => {
    await local.kill()
    await (await subscribed(network, remote, topic)).leave()
    await local.start()
    await subscriptionsOf(local, 'NC_far_inbound_near:NC-DS_near_DURABLE')
    await network.demanded(local, topic)
    await network.send(failover(local), topic, numbered(some))
    assert.equal(await (await subscribed(network, remote, topic)).receives(some), numbered(some).join(' '))
  })
}

type Sides = [network: Network, local: NetworkMember, remote: NetworkMember, check: Parameters<Scene>[2]]

/** Waits until these are all. */
async function subscriptionsOf(member: NetworkMember, ...wanted: readonly string[]): Promise<void> {
  const isSo = (subscriptions: readonly string[]): boolean => subscriptions.join(' ') === wanted.join(' ')
  await eventually(`subscriptions of ${member.name}`, () => member.subscriptions(), isSo)
}

interface Subscriber {
  /** So many, committed; their texts. */
  receives(count: number): Promise<string>
  leave(): Promise<void>
  unsubscribe(): Promise<void>
}

async function subscribed(network: Network, at: NetworkMember, topic: string): Promise<Subscriber> {
  const connection = await network.connect(failover(at), { clientId: 'subscriber' })
  const session = await connection.createSession('transacted')
  const consumer = await session.createDurableConsumer(topic, 'subscription')
  return {
    async receives(count) {
      const messages = await receive(consumer, count)
      await session.commit()
      return textsOf(messages)
    },
    leave: () => connection.close(),
    async unsubscribe() {
      await consumer.close()
      await session.unsubscribe('subscription')
      await connection.close()
    },
  }
}
