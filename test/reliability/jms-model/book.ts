// The reference state of the JMS model, kept in the simplest way there is: each message that was sent, and a copy of it in each
// place that it is for. A place is a queue, what a durable subscription has of one topic, or an ordinary subscriber of topics.
// The book is told of everything that happens, in order, and throws at the first thing that is not allowed; what each
// feature adds to it is in files of their own (topics.ts, dead-letters.ts, …).
//
// A copy is `certain` when it has to be there. Where the order of two things is the broker's to choose (a subscription that
// begins while a send is held back), it may be there or not: then it is uncertain, until it turns up.
import type { Destination } from '../../../broker/message/destination.ts'
import type { Delivery } from '../../../broker/region/region.ts'
import { check } from '../queue-book.ts'
import { isForLetters, laneOf, leadsTo, reaches, type Wish } from './universe.ts'

export interface Sent {
  readonly id: string
  readonly connectionId: string
  readonly producer: string
  readonly number: number
  readonly destination: Destination
  readonly persistent: boolean
  readonly expiration: number
  readonly priority: number
  readonly group: string | null
  readonly groupSequence: number
  readonly color: number
  /** That it was sent in. */
  readonly transaction: BookTransaction | null
  readonly copies: Copy[]
  /** The topics that it is for. */
  readonly topics: Destination[]
  outstanding: boolean
}

type CopyState =
  /** Sent, and not there yet as far as anybody knows. */
  | 'coming'
  | 'waiting'
  | 'inFlight'
  /** Taken, which is not durable yet. */
  | 'leaving'
  | 'gone'

export interface Copy {
  readonly sent: Sent
  readonly place: Place
  readonly key: string
  /** Those of another one may pass over it. */
  readonly lane: string
  certain: boolean
  /** False for one that is persistent and may not be stored all the same: its subscription began behind its send. */
  stored: boolean
  state: CopyState
  /** Counted as one that came. */
  arrived: boolean
  /** In the store for sure as long as it is there, if it is persistent. */
  durable: boolean
  /** It has been in its place, while nothing was on its way there. */
  settled: boolean
  /** Somebody was given it before. */
  delivered: boolean
  redeliveries: number
  sequence: number
  returnedMs: number
  /** How long it is put off, while it is on its way back. */
  putOffMs: number | null
  /** Not delivered before the first moment; at the second one for sure. */
  dueMs: number
  dueByMs: number
  holder: BookConsumer | null
  /** That took it. */
  transaction: BookTransaction | null
  buried: 'poison' | 'expired' | null
  /** Of the queue's message that becomes one. */
  letter: Copy | null
}

export interface Place {
  readonly kind: 'queue' | 'durable' | 'subscriber'
  /** For people. */
  readonly name: string
  readonly destination: Destination
  readonly copies: Map<string, Copy>
  /** What was delivered last for the first time, by producer, delivery mode and lane. */
  readonly lastFirst: Map<string, number>
  deleted: boolean
}

export interface BookTransaction {
  readonly id: string
  readonly sends: Sent[]
  readonly acknowledged: Copy[]
  state: 'open' | 'committing' | 'applied' | 'rolledBack'
}

export interface BookConsumer {
  readonly id: string
  readonly connectionId: string
  readonly asked: Destination
  readonly noLocal: boolean
  readonly wish: Wish | null
  readonly isDurable: boolean
  /** By topic: of its durable subscription, or its own. */
  readonly topics: ReadonlyMap<string, Place>
  prefetch: number
  extension: number
  pull: { readonly timeoutMs: number; readonly dueMs: number } | null
  congested: boolean
  dispatched: Copy[]
}

export interface Counts {
  enqueued: number
  /** Expired before anybody can tell whether they had come. */
  unsure: number
  recovered: number
  dispatched: number
  expired: number
}

/** What a feature wants to know of. */
export interface BookListener {
  /** A message is sent: places besides queues that it is for. */
  sent?(sent: Sent, topic: Destination): void
  /** A copy, which waits as yet, is given to a consumer that may have it. */
  delivered?(copy: Copy, consumer: BookConsumer, atMs: number): void
  /** A transaction that had acknowledged it is rolled back. */
  rolledBack?(copy: Copy): void
}

export class Book {
  readonly queues = new Map<string, Place>()
  readonly counts = new Map<string, Counts>()
  readonly consumers: BookConsumer[] = []
  readonly committing = new Set<BookTransaction>()
  /** Not answered, or in a transaction that has not ended. */
  readonly outstanding = new Set<Sent>()
  readonly listeners: BookListener[] = []
  readonly #nowMs: () => number
  deliveries = 0

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  queue(name: string): Place {
    return obtain(this.queues, name, () => newPlace('queue', `queue ${name}`, { kind: 'queue', name }))
  }

  countsOf(name: string): Counts {
    return obtain(this.counts, name, () => ({ enqueued: 0, unsure: 0, recovered: 0, dispatched: 0, expired: 0 }))
  }

  /** Copies in queues that are not gone. */
  get size(): number {
    let size = 0
    for (const { copies } of this.queues.values()) size += copies.size
    return size
  }

  send(fields: Omit<Sent, 'copies' | 'topics' | 'outstanding'>, exists: (queue: string) => boolean): Sent {
    const sent: Sent = { ...fields, copies: [], topics: [], outstanding: true }
    this.outstanding.add(sent)
    for (const destination of leadsTo(sent.destination, sent.color, exists)) {
      if (destination.kind === 'queue') {
        this.add(sent, this.queue(destination.name))
        continue
      }
      sent.topics.push(destination)
      for (const listener of this.listeners) listener.sent?.(sent, destination)
    }
    return sent
  }

  add(sent: Sent, place: Place, certain = true, key = sent.id): Copy {
    const copy: Copy = {
      sent,
      place,
      key,
      lane: laneOf(place.destination, sent),
      certain,
      stored: sent.persistent,
      state: 'coming',
      arrived: false,
      durable: false,
      settled: false,
      delivered: false,
      redeliveries: 0,
      sequence: 0,
      returnedMs: 0,
      putOffMs: null,
      dueMs: 0,
      dueByMs: 0,
      holder: null,
      transaction: null,
      buried: null,
      letter: null,
    }
    check(!place.copies.has(key), () => `${nameOf(copy)} is there twice`)
    place.copies.set(key, copy)
    sent.copies.push(copy)
    return copy
  }

  /** A send has had its effect, and that is durable. */
  happened(sent: Sent): void {
    if (!sent.outstanding) return
    sent.outstanding = false
    this.outstanding.delete(sent)
    for (const { name } of sent.topics)
      if (sent.expiration > 0) this.countsOf(name).unsure++
      else this.countsOf(name).enqueued++
    for (const copy of sent.copies) {
      if (copy.state === 'coming') this.arrive(copy)
      copy.durable = true
    }
  }

  /** A send was refused, or rolled back. */
  forget(sent: Sent): void {
    sent.outstanding = false
    this.outstanding.delete(sent)
    for (const copy of sent.copies) {
      const cameNot = copy.state === 'coming' || copy.state === 'gone' || copy.buried !== null
      check(cameNot, () => `${nameOf(copy)} was refused after it had come`)
      if (copy.state === 'coming') this.vanish(copy)
    }
  }

  /** It is not there any more, and does not come again. */
  vanish(copy: Copy): void {
    copy.state = 'gone'
    copy.holder = null
    if (copy.place.copies.get(copy.key) === copy) copy.place.copies.delete(copy.key)
  }

  arrive(copy: Copy): void {
    if (copy.state === 'coming') copy.state = 'waiting'
    if (copy.arrived) return
    copy.arrived = true
    if (copy.putOffMs !== null) {
      copy.dueByMs = this.#nowMs() + copy.putOffMs
      copy.putOffMs = null
    }
    if (copy.place.kind === 'queue') this.countsOf(copy.place.destination.name).enqueued++
  }

  placeOf(consumer: BookConsumer, destination: Destination): Place | undefined {
    if (!reaches(consumer.asked, destination)) return undefined
    if (destination.kind === 'queue') return this.queue(destination.name)
    return consumer.topics.get(destination.name)
  }

  delivered(delivery: Delivery, atMs: number): void {
    const { message, destination, consumerId, sequence, redeliveryCounter } = delivery
    const consumer = this.consumers.find(({ id }) => id === consumerId)
    check(consumer !== undefined, () => `${consumerId}, which is closed, was given ${message.messageId}`)
    const place = this.placeOf(consumer, destination)
    check(place !== undefined, () => `${consumerId} was given ${message.messageId} of ${destination.name}`)
    const copy = findCopy(place, message.messageId, message.originalDestination, sequence)
    check(copy !== undefined, () => `${message.messageId} came from ${place.name} although it is gone (or never was)`)
    this.#takeEffect(copy)
    check(copy.state === 'waiting', () => `${nameOf(copy)} came again`)
    copy.certain = true
    if (place.kind !== 'subscriber')
      check(!isExpired(copy, atMs), () => `${nameOf(copy)} was delivered after it had expired`)
    check(atMs >= copy.dueMs, () => `${nameOf(copy)} was delivered before its delay was over`)
    const known = copy.sequence === 0 || copy.sequence === sequence
    check(known, () => `${nameOf(copy)} came with sequence ${sequence}`)
    check(
      redeliveryCounter === copy.redeliveries,
      () => `${nameOf(copy)} has counter ${redeliveryCounter}, not ${copy.redeliveries}`,
    )
    check(
      message.destination.name === destination.name && message.persistent === copy.sent.persistent,
      () => `${nameOf(copy)} was changed`,
    )
    copy.sequence = sequence
    this.#checkRoom(consumer, copy)
    checkOrder(copy, consumer, atMs)
    for (const listener of this.listeners) listener.delivered?.(copy, consumer, atMs)
    copy.state = 'inFlight'
    copy.delivered = copy.settled = true
    copy.holder = consumer
    consumer.dispatched.push(copy)
    consumer.pull = null
    this.countsOf(destination.name).dispatched++
    this.deliveries++
  }

  /** Acknowledged, given up or expired. `buried`: it may become a dead letter. */
  leave(copy: Copy, buried: Copy['buried'] = null): void {
    copy.state = 'leaving'
    copy.buried = buried
    copy.holder = null
    if (copy.place.kind === 'subscriber') this.vanish(copy)
  }

  /** What was taken is durably gone. */
  left(copy: Copy): void {
    if (copy.state !== 'leaving') return
    if (copy.letter) {
      copy.letter.durable = true
      this.arrive(copy.letter)
    }
    this.vanish(copy)
  }

  drop(consumer: BookConsumer, copy: Copy): void {
    consumer.dispatched.splice(consumer.dispatched.indexOf(copy), 1)
    consumer.extension = Math.max(0, consumer.extension - 1)
  }

  /** Also to a place that was deleted: while that is not durable, a crash brings it back with all that nobody took for good. */
  giveBack(copy: Copy, redeliveries: number): void {
    const { place } = copy
    copy.holder = null
    if (place.kind === 'subscriber') return this.vanish(copy)
    if (place.kind === 'durable' && !copy.stored && !this.#hasConsumer(place)) {
      if (!copy.sent.persistent) return this.vanish(copy)
      copy.certain = false
    }
    copy.state = 'waiting'
    copy.redeliveries += redeliveries
    copy.returnedMs = this.#nowMs()
  }

  apply(transaction: BookTransaction): void {
    if (transaction.state === 'applied') return
    check(transaction.state === 'committing', () => `${transaction.id} took effect although it is ${transaction.state}`)
    transaction.state = 'applied'
    for (const copy of transaction.acknowledged) {
      copy.transaction = null
      if (copy.holder) this.drop(copy.holder, copy)
      this.leave(copy)
    }
    for (const sent of transaction.sends) this.happened(sent)
  }

  /** What it acknowledged stays with its consumers; what belonged to closed ones waits again. */
  rollBack(transaction: BookTransaction): void {
    if (transaction.state === 'rolledBack') return
    check(transaction.state !== 'applied', () => `${transaction.id} was rolled back although it took effect`)
    transaction.state = 'rolledBack'
    for (const sent of transaction.sends) this.forget(sent)
    for (const copy of transaction.acknowledged) {
      copy.transaction = null
      for (const listener of this.listeners) listener.rolledBack?.(copy)
      if (copy.holder) copy.holder.extension = Math.max(0, copy.holder.extension - 1)
      else this.giveBack(copy, 1)
    }
  }

  /** All that was written until now is durable. */
  settle(): void {
    for (const place of this.places())
      for (const copy of Array.from(place.copies.values())) {
        if (copy.state === 'leaving') this.left(copy)
        else if (copy.state === 'coming' && !copy.sent.outstanding) this.arrive(copy)
        if (copy.arrived) copy.durable = copy.settled = true
      }
  }

  /** A queue was removed: what was taken of it does not come back. */
  settleQueue(name: string): void {
    for (const copy of Array.from(this.queue(name).copies.values())) this.left(copy)
  }

  /** Everything at which copies are. */
  *places(): Iterable<Place> {
    yield* this.queues.values()
    for (const { isDurable, topics } of this.consumers) if (!isDurable) yield* topics.values()
    yield* this.durablePlaces()
  }

  /** Of all durable subscriptions: durable-subscriptions.ts. */
  durablePlaces: () => Iterable<Place> = () => []

  #hasConsumer(place: Place): boolean {
    return this.consumers.some(({ topics }) => topics.get(place.destination.name) === place)
  }

  /** Deliveries come before the answer to what made them possible. */
  #takeEffect(copy: Copy): void {
    const { transaction } = copy.sent
    if (copy.state === 'coming') {
      if (transaction && copy.sent.outstanding) {
        check(this.committing.has(transaction), () => `${nameOf(copy)} came before the commit of its transaction`)
        this.apply(transaction)
      }
      this.arrive(copy)
    }
    // A commit that was held back is refused when its connection closes.
    if (copy.state === 'inFlight' && !copy.holder && copy.transaction?.state === 'committing')
      this.rollBack(copy.transaction)
  }

  #checkRoom(consumer: BookConsumer, copy: Copy): void {
    // The room may come from a commit that is durable but not answered yet.
    if (!hasRoom(consumer))
      for (const transaction of this.committing)
        if (transaction.acknowledged.some(({ holder }) => holder === consumer)) this.apply(transaction)
    check(hasRoom(consumer), () => `${consumer.id} was given ${nameOf(copy)} without having room`)
    check(accepts(consumer, copy), () => `${consumer.id} was given ${nameOf(copy)}, which it does not want`)
  }
}

/** None of the same producer that was sent before it is passed over. */
function checkOrder(copy: Copy, consumer: BookConsumer, atMs: number): void {
  const { place, sent, sequence } = copy
  if (isForLetters(place.destination.name)) return
  for (const other of place.copies.values()) {
    if (other === copy || other.lane !== copy.lane || !mayBeNext(other, consumer, atMs)) continue
    if (isLate(other) || isLate(copy)) continue
    const isEarlier = other.sent.producer === sent.producer && other.sent.number < sent.number
    const sentBefore = isEarlier && other.sent.persistent === sent.persistent && other.dueMs === 0 && copy.dueMs === 0
    check(!sentBefore, () => `${nameOf(copy)} passed over ${nameOf(other)}, which was sent before it`)
    // What is not stored may pass over what is read for a durable subscription, as JMS allows.
    const isComparable = place.kind === 'queue' || other.sent.persistent === sent.persistent
    const standsBefore = place.kind !== 'subscriber' && isComparable && other.sequence > 0 && other.sequence < sequence
    check(!standsBefore, () => `${nameOf(copy)} passed over ${nameOf(other)}, which stood before it`)
  }
  if (place.kind === 'queue' || copy.delivered || isLate(copy)) return
  // One consumer after the other gets everything: so each comes for the first time behind those that were sent before it.
  const order = `${sent.producer} ${sent.persistent} ${copy.lane}`
  const last = place.lastFirst.get(order) ?? 0
  check(sent.number > last, () => `${nameOf(copy)} came to ${consumer.id} behind ${last} of its producer`)
  place.lastFirst.set(order, sent.number)
}

/** Its subscription began behind its send: then nothing is said of its place. */
const isLate = ({ stored, sent }: Copy): boolean => stored !== sent.persistent

/** It waits for sure, and the consumer could have it now. */
export const mayBeNext = (copy: Copy, consumer: BookConsumer, atMs: number): boolean =>
  copy.state === 'waiting' && copy.certain && accepts(consumer, copy) && !isExpired(copy, atMs) && copy.dueByMs < atMs

export const newPlace = (kind: Place['kind'], name: string, destination: Destination): Place => ({
  kind,
  name,
  destination,
  copies: new Map(),
  lastFirst: new Map(),
  deleted: false,
})

/**
 * One place gets a message once; but the dead letter queue one from each place where it died, and another one when it dies there
 * again for another subscription, after a broker that remembered the first one.
 */
export function findCopy(place: Place, id: string, origin: Destination | null, sequence: number): Copy | undefined {
  if (!isForLetters(place.destination.name)) return place.copies.get(id)
  const name = `${id} of ${origin?.name}`
  const letters: Copy[] = []
  for (let copy = place.copies.get(name), n = 2; n < 10; copy = place.copies.get(`${name} (${n++})`))
    if (copy) letters.push(copy)
  const isUnknown = (copy: Copy): boolean => copy.sequence === 0 && copy.state !== 'leaving'
  return letters.find((copy) => copy.sequence === sequence) ?? letters.find(isUnknown) ?? letters[0]
}

/** The name of a new letter. */
export function letterKey({ copies }: Place, id: string, origin: string): string {
  const name = `${id} of ${origin}`
  if (!copies.has(name)) return name
  for (let n = 2; ; n++) if (!copies.has(`${name} (${n})`)) return `${name} (${n})`
}

export const hasRoom = ({ prefetch, pull, dispatched, extension, congested }: BookConsumer): boolean =>
  !congested && (prefetch === 0 ? pull !== null : dispatched.length - extension < prefetch)

export const accepts = ({ noLocal, connectionId, wish }: BookConsumer, { sent }: Copy): boolean =>
  (!noLocal || sent.connectionId !== connectionId) && (wish === null || wish.wants(sent))

export const isExpired = ({ sent: { expiration } }: Copy, nowMs: number): boolean =>
  expiration > 0 && expiration <= nowMs

export const nameOf = ({ key, sent, place, state, sequence, certain }: Copy): string =>
  `${key} of ${place.name} (${sent.persistent ? 'persistent' : 'non-persistent'}, ${certain ? '' : 'perhaps '}${state}, sequence ${sequence || 'unknown'})`

function obtain<T>(map: Map<string, T>, key: string, make: () => T): T {
  let found = map.get(key)
  if (!found) map.set(key, (found = make()))
  return found
}
