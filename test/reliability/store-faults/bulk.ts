// Large messages that nobody takes, so that a store needs space: sent one after the other until they are stopped, then taken and counted.
import { createConnectionFactory, type Connection } from '../../../broker/client/index.ts'

const queue = 'queue://KILLS.BULK'
const body = Buffer.alloc(64 * 1024, 'x')
const receiveMs = 5000

export class Bulk {
  readonly #connection: Connection
  readonly #sent: Promise<void>
  readonly #acknowledged = new Set<number>()
  #stopping = false

  static async start(url: string): Promise<Bulk> {
    return new Bulk(await createConnectionFactory(url).createConnection())
  }

  private constructor(connection: Connection) {
    this.#connection = connection
    this.#sent = this.#send()
    this.#sent.catch(() => {})
  }

  /** How many. */
  get acknowledged(): number {
    return this.#acknowledged.size
  }

  /** Resolves with how many of those that were acknowledged do not come. */
  async finish(): Promise<number> {
    this.#stopping = true
    await this.#sent
    this.#connection.start()
    const session = await this.#connection.createSession('auto')
    const consumer = await session.createConsumer(queue, { prefetchSize: 10 })
    while (this.#acknowledged.size > 0) {
      const message = await consumer.receive(receiveMs)
      if (!message) break
      this.#acknowledged.delete(Number(message.properties['n']))
    }
    await this.#connection.close()
    return this.#acknowledged.size
  }

  async #send(): Promise<void> {
    const session = await this.#connection.createSession('auto')
    const producer = await session.createProducer(queue)
    for (let n = 0; !this.#stopping; n++) {
      await producer.send({ body, properties: { n } })
      this.#acknowledged.add(n)
    }
  }
}
