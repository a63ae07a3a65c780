// A producer and a consumer that never rest, and the account of what was acknowledged, committed and repeated. The producer
// sends numbered persistent messages one after the other; the consumer works in transactions, because only a returned
// commit proves to a client that its messages will not come again.
import { type Connection, createConnectionFactory } from '../../broker/client/index.ts'

const commitEvery = 20
const receiveTimeoutMs = 100
const drainMs = 30_000

export interface TrafficAccount {
  readonly acknowledged: number
  /** Acknowledged to the producer and never seen by the consumer. */
  readonly lost: readonly number[]
  /** Came again after their commit had returned. */
  readonly duplicates: readonly number[]
  /** Committed after a later one. */
  readonly outOfOrder: readonly number[]
  /** Between two answers to the producer. */
  readonly longestGapMs: number
  /** How often one of the two connections was lost. */
  readonly interruptions: number
}

export class Traffic {
  readonly #queue: string
  readonly #connections: readonly [Connection, Connection]
  readonly #acknowledged = new Set<number>()
  readonly #committed = new Set<number>()
  /** The connection was lost while their commit was under way: the broker has stored it, or delivers them again. */
  readonly #inDoubt = new Set<number>()
  readonly #duplicates: number[] = []
  readonly #outOfOrder: number[] = []
  #last = -1
  #longestGapMs = 0
  #interruptions = 0
  #sending = true
  /** The last answer has come. */
  #sent = false
  #failure: unknown
  #waiting: { readonly count: number; readonly resolve: () => void; readonly reject: (reason: unknown) => void }[] = []
  readonly #ended: Promise<unknown>

  private constructor(queue: string, connections: readonly [Connection, Connection]) {
    this.#queue = `queue://${queue}`
    this.#connections = connections
    for (const connection of connections) connection.on('transportInterrupted', () => this.#interruptions++)
    this.#ended = Promise.all([this.#send(), this.#receive()]).catch((error: unknown) => this.#fail(error))
  }

  static async start(url: string, queue: string): Promise<Traffic> {
    const factory = createConnectionFactory(url)
    const connections = await Promise.all([factory.createConnection(), factory.createConnection()])
    return new Traffic(queue, connections)
  }

  /** Resolves when so many more messages have gone all the way. */
  async flows(count = 100): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure
    const target = this.#committed.size + count
    await new Promise<void>((resolve, reject) => this.#waiting.push({ count: target, resolve, reject }))
  }

  /** Stops sending, receives what is left, and gives account. */
  async stop(): Promise<TrafficAccount> {
    this.#sending = false
    await this.#ended
    await Promise.allSettled(this.#connections.map((connection) => connection.close()))
    if (this.#failure !== undefined) throw this.#failure
    return {
      acknowledged: this.#acknowledged.size,
      lost: [...this.#acknowledged].filter((n) => !this.#isSeen(n)),
      duplicates: this.#duplicates,
      outOfOrder: this.#outOfOrder,
      longestGapMs: Math.round(this.#longestGapMs),
      interruptions: this.#interruptions,
    }
  }

  /** For the end of a test that failed: no account. */
  async abandon(): Promise<void> {
    this.#sending = false
    await Promise.allSettled(this.#connections.map((connection) => connection.close()))
  }

  async #send(): Promise<void> {
    const session = await this.#connections[0].createSession('auto')
    const producer = await session.createProducer(this.#queue)
    let answeredAtMs = performance.now()
    for (let n = 0; this.#sending; n++) {
      await producer.send({ body: `message ${n}`, properties: { n } })
      this.#acknowledged.add(n)
      const nowMs = performance.now()
      this.#longestGapMs = Math.max(this.#longestGapMs, nowMs - answeredAtMs)
      answeredAtMs = nowMs
    }
    this.#sent = true
  }

  async #receive(): Promise<void> {
    const [, connection] = this.#connections
    connection.start()
    const session = await connection.createSession('transacted')
    const consumer = await session.createConsumer(this.#queue)
    let open: number[] = []
    let drainedBy = Number.POSITIVE_INFINITY
    while (!this.#isDrained()) {
      if (!this.#sending && drainedBy === Number.POSITIVE_INFINITY) drainedBy = performance.now() + drainMs
      if (performance.now() > drainedBy) return
      const message = await consumer.receive(receiveTimeoutMs)
      if (message) open.push(Number(message.properties['n']))
      if (open.length === 0 || (message && open.length < commitEvery)) continue
      try {
        await session.commit()
        this.#commit(open)
      } catch (error) {
        // Otherwise it is rolled back for sure, and what was received comes again.
        if (/in doubt/.test((error as Error).message)) for (const n of open) this.#inDoubt.add(n)
        await session.rollback().catch(() => {})
      }
      open = []
    }
  }

  #isSeen(n: number): boolean {
    return this.#committed.has(n) || this.#inDoubt.has(n)
  }

  #isDrained(): boolean {
    if (!this.#sent) return false
    for (const n of this.#acknowledged) if (!this.#isSeen(n)) return false
    return true
  }

  #commit(numbers: readonly number[]): void {
    for (const n of numbers) {
      if (this.#committed.has(n)) this.#duplicates.push(n)
      else if (n < this.#last) this.#outOfOrder.push(n)
      this.#committed.add(n)
      this.#last = Math.max(this.#last, n)
    }
    const reached = this.#waiting.filter(({ count }) => this.#committed.size >= count)
    this.#waiting = this.#waiting.filter(({ count }) => this.#committed.size < count)
    for (const { resolve } of reached) resolve()
  }

  #fail(error: unknown): void {
    this.#failure = error
    this.#sending = false
    for (const { reject } of this.#waiting.splice(0)) reject(error)
  }
}

/** What every account has to look like. */
export const nothingLost = { lost: [], duplicates: [], outOfOrder: [] }
