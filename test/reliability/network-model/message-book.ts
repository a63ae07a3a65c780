// What was sent into a network, and what has to become of it: the naive side of the model.
import type { Destination } from '../../../broker/message/destination.ts'
import { Violation } from '../queue-book.ts'
import type { Reach } from './reach.ts'

export interface SentMessage {
  /** Its body: says which one it is, and is different for each. */
  readonly text: string
  readonly number: number
  /** The broker that it was sent to. */
  readonly at: string
  readonly destination: Destination
  readonly priority: number
  /** 0 = it is good for ever. */
  readonly expiration: number
  answered: boolean
  /** Its broker died before the answer: it may be there or not. */
  inDoubt: boolean
  /** Of queues: how often it was consumed, and the ways over which those came whose consumption was answered. */
  consumed: number
  readonly answeredOver: Set<string>
  /** Who had it has died, and had forgotten it. */
  mayBeLost: boolean
  /** It was under way when a link broke or a broker died, or somebody who had it did not see the answer. */
  mayRepeat: boolean
}

/** Who gets a queue's message. */
export interface QueueReader {
  readonly id: string
  readonly broker: string
  readonly destination: Destination
  /** It wants only what has a higher priority; null: everything. */
  readonly abovePriority: number | null
}

export class MessageBook {
  readonly #reach: Reach
  readonly #sent = new Map<string, SentMessage>()
  #lastNumber = 0
  /** What brokers did that is not allowed, while they delivered. */
  readonly #violations: string[] = []

  constructor(reach: Reach) {
    this.#reach = reach
  }

  get lastNumber(): number {
    return this.#lastNumber
  }

  sends(to: Pick<SentMessage, 'at' | 'destination' | 'priority' | 'expiration'>): SentMessage {
    const number = ++this.#lastNumber
    const until = to.expiration > 0 ? ` until ${to.expiration}` : ''
    const text = `${number} of ${to.priority} to ${to.destination.name} at ${to.at}${until}`
    const states = { answered: false, inDoubt: false, consumed: 0, mayBeLost: false, mayRepeat: false }
    const sent: SentMessage = { ...to, ...states, text, number, answeredOver: new Set() }
    this.#sent.set(text, sent)
    return sent
  }

  all(): Iterable<SentMessage> {
    return this.#sent.values()
  }

  find(text: string): SentMessage {
    const sent = this.#sent.get(text)
    if (!sent) throw new Violation(`nobody has sent ${text}`)
    return sent
  }

  /** Somebody is given a message who wants it: it came where bridges may take it, and is still good. `path`: the brokers that it has passed. */
  delivered(text: string, reader: QueueReader, path: readonly string[], nowMs: number): void {
    const { destination, priority, expiration, at } = this.find(text)
    const { id, broker, abovePriority } = reader
    const isAsked = destination.name === reader.destination.name && destination.kind === reader.destination.kind
    this.require(isAsked, () => `${text} was delivered to ${id}, a consumer of ${reader.destination.name}`)
    const isSelected = abovePriority === null || priority > abovePriority
    this.require(isSelected, () => `${text} was delivered to ${id}, a consumer of what is above ${abovePriority}`)
    this.require(expiration === 0 || expiration > nowMs, () => `${text} was delivered to ${id} at ${nowMs}`)
    const places = [...path, broker]
    this.require(places[0] === at, () => `${text} came to ${id} at ${broker} over ${path.join(', ')}`)
    const problem = this.#reach.problemOf(destination, places)
    this.require(problem === null, () => `${text} came to ${id} over ${places.join(', ')}: ${problem}`)
  }

  /** Told by `check`: who is called by a broker must not throw. */
  require(holds: boolean, what: () => string): void {
    if (!holds) this.#violations.push(what())
  }

  /** @throws {Violation} */
  check(): void {
    const [first] = this.#violations
    if (first !== undefined) throw new Violation(first)
  }

  /** Somebody has it. */
  taken(text: string): SentMessage {
    const sent = this.find(text)
    if (!sent.answered && !sent.inDoubt) throw new Violation(`${text} was delivered before it was answered`)
    return sent
  }

  /** Of a queue. */
  consumed(text: string): SentMessage {
    const sent = this.taken(text)
    if (++sent.consumed > 1 && !sent.mayRepeat) throw new Violation(`${text} was consumed ${sent.consumed} times`)
    return sent
  }
}
