// Durable subscriptions of a master/slave pair, seen by the TypeScript client, while the active is killed: who is there, who comes
// and goes, and who is away all the time get each message that was answered, in order.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, jest, test } from '@jest/globals'
import { createConnectionFactory, type Connection, type MessageConsumer } from '../../../broker/client/index.ts'
import type {
  BrokerSnapshot,
  DestinationRow,
  InventoryAnswer,
  SubscriptionRow,
} from '../../../broker/management/contract.ts'
import { activeAfter, settled, startMembers } from '../../support/broker-process.ts'

// Processes start slowly on a busy machine.
jest.setTimeout(180_000)
const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

const rounds = 2
const perRound = 200
const topic = 'topic://PRICES'

async function connected(url: string, clientId?: string): Promise<Connection> {
  const options = clientId === undefined ? {} : { clientId }
  const connection = await createConnectionFactory(url, options).createConnection()
  cleanups.push(() => connection.close().catch(() => {}))
  connection.start()
  return connection
}

/** What a subscriber has received, each once. */
class Subscriber {
  readonly received = new Set<number>()
  readonly #url: string
  readonly #clientId: string
  #connection: Connection | undefined
  #consumer: MessageConsumer | undefined

  constructor(url: string, clientId: string) {
    this.#url = url
    this.#clientId = clientId
  }

  async come(): Promise<void> {
    this.#connection = await connected(this.#url, this.#clientId)
    const session = await this.#connection.createSession('client')
    this.#consumer = await session.createDurableConsumer(topic, 'all')
  }

  /** Until `last` is there; acknowledges each. */
  async receiveUpTo(last: number): Promise<void> {
    while (!this.received.has(last)) {
      const message = await this.#consumer!.receive(30_000)
      if (!message) throw new Error(`${this.#clientId} has waited for ${last} in vain, with ${this.received.size}`)
      this.received.add(Number(message.text))
      await message.acknowledge()
    }
  }

  async leave(): Promise<void> {
    await this.#connection!.close()
  }

  async unsubscribe(): Promise<void> {
    await this.#consumer!.close()
    const session = await this.#connection!.createSession('auto')
    await session.unsubscribe('all')
    await this.leave()
  }
}

test('get what was answered, in order, whoever is killed meanwhile', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'flotilla-durable-'))
  cleanups.push(() => rmSync(directory, { recursive: true, force: true }))
  const members = await startMembers(directory, 2)
  cleanups.push(() => Promise.all(members.map((member) => member.stop('SIGKILL'))))
  let active = await settled(members)
  const url = `failover:(${members.map((member) => member.url).join(',')})?maxReconnectDelay=200`
  const [present, changing, away] = ['present', 'changing', 'away'].map((id) => new Subscriber(url, id))
  for (const subscriber of [present!, changing!, away!]) await subscriber.come()
  await away!.leave()
  const producer = await (await (await connected(url)).createSession('auto')).createProducer(topic)
  let last = 0
  for (let round = 0; round < rounds; round++) {
    const received = present!.receiveUpTo(last + perRound)
    if (round > 0) await changing!.come()
    for (let n = 0; n < perRound; n++) {
      await producer.send(String(++last))
      if (n === perRound / 2) {
        await changing!.receiveUpTo(last - 20)
        await changing!.leave()
        const { term } = (await active.role())!
        active.kill('SIGKILL')
        void activeAfter(members, term!).then((next) => (active = next))
      }
    }
    await received
    active = await settled(members)
  }
  await changing!.come()
  await away!.come()
  const expected = Array.from({ length: last }, (_, index) => index + 1)
  for (const subscriber of [present!, changing!, away!]) {
    await subscriber.receiveUpTo(last)
    expect([...subscriber.received]).toEqual(expected)
    await subscriber.unsubscribe()
  }
  const ask = async <T>(path: string): Promise<T> =>
    (await (await fetch(`http://127.0.0.1:${active.options.adminPort}${path}`)).json()) as T
  expect((await ask<InventoryAnswer<SubscriptionRow>>('/subscriptions')).items).toEqual([])
  // What a failover client has had twice it refuses: that is a dead letter.
  const { items } = await ask<InventoryAnswer<DestinationRow>>('/destinations')
  const inQueues = items.filter(({ kind }) => kind === 'queue').reduce((sum, { size }) => sum + size, 0)
  expect((await ask<BrokerSnapshot>('/snapshot')).store.messages).toBe(inQueues)
})
