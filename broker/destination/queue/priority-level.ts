// One priority of a queue: its window, and how far each consumer has looked through it. A consumer looks at it when it has looked
// at all that waits in those above it, so that it takes nothing before something of a higher priority that it wants.
import type { Message } from '../../message/message.ts'
import type { Sequence } from '../../store/held-message.ts'
import type { QueueEntry } from '../entry.ts'
import type { LookPosition, LookPositions, PositionsFollower } from '../window/look-positions.ts'
import type { MessageWindow } from '../window/message-window.ts'
import type { QueueConsumer } from './queue-consumer.ts'
import type { Member, PriorityGroup, QueueDispatch } from './queue-dispatch.ts'
import { QueueLookers, type LookingMembers } from './queue-lookers.ts'

export type LevelWindow = MessageWindow<QueueEntry, QueueConsumer>

/** Who looks, with their positions in the window of the default priority. */
export type LookingConsumers = LookingMembers & Pick<QueueDispatch, 'positions'>

interface Parts {
  readonly priority: number
  readonly window: LevelWindow
  /** Of the consumers who look, in this window. */
  readonly positions: LookPositions
  readonly consumers: LookingConsumers
}

export class PriorityLevel implements LookingMembers, PositionsFollower {
  readonly priority: number
  readonly window: LevelWindow
  /** The levels that come before this one. */
  above: readonly PriorityLevel[] = []
  readonly #positions: LookPositions
  readonly #consumers: LookingConsumers
  /** By the position of each consumer in the window of the default priority; empty in that one. */
  readonly #members = new Map<LookPosition, LevelMember>()
  #lookers: QueueLookers | null = null

  constructor({ priority, window, positions, consumers }: Parts) {
    this.priority = priority
    this.window = window
    this.#positions = positions
    this.#consumers = consumers
  }

  /** Those of the queue, as they stand here. */
  readonly lookersFor = (lookers: QueueLookers): QueueLookers =>
    (this.#lookers ??= new QueueLookers(this, lookers.groups, lookers))

  openMembers(): Member[] {
    const open: Member[] = []
    for (const member of this.#consumers.openMembers())
      if (this.above.every((level) => level.isLookedThroughBy(member.position))) open.push(this.#memberOf(member))
    return open
  }

  get strict(): boolean {
    return this.#consumers.strict
  }

  served(group: PriorityGroup, index: number): void {
    this.#consumers.served(group, index)
  }

  passes(consumer: QueueConsumer, message: Message, sequence: Sequence, redeliveryCounter: number): boolean {
    return this.#consumers.passes(consumer, message, sequence, redeliveryCounter)
  }

  /** `position`: of the consumer, in the window of the default priority. */
  isLookedThroughBy(position: LookPosition): boolean {
    return this.window.isLookedThrough(this.#members.get(position)?.position ?? position)
  }

  /** `positions`: of consumers, in the window of the default priority. */
  passedOver(positions: readonly LookPosition[]): number {
    return this.window.passedOver(positions.map((position) => this.#members.get(position)?.position ?? position))
  }

  endLook(): void {
    this.window.endLook()
    this.#lookers = null
  }

  added(position: LookPosition): void {
    const member = new LevelMember()
    this.#members.set(position, member)
    this.#positions.add(member.position)
  }

  deleted(position: LookPosition): void {
    const member = this.#members.get(position)
    if (!member) return
    this.#members.delete(position)
    this.#positions.delete(member.position)
  }

  wentBackTo(sequence: Sequence): void {
    this.#positions.goBackTo(sequence)
  }

  cleared(): void {
    this.#members.clear()
    this.#positions.clear()
  }

  #memberOf(member: Member): Member {
    const own = this.#members.get(member.position)
    if (!own) return member
    own.member = member
    return own
  }
}

/** A consumer of the queue with its position in the window of one priority. */
class LevelMember implements Member {
  readonly position: LookPosition = { memory: 0, store: 0 }
  /** In the queue; known when it looks. */
  member: Member | null = null

  get consumer(): QueueConsumer {
    return this.member!.consumer
  }

  get group(): PriorityGroup {
    return this.member!.group
  }

  get index(): number {
    return this.member!.index
  }
}
