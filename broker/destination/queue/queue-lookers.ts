// The consumers of a queue as its window shows messages to them, when some of them do not want every message, or messages
// are of groups: who would look at a message, who takes it, and how far they have looked.
//
// Each look begins with those who have room, and each part of it with those of them who have not looked at all of that part: a
// message is asked about of these only, so that a thousand who have looked cost nothing while one goes on.
import type { Message } from '../../message/message.ts'
import type { Sequence } from '../../store/held-message.ts'
import type { QueueEntry } from '../entry.ts'
import type { Lookers, Place } from '../window/look.ts'
import type { LookPosition } from '../window/look-positions.ts'
import type { MessageGroup } from './message-group.ts'
import type { MessageGroups } from './message-groups.ts'
import type { QueueConsumer } from './queue-consumer.ts'
import type { Member, QueueDispatch } from './queue-dispatch.ts'

/** What becomes of the messages. */
export interface QueueActions {
  give(entry: QueueEntry, consumer: QueueConsumer): void
  expire(entry: QueueEntry): void
  passOver(entry: QueueEntry): void
}

/** Those who look, with how far they have come in the window that is looked at. */
export type LookingMembers = Pick<QueueDispatch, 'openMembers' | 'served' | 'strict' | 'passes'>

export class QueueLookers implements Lookers<QueueEntry, QueueConsumer> {
  readonly #consumers: LookingMembers
  readonly groups: MessageGroups
  readonly give: QueueActions['give']
  readonly expire: QueueActions['expire']
  readonly passOver: QueueActions['passOver']
  /** Those who had room when the look began. */
  #open: Member[] = []
  /** Those of them who look at this part. */
  #looking: Member[] = []
  #looked = false

  constructor(consumers: LookingMembers, groups: MessageGroups, { give, expire, passOver }: QueueActions) {
    this.#consumers = consumers
    this.groups = groups
    this.give = give
    this.expire = expire
    this.passOver = passOver
  }

  begin(): void {
    this.#open = this.#looking = this.#consumers.openMembers()
  }

  beginPart(memory: Sequence, store: Sequence): void {
    const open = this.#open
    this.#looking = open.filter(({ position }) => position.memory < memory || position.store < store)
  }

  /** Not any more when a group has lost its owner: those who go back must not be shown what is farther on. */
  get hasRoom(): boolean {
    if (this.groups.lookAgain) return false
    const looking = this.#looking
    for (let i = 0; i < looking.length; i++) if (!looking[i]!.consumer.full) return true
    return false
  }

  get looked(): boolean {
    return this.#looked
  }

  lowest(place: Place): Sequence {
    let lowest = Number.POSITIVE_INFINITY
    if (this.groups.lookAgain) return lowest
    for (const { position, consumer } of this.#open)
      if (position[place] < lowest && !consumer.full) lowest = position[place]
    return lowest
  }

  highest(place: Place): Sequence {
    let highest = 0
    for (const { position, consumer } of this.#open)
      if (position[place] > highest && !consumer.full) highest = position[place]
    return highest
  }

  wouldLook(place: Place, sequence: Sequence, reached: LookPosition): boolean {
    for (const { position, consumer } of this.#looking)
      if (isNext(position, place, sequence, reached) && !consumer.full) return true
    return false
  }

  choose(
    place: Place,
    message: Message,
    sequence: Sequence,
    reached: LookPosition,
    redeliveryCounter: number,
  ): QueueConsumer | null {
    this.#looked = false
    if (message.grouped) return this.#chooseOfGroup(place, message, sequence, reached, redeliveryCounter)
    const looking = this.#looking
    for (let from = 0; from < looking.length;) {
      const { group } = looking[from]!
      const end = endOfGroup(looking, from)
      const first = firstInTurn(looking, from, end)
      for (let step = 0; step < end - from; step++) {
        const at = first + step < end ? first + step : first + step - (end - from)
        const { consumer, position, index } = looking[at]!
        if (consumer.full || !isNext(position, place, sequence, reached)) continue
        position[place] = sequence
        this.#looked = true
        if (!this.#takes(consumer, message, sequence, redeliveryCounter)) continue
        this.#consumers.served(group, index)
        return consumer
      }
      from = end
    }
    return null
  }

  #takes(consumer: QueueConsumer, message: Message, sequence: Sequence, redeliveryCounter: number): boolean {
    if (!consumer.accepts(message, redeliveryCounter)) return false
    return consumer.network === null || this.#consumers.passes(consumer, message, sequence, redeliveryCounter)
  }

  /** Only the owner of its group takes it; if there is none, of those of the highest priority one that owns the fewest. */
  #chooseOfGroup(
    place: Place,
    message: Message,
    sequence: Sequence,
    reached: LookPosition,
    redeliveryCounter: number,
  ): QueueConsumer | null {
    const group = this.groups.of(message)
    const owner = !group || group.isBegunBy(message) ? null : group.owner
    const looking = this.#looking
    let taker: Member | null = null
    for (let from = 0; from < looking.length && !taker;) {
      const end = endOfGroup(looking, from)
      const first = firstInTurn(looking, from, end)
      for (let step = 0; step < end - from; step++) {
        const member = looking[first + step < end ? first + step : first + step - (end - from)]!
        const { consumer, position } = member
        if (consumer.full || !isNext(position, place, sequence, reached)) continue
        position[place] = sequence
        this.#looked = true
        if (owner !== null && owner !== consumer) continue
        if (!this.#takes(consumer, message, sequence, redeliveryCounter)) continue
        if (owner !== null) return consumer
        if (!taker || (!this.#consumers.strict && this.groups.countOf(consumer) < this.groups.countOf(taker.consumer)))
          taker = member
      }
      from = end
    }
    if (!taker) return this.#passedOver(group, sequence)
    this.#consumers.served(taker.group, taker.index)
    return taker.consumer
  }

  #passedOver(group: MessageGroup | undefined, sequence: Sequence): null {
    if (this.#looked) group?.passedOver(sequence)
    return null
  }

  lookedThrough(from: Sequence, upTo: Sequence): void {
    for (const { position, consumer } of this.#open)
      if (position.store >= from && position.store < upTo && !consumer.full) position.store = upTo
  }
}

const isNext = (position: LookPosition, place: Place, sequence: Sequence, reached: LookPosition): boolean =>
  position[place] < sequence && position.memory >= reached.memory && position.store >= reached.store

/** Behind the last of those that are in the group of the one at `from`. */
function endOfGroup(members: readonly Member[], from: number): number {
  const { group } = members[from]!
  if (members.at(-1)!.group === group) return members.length
  let end = from + 1
  while (members[end]!.group === group) end++
  return end
}

/** Where among those of one group the one stands whose turn it is; when none of them stands there, the next one. */
function firstInTurn(members: readonly Member[], from: number, end: number): number {
  const { turn } = members[from]!.group
  let low = from
  let high = end
  while (low < high) {
    const middle = (low + high) >>> 1
    if (members[middle]!.index < turn) low = middle + 1
    else high = middle
  }
  return low === end ? from : low
}
