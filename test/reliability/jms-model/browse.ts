// What a browser of one queue sees: all that was there when it came, and still is when it gets there, in order, each once; then the
// end. What was on its way then may be seen or not, and what came later is not.
import type { Destination } from '../../../broker/message/destination.ts'
import type { Delivery } from '../../../broker/region/region.ts'
import { check } from '../queue-book.ts'
import { findCopy, isExpired, nameOf, type Copy, type Place } from './book.ts'
import type { ModelClient } from './client.ts'
import type { Wish } from './universe.ts'

interface Parts {
  readonly id: string
  readonly client: ModelClient
  readonly place: Place
  readonly wish: Wish | null
  readonly prefetch: number
}

export class Browse {
  readonly id: string
  readonly client: ModelClient
  readonly asked: Destination
  readonly prefetch: number
  /** Shown, and not acknowledged. */
  unacknowledged: Delivery[] = []
  hasEnded = false
  readonly #place: Place
  readonly #wish: Wish | null
  readonly #mayBeSeen: Set<Copy>
  readonly #mustBeSeen: Set<Copy>
  readonly #seen = new Set<Copy>()
  #last = 0

  constructor({ id, client, place, wish, prefetch }: Parts) {
    this.id = id
    this.client = client
    this.asked = place.destination
    this.prefetch = prefetch
    this.#place = place
    this.#wish = wish
    const copies = [...place.copies.values()]
    this.#mayBeSeen = new Set(copies)
    this.#mustBeSeen = new Set(copies.filter((copy) => copy.settled && copy.certain && isThere(copy)))
  }

  get hasRoom(): boolean {
    return !this.client.congested && this.unacknowledged.length < this.prefetch
  }

  shown(delivery: Delivery, atMs: number): void {
    const { message, sequence } = delivery
    const copy = findCopy(this.#place, message.messageId, message.originalDestination, sequence)
    check(copy !== undefined, () => `${this.id} saw ${message.messageId} of ${this.#place.name}, which is gone`)
    const saw = (): string => `${this.id} saw ${nameOf(copy)}`
    check(this.#mayBeSeen.has(copy), () => `${saw()}, which came later`)
    // What was given up is there until it is a dead letter, or dropped: its body may have to be read for that.
    const isGivenUp = copy.state === 'leaving' && copy.buried !== null
    check(isThere(copy) || copy.state === 'coming' || isGivenUp, () => `${saw()}, which was taken`)
    check(!this.#seen.has(copy), () => `${saw()} twice`)
    check(!isExpired(copy, atMs), () => `${saw()}, which has expired`)
    check(copy.sequence === 0 || copy.sequence === sequence, () => `${saw()} as ${sequence}`)
    check(sequence > this.#last, () => `${saw()} behind ${this.#last}`)
    check(this.#wish?.wants(copy.sent) ?? true, () => `${saw()}, which it does not want`)
    check(!this.hasEnded, () => `${saw()} behind the end`)
    check(this.hasRoom, () => `${saw()} without having room`)
    this.#seen.add(copy)
    this.#last = sequence
    this.unacknowledged.push(delivery)
  }

  /** It was not to be seen while the transaction was open. */
  rolledBack(copy: Copy): void {
    this.#mustBeSeen.delete(copy)
  }

  ended(atMs: number): void {
    check(!this.hasEnded, () => `${this.id} saw the end twice`)
    this.hasEnded = true
    for (const copy of this.#mustBeSeen) {
      if (this.#seen.has(copy) || !isThere(copy) || isExpired(copy, atMs)) continue
      // It may have been put off; what a transaction has acknowledged is not shown.
      const isSure = copy.putOffMs === null && copy.dueMs === 0 && copy.transaction === null
      check(!isSure || this.#wish?.wants(copy.sent) === false, () => `${this.id} did not see ${nameOf(copy)}`)
    }
  }
}

const isThere = ({ state }: Copy): boolean => state === 'waiting' || state === 'inFlight'
