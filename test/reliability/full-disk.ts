// A disk that fills up under a broker: a producer sends until it is held back, a consumer takes some, the producer goes on,
// again and again. Nothing that was acknowledged is lost or doubled, and nobody restarts.
import { createConnectionFactory, type Connection, type MessageConsumer } from '../../broker/client/index.ts'

const pollMs = 20
const receiveMs = 30_000
const quietMs = 500

export interface FullDiskOptions {
  readonly url: string
  readonly adminUrl: string
  readonly contentBytes: number
  /** How often the disk is filled. */
  readonly rounds: number
  /** Called with the disk full, before the consumer begins. */
  readonly whenFull?: () => Promise<void>
  /** Called when the consumer has taken what it wants. */
  readonly whenDrained?: () => void
}

export interface FullDiskFigures {
  readonly rounds: number
  readonly acknowledged: number
  readonly received: number
  readonly lost: number
  readonly doubledOrOutOfOrder: number
}

export async function runFullDisk(options: FullDiskOptions): Promise<FullDiskFigures> {
  const factory = createConnectionFactory(options.url)
  const [sending, receiving] = await Promise.all([factory.createConnection(), factory.createConnection()])
  try {
    return await fillAndDrain(options, sending, receiving)
  } finally {
    await Promise.allSettled([sending.close(), receiving.close()])
  }
}

async function fillAndDrain(
  { adminUrl, contentBytes, rounds, whenFull, whenDrained }: FullDiskOptions,
  sending: Connection,
  receiving: Connection,
): Promise<FullDiskFigures> {
  const producer = new Producer(sending, contentBytes)
  const sent = producer.run()
  receiving.start()
  const session = await receiving.createSession('auto')
  const consumer = await session.createConsumer('queue://FULL', { prefetchSize: 10 })
  const received: number[] = []
  for (let round = 0; round < rounds; round++) {
    await Promise.race([isBlocked(adminUrl), sent.then(() => Promise.reject(new Error('The producer ended')))])
    await whenFull?.()
    // All but a few: what is left has to survive the next round.
    const upTo = producer.acknowledged - 5
    while (received.length < upTo) received.push(await receiveOne(consumer, receiveMs))
    whenDrained?.()
    const before = producer.acknowledged
    while (producer.acknowledged < before + 5) await new Promise((resolve) => setTimeout(resolve, pollMs))
  }
  producer.stop()
  // The last send may be held back still.
  const rest = async (): Promise<void> => {
    while (received.length < producer.acknowledged) received.push(await receiveOne(consumer, receiveMs))
  }
  await Promise.all([sent, rest().then(rest)])
  await rest()
  const extra = await consumer.receive(quietMs)
  if (extra) received.push(Number(extra.properties['n']))
  const found = new Set(received)
  return {
    rounds,
    acknowledged: producer.acknowledged,
    received: received.length,
    lost: Array.from({ length: producer.acknowledged }, (_, n) => n).filter((n) => !found.has(n)).length,
    doubledOrOutOfOrder: received.filter((n, index) => n !== index).length,
  }
}

class Producer {
  acknowledged = 0
  readonly #connection: Connection
  readonly #body: Buffer
  #isSending = true

  constructor(connection: Connection, contentBytes: number) {
    this.#connection = connection
    this.#body = Buffer.alloc(contentBytes, 'x')
  }

  async run(): Promise<void> {
    const session = await this.#connection.createSession('auto')
    const producer = await session.createProducer('queue://FULL')
    while (this.#isSending) {
      await producer.send({ body: this.#body, properties: { n: this.acknowledged } })
      this.acknowledged++
    }
  }

  stop(): void {
    this.#isSending = false
  }
}

async function receiveOne(consumer: MessageConsumer, timeoutMs: number): Promise<number> {
  const message = await consumer.receive(timeoutMs)
  if (!message) throw new Error(`Nothing came within ${timeoutMs} ms`)
  return Number(message.properties['n'])
}

/** Resolves when a connection of the broker is held back. */
export async function isBlocked(adminUrl: string): Promise<void> {
  for (;;) {
    const text = await (await fetch(`${adminUrl}/metrics`)).text()
    if (/^flotilla_blocked_connections [1-9]/m.test(text)) return
    await new Promise((resolve) => setTimeout(resolve, pollMs))
  }
}
