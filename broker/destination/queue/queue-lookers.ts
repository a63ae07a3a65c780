// The consumers of a queue as its window shows messages to them, when some of them do not want every message: who would
// look at a message, who takes it, and how far they have looked.
import type { Message } from '../../message/message.ts'
import type { Sequence } from '../../store/held-message.ts'
import type { QueueEntry } from '../entry.ts'
import type { Lookers, Place } from '../window/look.ts'
import type { LookPosition } from '../window/look-positions.ts'
import type { QueueConsumer } from './queue-consumer.ts'
import type { QueueDispatch } from './queue-dispatch.ts'

/** What becomes of the messages. */
export interface QueueActions {
  give(entry: QueueEntry, consumer: QueueConsumer): void
  expire(entry: QueueEntry): void
  passOver(entry: QueueEntry): void
}

export class QueueLookers implements Lookers<QueueEntry, QueueConsumer> {
  readonly #consumers: QueueDispatch
  readonly give: QueueActions['give']
  readonly expire: QueueActions['expire']
  readonly passOver: QueueActions['passOver']
  /** What is shown at this moment: fields, so that a message costs no closure. */
  #place: Place = 'memory'
  #sequence: Sequence = 0
  #message: Message | null = null
  #reached: LookPosition = { memory: 0, store: 0 }
  #looked = false

  constructor(consumers: QueueDispatch, { give, expire, passOver }: QueueActions) {
    this.#consumers = consumers
    this.give = give
    this.expire = expire
    this.passOver = passOver
  }

  get hasRoom(): boolean {
    return this.#consumers.hasRoom
  }

  get looked(): boolean {
    return this.#looked
  }

  lowest(place: Place): Sequence {
    let lowest = Number.POSITIVE_INFINITY
    for (const [consumer, position] of this.#consumers.members)
      if (position[place] < lowest && this.#consumers.isOpen(consumer)) lowest = position[place]
    return lowest
  }

  highest(place: Place): Sequence {
    let highest = 0
    for (const [consumer, position] of this.#consumers.members)
      if (position[place] > highest && this.#consumers.isOpen(consumer)) highest = position[place]
    return highest
  }

  wouldLook(place: Place, sequence: Sequence, reached: LookPosition): boolean {
    for (const [consumer, position] of this.#consumers.members)
      if (isNext(position, place, sequence, reached) && this.#consumers.isOpen(consumer)) return true
    return false
  }

  choose(place: Place, message: Message, sequence: Sequence, reached: LookPosition): QueueConsumer | null {
    this.#place = place
    this.#sequence = sequence
    this.#message = message
    this.#reached = reached
    this.#looked = false
    const chosen = this.#consumers.chooseWho(this.#looks)
    this.#message = null
    return chosen
  }

  lookedThrough(from: Sequence, upTo: Sequence): void {
    for (const [consumer, position] of this.#consumers.members)
      if (position.store >= from && position.store < upTo && this.#consumers.isOpen(consumer)) position.store = upTo
  }

  readonly #looks = (consumer: QueueConsumer): boolean => {
    if (consumer.full) return false
    const position = this.#consumers.members.get(consumer)!
    if (!isNext(position, this.#place, this.#sequence, this.#reached)) return false
    position[this.#place] = this.#sequence
    this.#looked = true
    return consumer.accepts(this.#message!)
  }
}

const isNext = (position: LookPosition, place: Place, sequence: Sequence, reached: LookPosition): boolean =>
  position[place] < sequence && position.memory >= reached.memory && position.store >= reached.store
