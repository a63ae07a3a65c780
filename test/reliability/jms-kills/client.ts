// Clients that write down what they do and see: connections over failover, producers, and consumers whose deliveries belong to
// units. What is confirmed: a persistent send when it is answered, a transaction when its commit is. An acknowledgement has no
// answer of its own; it is confirmed by a commit that followed it on the same connection, and in doubt when the connection was
// lost in between.
import {
  createConnectionFactory,
  JmsError,
  type Connection,
  type ConsumerSettings,
  type MessageConsumer,
  type MessageProducer,
  type OutgoingMessage,
  type ReceivedMessage,
  type SendOptions,
  type Session,
} from '../../../broker/client/index.ts'
import type { Facts, History, Outcome } from './history.ts'

/** Where members are, and what is common to all clients of a run. */
export interface World {
  /** With options of the connection, such as `jms.clientID=x`. */
  readonly url: (...options: string[]) => string
  /** Of runs in which a member may forget what it handed out without being killed. */
  readonly deaths?: Deaths
}

/** How often a member has forgotten what it had handed out, as far as it is known. */
export interface Deaths {
  readonly count: number
  /** A connection was lost that none of these explains. */
  unexplained(): void
}

const bodyOf = (id: string): string => `${id} `.repeat(1 + ((id.length * 7) % 60))

export class Client {
  readonly name: string
  readonly connection: Connection
  readonly history: History
  /** How often the connection was lost. */
  losses = 0

  private constructor({ deaths }: World, name: string, connection: Connection, history: History) {
    this.name = name
    this.connection = connection
    this.history = history
    let deathsBefore = deaths?.count
    connection.on('transportInterrupted', () => {
      this.losses++
      if (deaths && deaths.count === deathsBefore) deaths.unexplained()
      history.add({ what: 'lost', connection: name })
    })
    connection.on('transportResumed', () => {
      deathsBefore = deaths?.count
      history.add({ what: 'found', connection: name })
    })
    // What is refused asynchronously shows in the history, if it matters.
    connection.on('exception', () => {})
    connection.start()
  }

  static async open(world: World, history: History, name: string, ...options: string[]): Promise<Client> {
    return new Client(world, name, await createConnectionFactory(world.url(...options)).createConnection(), history)
  }

  close(): Promise<void> {
    return this.connection.close()
  }
}

/** Numbers names, so that none comes twice: consumers, units, lives. */
export class Names {
  readonly #prefix: string
  readonly #counts = new Map<string, number>()

  constructor(prefix: string) {
    this.#prefix = prefix
  }

  next(kind: string): string {
    const count = (this.#counts.get(kind) ?? 0) + 1
    this.#counts.set(kind, count)
    return `${this.#prefix}/${kind}${count}`
  }
}

/** What one session does, one unit after the other. */
export class Work {
  readonly client: Client
  readonly session: Session
  readonly #names: Names
  readonly #barrier: Barrier | undefined
  #unit: string
  #lossesAtStart: number
  #held: ReceivedMessage[] = []
  #sent = 0

  private constructor(client: Client, session: Session, names: Names, barrier?: Barrier) {
    this.client = client
    this.session = session
    this.#names = names
    this.#barrier = barrier
    this.#unit = names.next('unit')
    this.#lossesAtStart = client.losses
  }

  static async open(client: Client, names: Names, mode: 'transacted' | 'client' | 'individual'): Promise<Work> {
    const session = await client.connection.createSession(mode)
    if (mode === 'transacted') return new Work(client, session, names)
    return new Work(client, session, names, await Barrier.open(client))
  }

  get unit(): string {
    return this.#unit
  }

  /** Messages of the unit: received and sent. */
  get size(): number {
    return this.#held.length + this.#sent
  }

  async receive(taker: Taker, timeoutMs: number): Promise<boolean> {
    const message = await taker.consumer.receive(timeoutMs)
    if (!message) return false
    if (this.#held.length === 0) this.#lossesAtStart = this.client.losses
    this.#held.push(message)
    const id = textOf(message.properties['id'])
    const { expiration, redelivered, groupFirstForConsumer: first } = message
    this.client.history.add({
      what: 'deliver',
      consumer: taker.name,
      id,
      unit: this.#unit,
      redelivered,
      ...(message.text !== bodyOf(id) && { damaged: true }),
      atMs: Date.now(),
      expiration,
      ...(first && { first }),
    })
    return true
  }

  /** For the sends of a transaction. */
  sending(): string {
    this.#sent++
    return this.#unit
  }

  /** Makes the unit final, if it can. */
  async finish(): Promise<Outcome> {
    if (this.size === 0) return 'done'
    const unit = this.#next()
    this.client.history.add({ what: 'end', unit })
    const outcome = await (this.#barrier ? this.#acknowledge(this.#barrier) : this.#commit())
    this.#end(unit, outcome)
    return outcome
  }

  /** Gives everything back. */
  async undo(): Promise<void> {
    if (this.size === 0) return
    const unit = this.#next()
    this.#held = []
    // Nothing of it can become final any more, whatever becomes of the call.
    this.#end(unit, 'undone')
    if (this.#barrier) this.session.recover()
    else await this.session.rollback()
  }

  /** With what is open: it goes to others. */
  async close(...takers: readonly Taker[]): Promise<void> {
    if (this.size > 0) this.#end(this.#next(), 'undone')
    for (const taker of takers) this.client.history.add({ what: 'close', consumer: taker.name })
    await this.session.close()
  }

  /** The whole connection, with what is open. */
  async hangUp(...takers: readonly Taker[]): Promise<void> {
    if (this.size > 0) this.#end(this.#next(), 'undone')
    for (const taker of takers) this.client.history.add({ what: 'close', consumer: taker.name })
    await this.client.close()
  }

  #next(): string {
    const unit = this.#unit
    this.#unit = this.#names.next('unit')
    this.#sent = 0
    return unit
  }

  #end(unit: string, outcome: Outcome): void {
    this.client.history.add({ what: 'outcome', unit, by: this.#barrier ? 'acknowledgement' : 'transaction', outcome })
  }

  async #commit(): Promise<Outcome> {
    this.#held = []
    try {
      await this.session.commit()
      return 'done'
    } catch (error) {
      if (!(error instanceof JmsError) || error.name !== 'TransactionRolledBackException') throw error
      await this.session.rollback()
      return /in doubt/.test(error.message) ? 'in doubt' : 'undone'
    }
  }

  async #acknowledge(barrier: Barrier): Promise<Outcome> {
    const held = this.#held.splice(0)
    const { losses } = this.client
    if (losses !== this.#lossesAtStart) {
      // Some of it came over a connection that is gone, and cannot be acknowledged any more.
      this.session.recover()
      return 'undone'
    }
    if (this.session.mode === 'client') await held.at(-1)!.acknowledge()
    else for (const message of held) await message.acknowledge()
    return (await barrier.isPassed()) && this.client.losses === losses ? 'done' : 'in doubt'
  }
}

/** A property of ours. */
export const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')

const barriers = 'queue://KILLS.BARRIERS'

/**
 * Says whether all that was written before on this connection is on the disk: a transaction that sends a message which means
 * nothing. (The answer to a plain send would not say it: a consumer may have been faster than the disk.)
 */
class Barrier {
  readonly #session: Session
  readonly #producer: MessageProducer

  private constructor(session: Session, producer: MessageProducer) {
    this.#session = session
    this.#producer = producer
  }

  static async open({ connection }: Client): Promise<Barrier> {
    const consumer = await (await connection.createSession('auto')).createConsumer(barriers)
    consumer.setListener(() => {})
    const session = await connection.createSession('transacted')
    return new Barrier(session, await session.createProducer(barriers))
  }

  async isPassed(): Promise<boolean> {
    try {
      await this.#producer.send('barrier')
      await this.#session.commit()
      return true
    } catch (error) {
      if (error instanceof JmsError && error.name === 'TransactionRolledBackException') return false
      throw error
    }
  }
}

/** A consumer with a name in the history. */
export interface Taker {
  readonly name: string
  readonly consumer: MessageConsumer
}

export interface TakerTerms {
  readonly from: string
  readonly wants?: string
  readonly lateMs?: number
}

/** `make` gets the consumer from the session; the history has it before the broker can send anything. */
export async function openTaker(
  work: Work,
  name: string,
  terms: TakerTerms,
  make: (session: Session) => Promise<MessageConsumer>,
): Promise<Taker> {
  work.client.history.add({ what: 'open', consumer: name, connection: work.client.name, ...terms })
  return { name, consumer: await make(work.session) }
}

export const openQueueTaker = (
  work: Work,
  name: string,
  terms: TakerTerms,
  settings: ConsumerSettings = {},
): Promise<Taker> =>
  openTaker(work, name, terms, (session) => session.createConsumer(`queue://${terms.from}`, settings))

/** Sends numbered messages, plain or in the transactions of a Work. */
export class Sender {
  readonly #history: History
  readonly #actor: string
  readonly #name: string
  readonly #producer: MessageProducer
  readonly #to: string
  readonly #work: Work | undefined
  #n = 0

  private constructor(
    history: History,
    actor: string,
    name: string,
    producer: MessageProducer,
    to: string,
    work?: Work,
  ) {
    this.#history = history
    this.#actor = actor
    this.#name = name
    this.#producer = producer
    this.#to = to
    this.#work = work
  }

  static async open(actor: string, name: string, to: string, over: Client | Work): Promise<Sender> {
    if (over instanceof Work)
      return new Sender(over.client.history, actor, name, await over.session.createProducer(to), bare(to), over)
    const session = await over.connection.createSession('auto')
    return new Sender(over.history, actor, name, await session.createProducer(to), bare(to))
  }

  /** Resolves with the id when it is answered; in a transaction when it is on its way. */
  async send(facts: Facts, message: OutgoingMessage = {}, options: SendOptions = {}): Promise<string> {
    const n = this.#n++
    const id = `${this.#name}#${n}`
    const unit = this.#work?.sending()
    const send = { what: 'send', id, to: this.#to, producer: this.#name, n, facts } as const
    this.#history.add(unit === undefined ? send : { ...send, unit })
    const properties = { ...(message.properties as object), id, actor: this.#actor }
    await this.#producer.send({ ...message, body: bodyOf(id), properties }, options)
    if (unit === undefined) this.#history.add({ what: 'sent', id })
    return id
  }
}

const bare = (destination: string): string => destination.replace(/^\w+:\/\//, '')
