// Applications move from a pair of brokers to a new one while all of them work, as docs/networks.md tells it. Either the new one has a
// duplex bridge to the pair, which is not touched; or the pair has one to the new one, and replay. The pair fails over on the way, and
// is switched off in the end. Every message that was answered for arrives.
import assert from 'node:assert/strict'
import type { MessageConsumer } from '../../../broker/client/index.ts'
import { eventually, failover, numbered, to, toActiveOf, type Network } from './network.ts'
import type { NetworkMember } from './network-member.ts'
import type { Scene } from './scene.ts'

const waiting = 500
const published = 50
/** So many more arrive before the next step is taken. */
const meanwhile = 100

export const migration: Scene = async (network, { near, far }, check) => {
  const newDials = near === 'ours'
  // Nobody moves away.
  if (!newDials && far !== 'ours') return
  const oldKind = newDials ? far : near
  const place = network.place('new')
  const places = [network.place('old'), network.place('old')] as const
  const ofPair = { keepsData: true, replay: !newDials, connectors: newDials ? [] : [to(place, { duplex: true })] }
  const ofNew = { keepsData: true, connectors: newDials ? [toActiveOf(places, { duplex: true })] : [] }
  const master = network.member(oldKind, places[0], ofPair)
  const slave = network.member(oldKind, places[1], ofPair)
  const here = network.member('ours', place, ofNew)
  await master.start()
  const takenOver = slave.start()
  takenOver.catch(() => {}) // Who waits for it hears of it.
  const old = failover(master, slave)
  const [orders, bills] = [new Traffic(network, 'ORDERS'), new Traffic(network, 'BILLS')]

  await check('migration: the old pair has traffic, a backlog, and a durable subscriber', async () => {
    for (const traffic of [orders, bills]) {
      await traffic.receiveAt(old)
      await traffic.sendAt(old)
    }
    await network.send(old, 'queue://WAITING', numbered(waiting))
    await subscriber(network, old).then(({ connection }) => connection.close())
    await here.start()
    await network.demanded(here, 'queue://ORDERS', 'queue://BILLS')
  })
  await check('migration: consumers first: one comes here, then the one there goes', async () => {
    const left = orders.consumers[0]!
    await orders.receiveAt(here)
    await network.demanded(master, 'queue://ORDERS')
    await orders.more(meanwhile)
    await left.close()
    await orders.more(meanwhile)
  })
  await check('migration: the old master is killed on the way', async () => {
    await master.kill()
    await takenOver
    await orders.more(meanwhile)
    await bills.more(meanwhile)
  })
  await check('migration: a producer that moves before its consumer', async () => {
    await bills.stopSending()
    await bills.sendAt(here)
    await bills.more(meanwhile)
    const left = bills.consumers[0]!
    await bills.receiveAt(here)
    await bills.more(meanwhile)
    await left.close()
    await bills.more(meanwhile)
  })
  await check('migration: a backlog goes to where its consumer comes', async () => {
    const traffic = new Traffic(network, 'WAITING', numbered(waiting))
    await traffic.receiveAt(here)
    return traffic.complete()
  })
  await check('migration: a durable subscriber has both subscriptions until the old one is read', () =>
    moveSubscriber(network, old, slave, here),
  )
  await check(
    'migration: the last producer moves, the old pair is empty and switched off, nothing is lost',
    async () => {
      await orders.stopSending()
      await orders.sendAt(here)
      await orders.more(meanwhile)
      for (const queue of ['ORDERS', 'WAITING']) await empty(slave, queue)
      const left = await slave.depth('BILLS')
      if (newDials) {
        // What has been here ActiveMQ does not give back.
        await fetch(`http://127.0.0.1:${place.adminPort}/network-connectors/NC/stop`, { method: 'POST' })
        await bills.receiveAt(old)
      }
      await empty(slave, 'BILLS')
      await slave.kill()
      const counts: string[] = []
      for (const traffic of [orders, bills]) {
        await traffic.more(meanwhile)
        await traffic.stopSending()
        counts.push(await traffic.complete())
      }
      return `${counts.join('; ')}; ${left} were left at the old pair for a while`
    },
  )
}

/** What is sent to one queue without a pause, and what of it arrived. */
class Traffic {
  readonly #network: Network
  readonly #queue: string
  readonly #sent: string[]
  readonly #arrived = new Map<string, number>()
  readonly consumers: MessageConsumer[] = []
  #sending = false
  #sender: Promise<void> = Promise.resolve()

  constructor(network: Network, queue: string, sent: string[] = []) {
    this.#network = network
    this.#queue = `queue://${queue}`
    this.#sent = sent
  }

  async receiveAt(at: NetworkMember | string): Promise<void> {
    const consumer = await this.#network.consumer(at, this.#queue)
    consumer.setListener(({ text }) => void this.#arrived.set(text!, (this.#arrived.get(text!) ?? 0) + 1))
    this.consumers.push(consumer)
  }

  async sendAt(at: NetworkMember | string): Promise<void> {
    const producer = await (await this.#network.session(at)).createProducer(this.#queue)
    this.#sending = true
    const send = async (): Promise<void> => {
      while (this.#sending) {
        const text = `message ${this.#sent.length}`
        await producer.send(text)
        this.#sent.push(text)
      }
      await producer.close()
    }
    this.#sender = send()
    this.#sender.catch(() => {}) // Who stops it hears of it.
  }

  async stopSending(): Promise<void> {
    this.#sending = false
    await this.#sender
  }

  async more(count: number): Promise<void> {
    const wanted = this.#arrived.size + count
    await eventually(
      'different messages',
      async () => this.#arrived.size,
      (size) => size >= wanted,
    )
  }

  async complete(): Promise<string> {
    await eventually(
      'lost',
      async () => this.#sent.filter((text) => !this.#arrived.has(text)),
      ({ length }) => length === 0,
    )
    const twice = [...this.#arrived.values()].filter((times) => times > 1).length
    return `${this.#queue}: ${this.#sent.length} sent, 0 lost, ${twice} came twice`
  }
}

const empty = (member: NetworkMember, queue: string): Promise<unknown> =>
  eventually(
    `messages in ${queue}`,
    () => member.depth(queue),
    (depth) => depth <= 0,
  )

/** A connection with the client id of the only subscriber, and its consumer. */
async function subscriber(network: Network, at: NetworkMember | string) {
  const connection = await network.connect(at, { clientId: 'prices' })
  const consumer = await (await connection.createSession('auto')).createDurableConsumer('topic://PRICES', 'all')
  return { connection, consumer }
}

async function moveSubscriber(
  network: Network,
  old: string,
  slave: NetworkMember,
  here: NetworkMember,
): Promise<string> {
  await network.send(old, 'topic://PRICES', numbered(published, 'before'))
  const arrived: string[] = []
  const note = ({ text }: { text: string | null }): void => void arrived.push(text!)
  ;(await subscriber(network, here)).consumer.setListener(note)
  await eventually(
    'subscriptions there',
    () => slave.subscriptions(),
    ({ length }) => length === 2,
  )
  await network.send(old, 'topic://PRICES', numbered(published, 'after'))
  ;(await subscriber(network, old)).consumer.setListener(note)
  const all = new Set([...numbered(published, 'before'), ...numbered(published, 'after')])
  await eventually(
    'messages of both',
    async () => arrived.length,
    (count) => count >= 3 * published,
  )
  assert.deepEqual(new Set(arrived), all)
  return `${all.size} published, ${arrived.length - all.size} came to both`
}
