// The model's part about messages that are given up: by their consumers, or because they have expired. Each becomes a dead letter
// once, in the queue that its strategy says; or comes again after a delay; or is dropped.
import type { Message } from '../../../broker/message/message.ts'
import { check } from '../queue-book.ts'
import { isExpired, letterKey, nameOf, type Book, type Copy, type Sent } from './book.ts'
import { delayBeforeNext, isForLetters, letterPlace, type LetterRules } from './universe.ts'

export class DeadLetters {
  readonly #book: Book
  readonly #figures: { putOff: number; deadLetters: number }
  readonly #rules: LetterRules
  readonly #nowMs: () => number
  /** Source and id of every letter there was: none is kept twice. */
  readonly #audit = new Set<string>()
  /** What topics' messages were given up, or said to have expired, by a client. */
  readonly #givenUp = new Set<string>()
  /** Those that have to be letters when everything is at rest. */
  readonly #due = new Set<string>()

  constructor(book: Book, rules: LetterRules, figures: { putOff: number; deadLetters: number }, nowMs: () => number) {
    this.#book = book
    this.#figures = figures
    this.#rules = rules
    this.#nowMs = nowMs
  }

  /** A client gives a copy up, which its consumer has no more. */
  bury(copy: Copy, reason: 'poison' | 'expired'): void {
    const { place, sent } = copy
    if (place.kind === 'subscriber') return this.#book.leave(copy)
    const delayMs = reason === 'poison' ? delayBeforeNext(place.destination, copy.redeliveries) : null
    if (delayMs !== null && !isExpired(copy, this.#nowMs())) return this.#putOff(copy, delayMs)
    const key = keyOf(place.destination.name, sent.id)
    this.#givenUp.add(key)
    if (letterPlace(place.destination, sent.persistent, reason, this.#rules) !== null) this.#due.add(key)
    this.#book.leave(copy, reason)
  }

  /** The broker says that a message expired. */
  expired(name: string, id: string, atMs: number): void {
    this.#book.countsOf(name).expired++
    const key = keyOf(name, id)
    const copy = this.#copyOf(name, id)
    if (!copy) {
      check(
        this.#givenUp.has(key) || this.#isExpiredOnTopic(name, id, atMs),
        () => `${id} of ${name} expired although it is gone, or lives`,
      )
      return
    }
    // The client said so, and it is on its way already.
    if (copy.state === 'leaving')
      return check(copy.buried !== null, () => `${nameOf(copy)} expired after it was acknowledged`)
    check(isExpired(copy, atMs), () => `${nameOf(copy)} expired before its time`)
    check(copy.state === 'waiting' || copy.state === 'coming', () => `${nameOf(copy)} expired`)
    if (copy.state === 'coming') this.#book.countsOf(name).unsure++
    if (letterPlace(copy.place.destination, copy.sent.persistent, 'expired', this.#rules) !== null) this.#due.add(key)
    this.#book.leave(copy, 'expired')
  }

  deadLettered(message: Message, name: string): void {
    const { messageId: id, persistent, producerId, producerSequenceId, priority, groupId, groupSequence } = message
    const key = keyOf(name, id)
    const copy = this.#copyOf(name, id)
    const origin = copy?.sent ?? this.#sentTo(name, id)
    const wasGivenUp = copy ? copy.buried !== null : this.#givenUp.has(key) || origin !== undefined
    check(wasGivenUp, () => `${id} of ${name} became a dead letter without a reason`)
    check(!this.#audit.has(key), () => `${id} of ${name} became a dead letter twice`)
    this.#audit.add(key)
    this.#due.delete(key)
    const kind = this.#isQueue(name) ? 'queue' : 'topic'
    const queue = letterPlace({ kind, name }, persistent, copy?.buried ?? 'poison', this.#rules)
    check(queue !== null, () => `${id} of ${name} was kept as a dead letter`)
    const sent: Sent = {
      id,
      connectionId: producerId.replace(/:-?\d+:-?\d+$/, ''),
      producer: producerId,
      number: producerSequenceId,
      destination: { kind: 'queue', name: queue },
      persistent: true,
      expiration: 0,
      priority,
      group: groupId,
      groupSequence,
      color: colorOf(origin?.number ?? producerSequenceId),
      transaction: null,
      copies: [],
      topics: [],
      outstanding: false,
    }
    const place = this.#book.queue(queue)
    const letter = this.#book.add(sent, place, true, letterKey(place, id, name))
    if (copy) copy.letter = letter
    this.#figures.deadLetters++
  }

  /** Everything is at rest: those that had to be kept are. */
  checkKept(): void {
    for (const key of this.#due)
      check(this.#audit.has(key), () => `${key} was given up and did not become a dead letter`)
    this.#due.clear()
  }

  /** To the end of its queue, which does not deliver it before it is due. */
  #putOff(copy: Copy, delayMs: number): void {
    this.#figures.putOff++
    copy.state = 'coming'
    copy.holder = null
    copy.arrived = false
    copy.redeliveries++
    copy.sequence = 0
    copy.putOffMs = delayMs
    copy.dueMs = this.#nowMs() + delayMs
    copy.dueByMs = Number.POSITIVE_INFINITY
  }

  /** Of several letters of one message the one that was given up. */
  #copyOf(name: string, id: string): Copy | undefined {
    const copies = this.#book.queues.get(name)?.copies
    const found = copies?.get(id)
    if (found || !copies || !isForLetters(name)) return found
    const letters = [...copies.values()].filter(({ sent }) => sent.id === id)
    return letters.find(({ buried }) => buried !== null) ?? letters[0]
  }

  #isQueue(name: string): boolean {
    return this.#book.queues.has(name)
  }

  #isExpiredOnTopic(name: string, id: string, atMs: number): boolean {
    const sent = this.#sentTo(name, id)
    return sent !== undefined && sent.expiration > 0 && sent.expiration <= atMs
  }

  /** Of a message of a topic that may expire. */
  #sentTo(name: string, id: string): Sent | undefined {
    for (const sent of this.#book.outstanding)
      if (sent.id === id && sent.topics.some((topic) => topic.name === name)) return sent
    for (const place of this.#book.durablePlaces())
      if (place.destination.name === name) {
        const found = place.copies.get(id)
        if (found) return found.sent
      }
    // What a slow subscriber keeps waiting expires there.
    for (const { topics } of this.#book.consumers) {
      const found = topics.get(name)?.copies.get(id)
      if (found) return found.sent
    }
    return undefined
  }
}

const keyOf = (name: string, id: string): string => `${name} ${id}`

/** Drawn from its number, so that whoever reads a message again knows it. */
export const colorOf = (number: number): number => number % 4
