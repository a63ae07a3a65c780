// Where the messages of a queue are besides memory, and for whom they are kept there: in the store, and those that are not stored
// and found no room in memory in the temp store. A queue that goes by priority has a holder for each priority in both.
//
// It adds nothing: the router does, for the holders that it is told here.
import { destinationKey, isTemporary, type Destination } from '../../message/destination.ts'
import type { Message } from '../../message/message.ts'
import { queueHolder, type QueueHolder } from '../../store/held-message.ts'
import { defaultPriority, priorityHolders } from '../../store/priority-holder.ts'
import type { DestinationContext } from '../destination-context.ts'
import type { KeptIn, QueueEntry } from '../entry.ts'
import { mergedCursor } from '../window/merged-cursor.ts'
import type { MessageCursor } from '../window/message-cursor.ts'

interface Priorities {
  /** By priority. */
  readonly holders: readonly QueueHolder[]
  readonly tempHolders: readonly QueueHolder[]
  /** False when there are only messages left from when it went by priority: what comes has its place in the order of arrival. */
  readonly isPrioritized: boolean
}

export class QueueStorage {
  /** Messages that the temp store has. */
  spilled = 0
  /** Persistent messages of a temporary queue are not stored: the queue dies with its connection. */
  readonly isStored: boolean
  readonly #context: Pick<DestinationContext, 'store' | 'temp'>
  #holder: QueueHolder
  #tempHolder: QueueHolder
  /** null when it does not go by priority, as most queues. */
  #priorities: Priorities | null = null

  constructor(destination: Destination, context: Pick<DestinationContext, 'store' | 'temp'>) {
    this.isStored = !isTemporary(destination)
    this.#context = context
    this.#holder = queueHolder(destination.name)
    this.#tempHolder = queueHolder(this.isStored ? destination.name : destinationKey(destination))
  }

  /** What stands for the queue in the store. Which of its messages are kept for it says `holderFor`. */
  get holder(): QueueHolder {
    return this.#holder
  }

  /** The same in the temp store, which has also temporary queues: their names may be those of others. */
  get tempHolder(): QueueHolder {
    return this.#tempHolder
  }

  /** From now on there is a holder for each priority. `isPrioritized`: messages that come are kept for them, too. */
  splitByPriority(isPrioritized: boolean): void {
    const holders = priorityHolders(this.#holder.name)
    const tempHolders = priorityHolders(this.#tempHolder.name)
    this.#priorities = { holders, tempHolders, isPrioritized }
    this.#holder = holders[defaultPriority]!
    this.#tempHolder = tempHolders[defaultPriority]!
  }

  /** At which priority a message of this JMSPriority has its place in the queue. */
  placeAt(priority: number): number {
    return this.#priorities?.isPrioritized ? priority : defaultPriority
  }

  /** What the store keeps a message for. */
  holderFor({ priority }: Message): QueueHolder {
    return this.#priorities === null ? this.#holder : this.#priorities.holders[this.placeAt(priority)]!
  }

  /** The same in the temp store. */
  tempHolderFor({ priority }: Message): QueueHolder {
    return this.#priorities === null ? this.#tempHolder : this.#priorities.tempHolders[this.placeAt(priority)]!
  }

  /** What the store keeps one of its messages for. */
  holderOf({ priority }: QueueEntry): QueueHolder {
    return this.#priorities === null ? this.#holder : this.#priorities.holders[priority]!
  }

  /** Where a message is that was read. */
  placeOf({ persistent }: Message): KeptIn {
    return persistent && this.isStored ? 'store' : 'temp'
  }

  /** Reads all of them in the order of their sequences, whatever their priorities. */
  get cursor(): MessageCursor {
    if (this.#priorities === null) return this.cursorAt(defaultPriority)
    return this.#priorities.holders.map((_, priority) => this.cursorAt(priority)).reduce(mergedCursor)
  }

  /** Reads what has its place at this priority. */
  cursorAt(priority: number): MessageCursor {
    const { store, temp } = this.#context
    const holder = this.#priorities?.holders[priority] ?? this.#holder
    const tempHolder = this.#priorities?.tempHolders[priority] ?? this.#tempHolder
    const stored: MessageCursor = {
      read: (after, upTo, count, bytes) => store.read(holder, after, upTo, count, bytes),
    }
    if (!temp) return stored
    const spilled: MessageCursor = {
      read: (after, upTo, count, bytes) => temp.read(tempHolder, after, upTo, count, bytes),
    }
    if (!this.isStored) return spilled
    const both = mergedCursor(stored, spilled)
    return {
      read: (after, upTo, count, bytes) => (this.spilled > 0 ? both : stored).read(after, upTo, count, bytes),
    }
  }

  /** One of its messages is gone from the temp store. */
  unspill({ sequence, priority }: QueueEntry): void {
    this.spilled--
    const holder = this.#priorities === null ? this.#tempHolder : this.#priorities.tempHolders[priority]!
    this.#context.temp!.remove(holder, sequence)
  }

  /** Forgets all of them. */
  clear(): void {
    const { store, temp } = this.#context
    const { holders, tempHolders } = this.#all
    if (this.isStored) for (const holder of holders) store.removeHolder(holder)
    if (this.spilled > 0) for (const holder of tempHolders) temp?.removeHolder(holder)
    this.spilled = 0
  }

  get #all(): Pick<Priorities, 'holders' | 'tempHolders'> {
    return this.#priorities ?? { holders: [this.#holder], tempHolders: [this.#tempHolder] }
  }
}
