// A history read once, so that rules can ask: what became of a message, of a unit, of a consumer, and when brokers were killed.
// Pure. Places are queues and lives of durable subscriptions; times are the indexes of events.
import type { Delivery, Event, Facts, Letter, Outcome } from './history.ts'

const never = Number.POSITIVE_INFINITY
/** Between the kill and the event before it. */
const beforeIt = 0.5

export interface SentMessage {
  readonly id: string
  readonly to: string
  readonly producer: string
  readonly n: number
  readonly facts: Facts
  readonly unit: Unit | undefined
  readonly sendIndex: number
  /** When a send without transaction was answered. */
  sentIndex: number
  readonly deliveries: Handed[]
  readonly letters: (Letter & { readonly index: number })[]
}

/** A delivery, with its message, its consumer and its unit. */
export interface Handed extends Delivery {
  readonly index: number
  /**
   * When the broker can have sent it at the latest. A client that has not noticed yet that its broker was killed hands out what
   * that one had sent before, while others get the same from the next one.
   */
  readonly since: number
  readonly message: SentMessage | undefined
  readonly by: Consumer
  readonly in: Unit
}

export interface Unit {
  readonly id: string
  endIndex: number
  outcomeIndex: number
  outcome: Outcome
  isTransaction: boolean
  readonly sends: SentMessage[]
  readonly deliveries: Handed[]
}

export interface Consumer {
  readonly id: string
  readonly connection: string
  readonly from: string
  readonly wants: string | undefined
  readonly lateMs: number
  readonly openIndex: number
  closeIndex: number
  readonly deliveries: Handed[]
}

interface Loss {
  /** When the client saw it. */
  readonly index: number
  /** When its broker may have closed it. */
  readonly earliest: number
}

export class Reading {
  readonly messages = new Map<string, SentMessage>()
  readonly units = new Map<string, Unit>()
  readonly consumers = new Map<string, Consumer>()
  readonly deliveries: Handed[] = []
  readonly wrong: { readonly index: number; readonly text: string }[] = []
  /** Of messages that nobody sent. */
  readonly strayLetters: (Letter & { readonly index: number })[] = []
  readonly #kills: number[] = []
  readonly #losses = new Map<string, Loss[]>()
  readonly #finds = new Map<string, number[]>()
  #troubleSince: number | undefined
  readonly lastIndex: number

  constructor(events: readonly Event[]) {
    for (const event of events) this.#read(event)
    this.lastIndex = events.at(-1)?.index ?? 0
  }

  /** A broker was killed between the two. */
  killedBetween(from: number, to: number): boolean {
    return isBetween(this.#kills, from, to)
  }

  /** Of the last kill before `index`; -1 when there was none. */
  lastKillBefore(index: number): number {
    return last(this.#kills, index)
  }

  /** As far as its broker is concerned, which may have closed it before the client has seen that. */
  lostBetween(connection: string, from: number, to: number): boolean {
    return (this.#losses.get(connection) ?? []).some(({ index, earliest }) => index > from && earliest < to)
  }

  /** How often the connection had been lost by then. */
  lossesBefore(connection: string, index: number): number {
    return (this.#losses.get(connection) ?? []).filter((one) => one.index < index).length
  }

  /** The consumer was closed or cut off between the two, or a broker was killed. */
  endedBetween(consumer: Consumer, from: number, to: number): boolean {
    const closed = consumer.closeIndex > from && consumer.closeIndex < to
    return closed || this.killedBetween(from, to) || this.lostBetween(consumer.connection, from, to)
  }

  #read(event: Event): void {
    if (event.what === 'kill') this.#kills.push(event.index)
    else if (event.what === 'trouble') this.#troubleSince = event.index
    else if (event.what === 'calm') this.#troubleSince = undefined
    else if (event.what === 'lost') this.#readLoss(event)
    else if (event.what === 'found') listIn(this.#finds, event.connection).push(event.index)
    else if (event.what === 'send') this.#readSend(event)
    else if (event.what === 'sent') this.messages.get(event.id)!.sentIndex = event.index
    else if (event.what === 'open') this.#readOpen(event)
    else if (event.what === 'close') {
      const consumer = this.consumers.get(event.consumer)
      if (consumer) consumer.closeIndex = Math.min(consumer.closeIndex, event.index)
    } else if (event.what === 'deliver') this.#readDelivery(event)
    else if (event.what === 'end') this.#unit(event.unit).endIndex = event.index
    else if (event.what === 'outcome') {
      const unit = this.#unit(event.unit)
      unit.outcome = event.outcome
      unit.outcomeIndex = event.index
      unit.isTransaction = event.by === 'transaction'
    } else if (event.what === 'letter') (this.messages.get(event.id)?.letters ?? this.strayLetters).push(event)
    else if (event.what === 'wrong') this.wrong.push(event)
  }

  #readLoss({ connection, index }: Event & { what: 'lost' }): void {
    const foundAt = this.#finds.get(connection)?.at(-1) ?? -1
    const earliest = Math.max(foundAt, this.#troubleSince ?? index)
    listIn(this.#losses, connection).push({ index, earliest })
  }

  #readSend({ id, to, producer, n, facts, unit, index }: Event & { what: 'send' }): void {
    const within = unit === undefined ? undefined : this.#unit(unit)
    const message: SentMessage = {
      id,
      to,
      producer,
      n,
      facts,
      unit: within,
      sendIndex: index,
      sentIndex: never,
      deliveries: [],
      letters: [],
    }
    this.messages.set(id, message)
    within?.sends.push(message)
  }

  #readOpen({ consumer: id, connection, from, wants, lateMs = 0, index }: Event & { what: 'open' }): void {
    this.consumers.set(id, {
      id,
      connection,
      from,
      wants,
      lateMs,
      openIndex: index,
      closeIndex: never,
      deliveries: [],
    })
  }

  #readDelivery(event: Event & { what: 'deliver' }): void {
    const message = this.messages.get(event.id)
    const by = this.consumers.get(event.consumer)!
    const handed: Handed = { ...event, since: this.#sentBy(event.index, by), message, by, in: this.#unit(event.unit) }
    for (const list of [this.deliveries, by.deliveries, handed.in.deliveries]) list.push(handed)
    message?.deliveries.push(handed)
  }

  #sentBy(index: number, { connection, openIndex }: Consumer): number {
    const connectedAt = Math.max(openIndex, last(this.#finds.get(connection) ?? [], index))
    const killedAt = this.#kills.find((kill) => kill > connectedAt)
    return killedAt === undefined || killedAt > index ? index : killedAt - beforeIt
  }

  #unit(id: string): Unit {
    let unit = this.units.get(id)
    if (!unit) {
      // Whose end was never seen is in doubt.
      const unknown = { endIndex: never, outcomeIndex: never, outcome: 'in doubt', isTransaction: true } as const
      this.units.set(id, (unit = { id, ...unknown, sends: [], deliveries: [] }))
    }
    return unit
  }
}

/** The broker has said that it has the message. */
export const isCertain = ({ unit, sentIndex }: SentMessage): boolean =>
  unit ? unit.outcome === 'done' : sentIndex < never

/** It was rolled back, for sure. */
export const isUndone = ({ unit }: SentMessage): boolean => unit?.outcome === 'undone'

/** The consumer has been told that it will not come again; or does not know whether it will. */
export const isTaken = ({ in: unit }: Handed): boolean => unit.outcome !== 'undone'

/** By then its consumption was confirmed. */
export const isDoneBy = ({ in: unit }: Handed, index: number): boolean =>
  unit.outcome === 'done' && unit.outcomeIndex < index

/** By then it had been rolled back. */
export const isUndoneBy = ({ in: unit }: Handed, index: number): boolean =>
  unit.outcome === 'undone' && unit.outcomeIndex < index

function isBetween(sorted: readonly number[], from: number, to: number): boolean {
  const before = last(sorted, to)
  return before > from
}

/** The largest below `limit`; -1 when there is none. */
function last(sorted: readonly number[], limit: number): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (sorted[middle]! < limit) low = middle + 1
    else high = middle
  }
  return low === 0 ? -1 : sorted[low - 1]!
}

function listIn<K, V>(map: Map<K, V[]>, key: K): V[] {
  let list = map.get(key)
  if (!list) map.set(key, (list = []))
  return list
}
