// Which consumer of a queue gets the next message, as ActiveMQ's Queue and its dispatch selectors decide it: higher priority
// first, equal priorities in turn, full ones skipped; with an exclusive consumer only that one.
import type { Message } from '../../message/message.ts'
import type { Sequence } from '../../store/held-message.ts'
import type { EntryQueue, QueueEntry } from '../entry.ts'
import type { LookPosition } from '../window/look-positions.ts'
import { LookPositions } from '../window/look-positions.ts'
import type { DispatchPolicy } from './dispatch-policy.ts'
import type { NetworkConsumers } from './network-consumers.ts'
import type { QueueConsumer } from './queue-consumer.ts'

export interface Member {
  readonly consumer: QueueConsumer
  readonly position: LookPosition
  readonly group: PriorityGroup
  /** Its place in the group. */
  index: number
}

export interface PriorityGroup {
  readonly priority: number
  readonly members: Member[]
  /** Index of the member that is asked first next time. */
  turn: number
}

/** An exclusive consumer of this priority takes over from one that came before it. */
const alwaysTakesOver = 127

export class QueueDispatch {
  /** How far the consumers have looked, while there is one that does not want every message. */
  readonly positions = new LookPositions()
  readonly #policy: DispatchPolicy
  /** Highest priority first. */
  readonly #groups: PriorityGroup[] = []
  readonly #members = new Map<QueueConsumer, LookPosition>()
  readonly #networkConsumers: (consumers: QueueDispatch) => NetworkConsumers
  /** null until a bridge comes. */
  #network: NetworkConsumers | null = null
  #exclusive: QueueConsumer | null = null
  /** Those that were selective when they came: what a bridge permits ends before its consumer goes. */
  readonly #selective = new Set<QueueConsumer>()
  #grouped = false

  /** `network` makes what decides for bridges; it is not called before there is one. */
  constructor(policy: DispatchPolicy, network: (consumers: QueueDispatch) => NetworkConsumers) {
    this.#policy = policy
    this.#networkConsumers = network
  }

  get size(): number {
    return this.#members.size
  }

  /** True when some consumer does not want every message. */
  get selective(): boolean {
    return this.#selective.size > 0
  }

  /** True when some consumer is a bridge: it may not want what came over bridges. */
  get bridged(): boolean {
    return this.#network !== null && this.#network.size > 0
  }

  /** True when they have to look at each message whether it is for them. */
  get looks(): boolean {
    return this.#selective.size > 0 || this.#grouped
  }

  /** The one that gets all messages while it is there. */
  get exclusive(): QueueConsumer | null {
    return this.#exclusive
  }

  /** Set while messages may be of groups that have owners: then all look, whatever they want. */
  set grouped(grouped: boolean) {
    const looked = this.looks
    this.#grouped = grouped
    this.#begunOrEnded(looked)
  }

  [Symbol.iterator](): IterableIterator<QueueConsumer> {
    return this.#members.keys()
  }

  add(consumer: QueueConsumer): void {
    const position = { memory: 0, store: 0 }
    this.#members.set(consumer, position)
    const looked = this.looks
    if (consumer.network !== null) (this.#network ??= this.#networkConsumers(this)).add(consumer)
    if (this.#isSelective(consumer)) this.#selective.add(consumer)
    if (looked) this.positions.add(position)
    else this.#begunOrEnded(looked)
    const priority = this.#priorityOf(consumer)
    let at = 0
    while (at < this.#groups.length && this.#groups[at]!.priority > priority) at++
    let group = this.#groups[at]
    if (group?.priority !== priority) this.#groups.splice(at, 0, (group = { priority, members: [], turn: 0 }))
    group.members.push({ consumer, position, group, index: group.members.length })
    if (!this.#isExclusive(consumer)) return
    const owner = this.#exclusive
    if (!owner || consumer.options.priority > owner.options.priority || consumer.options.priority === alwaysTakesOver)
      this.#exclusive = consumer
  }

  remove(consumer: QueueConsumer): void {
    const position = this.#members.get(consumer)
    if (!position) return
    this.#members.delete(consumer)
    this.positions.delete(position)
    if (this.#selective.delete(consumer) && this.#selective.size === 0) this.#begunOrEnded(true)
    const at = this.#groups.findIndex((group) => group.priority === this.#priorityOf(consumer))
    const group = this.#groups[at]!
    const index = group.members.findIndex((member) => member.consumer === consumer)
    group.members.splice(index, 1)
    for (let i = index; i < group.members.length; i++) group.members[i]!.index = i
    if (index < group.turn) group.turn--
    if (group.members.length === 0) this.#groups.splice(at, 1)
    if (this.#exclusive === consumer) this.#exclusive = this.#nextExclusive()
    this.#network?.removed(consumer)
  }

  /** Whether a consumer that wants the message may have it: for those that are bridges. */
  passes(consumer: QueueConsumer, message: Message, sequence: Sequence, redeliveryCounter: number): boolean {
    return consumer.network === null || this.#network!.passes(consumer, message, sequence, redeliveryCounter)
  }

  /** Whether it is for some of the consumers only, although nobody is selective: it is of a group, or came over a bridge. */
  mustLookAt(message: Message): boolean {
    return message.grouped || (this.bridged && message.hasBrokerPath)
  }

  /** How far those have looked who could be given messages if they had room. */
  *reached(): IterableIterator<LookPosition> {
    for (const [consumer, position] of this.#members)
      if (this.#exclusive === null || this.#exclusive === consumer) yield position
  }

  /** A bridge takes nothing more: what was kept for it may go elsewhere. */
  leaves(): void {
    this.#network?.leaves()
  }

  /** What they hold of one queue. */
  *inFlightOf(queue: EntryQueue): IterableIterator<QueueEntry> {
    for (const { dispatched } of this.#members.keys())
      for (const entry of dispatched) if (entry.kind === 'queue' && entry.queue === queue) yield entry
  }

  /** Nobody is shown anything again. */
  stop(): void {
    this.#network?.stop()
  }

  /** True when some consumer has room for a message. */
  get hasRoom(): boolean {
    if (this.#exclusive) return !this.#exclusive.full
    for (const group of this.#groups) for (const { consumer } of group.members) if (!consumer.full) return true
    return false
  }

  /** Whether one of the consumers wants the message, with room for it or without. */
  accepts(message: Message): boolean {
    if (this.#selective.size < this.#members.size) return true
    for (const consumer of this.#members.keys()) if (consumer.accepts(message, message.redeliveryCounter)) return true
    return false
  }

  /** The consumer with room for the next message, or null. The next call begins with the one after it. */
  choose(): QueueConsumer | null {
    if (this.#exclusive) return this.#exclusive.full ? null : this.#exclusive
    for (const group of this.#groups) {
      const { members } = group
      for (let step = 0; step < members.length; step++) {
        const index = (group.turn + step) % members.length
        const { consumer } = members[index]!
        if (consumer.full) continue
        this.served(group, index)
        return consumer
      }
    }
    return null
  }

  /** Whether the first one that has room gets all, whatever the others have. */
  get strict(): boolean {
    return this.#policy.strictOrderDispatch
  }

  /** This one of the group was given a message: the one after it is asked first next time. */
  served(group: PriorityGroup, index: number): void {
    if (!this.strict) group.turn = (index + 1) % group.members.length
  }

  /** Those who could be given a message now, in the order of their groups and of their places there. */
  openMembers(): Member[] {
    const open: Member[] = []
    for (const { members } of this.#groups)
      for (const member of members) if (this.isOpen(member.consumer)) open.push(member)
    return open
  }

  /** The consumers, and how far each has looked. */
  get members(): ReadonlyMap<QueueConsumer, LookPosition> {
    return this.#members
  }

  /** Whether a consumer could be given a message now. */
  isOpen(consumer: QueueConsumer): boolean {
    return !consumer.full && (this.#exclusive === null || this.#exclusive === consumer)
  }

  #begunOrEnded(looked: boolean): void {
    if (this.looks === looked) return
    if (looked) this.positions.clear()
    else for (const position of this.#members.values()) this.positions.add(position)
  }

  #nextExclusive(): QueueConsumer | null {
    let next: QueueConsumer | null = null
    for (const consumer of this.#members.keys())
      if (this.#isExclusive(consumer) && (!next || consumer.options.priority > next.options.priority)) next = consumer
    return next
  }

  #isSelective({ selective, network }: QueueConsumer): boolean {
    return selective || (network !== null && this.#network!.isPicky(network))
  }

  #isExclusive({ options }: QueueConsumer): boolean {
    return options.exclusive || this.#policy.allConsumersExclusiveByDefault
  }

  #priorityOf({ options }: QueueConsumer): number {
    return this.#policy.useConsumerPriority ? options.priority : 0
  }
}
