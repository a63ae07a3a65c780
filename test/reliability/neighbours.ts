// Somebody who fills a broker, and neighbours on other destinations who have to go on meanwhile. The troublemaker sends until
// nothing more is taken of it, and goes on trying; the neighbours send and receive; then the troublemaker's destination is
// drained. Throws when a neighbour stands still, or when something is lost, doubled or out of order.
import { createConnectionFactory, type Connection, type MessageConsumer } from '../../broker/client/index.ts'
import type { DeliveryMode } from '../../broker/client/index.ts'
import { connectDeaf } from '../support/deaf-client.ts'

/** Nobody has to be fast: whoever gets nothing for so long stands still. */
const receiveMs = 20_000
const quietMs = 200
const pollMs = 20
/** A connection that is held back is closed without waiting for its sends. */
const closeMs = 500
const neighbourBytes = 1024
const troubleBytes = 16 * 1024
const stuckPrefetch = 50
const destinationName = 'TROUBLE'
/** That a sender which was held back goes on is seen by these. */
const moreMessages = 20

export type TroubleKind = 'flood' | 'stuck' | 'deaf'
export type DestinationKind = 'queue' | 'topic'

export interface TroubleOptions {
  readonly kind: TroubleKind
  readonly destination: DestinationKind
  readonly deliveryMode: DeliveryMode
  readonly port: number
}

/** What the admin port says; 0 of what a broker does not have. */
export interface RoomFigures {
  readonly blockedConnections: number
  readonly memoryUsed: number
  readonly tempMessages: number
  readonly tempUsed: number
  readonly storeUsed: number
  /** Unacknowledged messages of the troublemaker's destination. */
  readonly inFlight: number
  /** Messages that a subscriber who does not read has lost because memory was short. */
  readonly givenWay: number
}

export async function roomFigures(adminUrl: string): Promise<RoomFigures> {
  const text = await (await fetch(`${adminUrl}/metrics`)).text()
  const value = (name: string): number =>
    Number(
      text
        .split('\n')
        .find((line) => line.startsWith(`${name} `))
        ?.slice(name.length + 1) ?? 0,
    )
  const destination = ['queue', 'topic']
    .map((kind) => value(`flotilla_destination_in_flight_messages{kind="${kind}",destination="${destinationName}"}`))
    .find((inFlight) => inFlight > 0)
  return {
    blockedConnections: value('flotilla_blocked_connections'),
    memoryUsed: value('flotilla_memory_used_bytes'),
    tempMessages: value('flotilla_temp_messages'),
    tempUsed: value('flotilla_temp_used_bytes'),
    storeUsed: value('flotilla_store_used_bytes'),
    inFlight: destination ?? 0,
    givenWay: value('flotilla_limit_reached_total{limit="congestedTopicMemoryShare"}'),
  }
}

/** Resolves with the figures when they are as wanted; throws when that does not come. */
export async function untilFigures(adminUrl: string, wanted: (figures: RoomFigures) => boolean): Promise<RoomFigures> {
  const deadline = performance.now() + receiveMs
  for (;;) {
    const figures = await roomFigures(adminUrl)
    if (wanted(figures)) return figures
    if (performance.now() > deadline) throw new Error(`It never came to what was wanted: ${JSON.stringify(figures)}`)
    await pause()
  }
}

/** Looks at the memory all the while; ends when told, with the most that was used. */
export function watchMemory(adminUrl: string): () => Promise<number> {
  const watch = new AbortController()
  const watched = (async () => {
    let most = 0
    while (!watch.signal.aborted) {
      most = Math.max(most, (await roomFigures(adminUrl)).memoryUsed)
      await pause()
    }
    return most
  })()
  watched.catch(() => {}) // Of a test that failed, and ended its broker.
  return () => {
    watch.abort()
    return watched
  }
}

/** Ends with its broker, at the latest: a sender that is held back does not end before. */
export class Troublemaker {
  /** Taken by the socket, or answered: what has to arrive. */
  sent = 0
  readonly #options: TroubleOptions
  readonly #removeConsumer: () => Promise<void> | void
  /** Of the one that is stuck. */
  readonly #consumer: MessageConsumer | undefined
  readonly #ended: Promise<void>
  #upTo = Number.POSITIVE_INFINITY
  #slow = false
  #sending = true
  #over = false

  static async start(options: TroubleOptions): Promise<Troublemaker> {
    const { kind, destination, port } = options
    const sending = await connect(port)
    if (kind === 'flood') return new Troublemaker(options, sending, () => {})
    if (kind === 'deaf') {
      const deaf = await connectDeaf(port, { kind: destination, name: destinationName })
      return new Troublemaker(options, sending, () => deaf.destroy())
    }
    const stuck = await connect(port)
    stuck.start()
    const session = await stuck.createSession('client')
    const consumer = await session.createConsumer(urlOf(options), { prefetchSize: stuckPrefetch })
    return new Troublemaker(options, sending, () => stuck.close(), consumer)
  }

  private constructor(
    options: TroubleOptions,
    sending: Connection,
    removeConsumer: () => Promise<void> | void,
    consumer?: MessageConsumer,
  ) {
    this.#options = options
    this.#removeConsumer = removeConsumer
    this.#consumer = consumer
    this.#ended = this.#send(sending).finally(() => (this.#over = true))
    this.#ended.catch(() => {})
  }

  /** It rests when it has sent so much, until something is drained. */
  restAfter(bytes: number): void {
    this.#upTo = Math.ceil(bytes / troubleBytes)
  }

  /** It is enough that it goes on: at its whole speed it would take the processor from everybody. */
  slowDown(): void {
    this.#slow = true
  }

  get rests(): boolean {
    return this.sent >= this.#upTo
  }

  /** Its consumer goes, and somebody else takes everything; the sender goes on meanwhile, for a while. */
  async drainQueue(): Promise<void> {
    await this.#removeConsumer()
    const connection = await connect(this.#options.port)
    try {
      connection.start()
      const session = await connection.createSession('auto')
      await this.#drain(await session.createConsumer(urlOf(this.#options)))
    } finally {
      await connection.close()
    }
  }

  /** The stuck subscriber wakes up and takes everything, the sender goes on; whoever was deaf just leaves. */
  async drainTopic(): Promise<void> {
    if (this.#consumer) return this.#drain(this.#consumer)
    await this.#removeConsumer()
    const wanted = this.sent + moreMessages
    const deadline = performance.now() + receiveMs
    while (this.sent < wanted && !this.#over) {
      if (performance.now() > deadline) throw new Error(`The sender to ${destinationName} stands still`)
      await pause()
    }
    this.#sending = false
    await this.#ended
  }

  async #drain(consumer: MessageConsumer): Promise<void> {
    const wanted = this.sent + moreMessages
    this.#upTo = Number.POSITIVE_INFINITY
    let idleMs = 0
    for (let received = 0; !this.#over || received < this.sent;) {
      if (this.sent >= wanted) this.#sending = false
      const message = await consumer.receive(pollMs)
      if (message) {
        expectNumber(message, received++, destinationName)
        await message.acknowledge()
        idleMs = 0
      } else if ((idleMs += pollMs) > receiveMs)
        throw new Error(`${destinationName} stands still after ${received} of ${this.sent} messages`)
    }
    await this.#ended
    const extra = await consumer.receive(quietMs)
    if (extra) throw new Error(`Message ${Number(extra.properties['n'])} came after the last one, ${this.sent - 1}`)
  }

  async #send(connection: Connection): Promise<void> {
    const { deliveryMode } = this.#options
    const session = await connection.createSession('auto')
    const producer = await session.createProducer(urlOf(this.#options))
    const body = Buffer.alloc(troubleBytes, 'x')
    while (this.#sending) {
      if (this.rests || this.#slow) await pause()
      if (this.rests) continue
      await producer.send({ body, properties: { n: this.sent } }, { deliveryMode })
      this.sent++
    }
  }
}

/** So many messages through a destination of each kind, all at the same time; each gets its own in order. */
export async function neighboursPass(port: number, messages: number): Promise<void> {
  const kinds = (['queue', 'topic'] as const).flatMap((destination) =>
    (['persistent', 'non-persistent'] as const).map((deliveryMode) => ({ destination, deliveryMode })),
  )
  await Promise.all(kinds.map((kind) => neighbourPasses(port, messages, kind)))
}

async function neighbourPasses(
  port: number,
  messages: number,
  { destination, deliveryMode }: Pick<TroubleOptions, 'destination' | 'deliveryMode'>,
): Promise<void> {
  const name = `${destination}://NEIGHBOUR.${deliveryMode}`
  const connections = await Promise.all([connect(port), connect(port)])
  const [sending, receiving] = connections
  try {
    receiving.start()
    const consumer = await (await receiving.createSession('auto')).createConsumer(name)
    const producer = await (await sending.createSession('auto')).createProducer(name)
    const send = async (): Promise<void> => {
      const body = Buffer.alloc(neighbourBytes, 'y')
      for (let n = 0; n < messages; n++) await producer.send({ body, properties: { n } }, { deliveryMode })
    }
    const receive = async (): Promise<void> => {
      for (let n = 0; n < messages; n++) expectNumber(await consumer.receive(receiveMs), n, name)
    }
    // A send that waits for ever must not hide that nothing comes.
    await receiveBeside(receive(), send())
  } finally {
    await Promise.allSettled(connections.map((connection) => connection.close()))
  }
}

async function receiveBeside(received: Promise<void>, sent: Promise<void>): Promise<void> {
  await Promise.race([received, sent.then(() => received)])
  await sent
}

function expectNumber(
  message: { readonly properties: Readonly<Record<string, unknown>> } | null,
  wanted: number,
  name: string,
): void {
  if (!message) throw new Error(`${name} stands still: nothing came for ${receiveMs} ms instead of message ${wanted}`)
  const got = Number(message.properties['n'])
  if (got !== wanted) throw new Error(`${name}: message ${got} came instead of ${wanted}`)
}

const urlOf = ({ destination }: TroubleOptions): string => `${destination}://${destinationName}`

const connect = (port: number): Promise<Connection> =>
  createConnectionFactory(`tcp://127.0.0.1:${port}?jms.closeTimeout=${closeMs}`).createConnection()

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, pollMs))
