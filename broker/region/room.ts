// Whether there is room for a message: in memory, in the temp store, in the store, depending on what it is and for what
// destination. Everywhere a destination gets a share of what is there (fair-share.ts): a flood that nobody consumes never
// takes the last of it, and a destination that keeps nothing finds room as long as there is any.
//
//   persistent, for a queue       store
//   other, for a queue            memory; what finds no room there, temp store; without one its sender waits
//   for a topic                   memory, if a subscriber has to keep it waiting; else it needs none. And the store, if it is
//                                 persistent and a durable subscription wants it
import { fairShare, type FairShare } from '../base/fair-share.ts'
import type { MemoryUsage } from '../destination/memory-usage.ts'
import { Queue } from '../destination/queue/queue.ts'
import type { Topic } from '../destination/topic/topic.ts'
import type { Message } from '../message/message.ts'
import type { MessageStore } from '../store/message-store.ts'
import type { TempMessages } from '../store/temp-store.ts'
import { flowLimits } from './limits.ts'

export type Target = Queue | Topic

export interface RoomOptions {
  readonly memory: MemoryUsage
  readonly store: Pick<MessageStore, 'hasRoom'>
  /** null: what finds no room in memory waits. */
  readonly temp: Pick<TempMessages, 'hasRoom'> | null
}

export class Room {
  /** Bytes on their way to the temp store. */
  unspilledBytes = 0
  readonly #memory: MemoryUsage
  readonly #store: RoomOptions['store']
  readonly #temp: RoomOptions['temp']
  readonly #topics: FairShare
  readonly #queues: FairShare
  readonly #unspilledLimit: number
  readonly #unspilled: FairShare

  constructor({ memory, store, temp }: RoomOptions) {
    this.#memory = memory
    this.#store = store
    this.#temp = temp
    const { topicReserveShare, queueReserveShare, unspilledShare, unspilledBytes, unspilledReserveShare } = flowLimits
    this.#topics = fairShare(memory.limit, memory.limit * topicReserveShare)
    this.#queues = fairShare(memory.limit, memory.limit * queueReserveShare)
    this.#unspilledLimit = Math.min(memory.limit * unspilledShare, unspilledBytes)
    this.#unspilled = fairShare(this.#unspilledLimit, this.#unspilledLimit * unspilledReserveShare)
  }

  /** `ownBytes`: memory that the message takes already, in an open transaction. */
  has(target: Target, message: Message, ownBytes = 0): boolean {
    if (target.stores(message) && !this.#store.hasRoom(target.holder, message.bytes.length)) return false
    if (!(target instanceof Queue)) return this.#hasForTopic(target, message, ownBytes)
    if (target.stores(message)) return true
    if (!this.#temp) {
      const freeBytes = this.#memory.headroom(1) + ownBytes
      return this.#queues.allows(target.memoryUsed, message.size, freeBytes)
    }
    return this.keepsInMemory(target, message, ownBytes) || this.#hasInTemp(this.#temp, target, message)
  }

  /** Whether a message of a queue that is not stored stays in memory; else it goes to the temp store. */
  keepsInMemory(queue: Queue, { size }: Message, ownBytes = 0): boolean {
    if (!this.#temp) return true
    if (queue.spills) return false
    if (size <= queue.memoryRoom + ownBytes) return true
    return queue.takesAtOnce && queue.memoryUsed + size <= this.#memory.headroom(1) + ownBytes
  }

  /** What is full when there is no room for this message, for people. */
  whatIsFull(target: Target, message: Message): string {
    const { kind, name } = target.destination
    const what = `${message.bytes.length} bytes of ${kind} ${name}`
    if (target.stores(message) && !this.#store.hasRoom(target.holder, message.bytes.length))
      return `the store has no room for ${what}`
    if (kind === 'queue' && this.#temp) return `the temp store has no room for ${what}`
    return `the broker's memory has no room for ${what} (${this.#memory.used} of ${this.#memory.limit} bytes used)`
  }

  /** Durable subscriptions read again what is stored. */
  #hasForTopic(topic: Topic, message: Message, ownBytes: number): boolean {
    const { size } = message
    const freeBytes = this.#memory.headroom(1) + ownBytes
    if (topic.backlogs === 0 || topic.stores(message))
      return !topic.wouldHold || this.#topics.allows(topic.memoryUsed, size, freeBytes)
    return !topic.wouldHoldVolatile || this.#topics.allows(topic.memoryUsed + topic.backlogMemory, size, freeBytes)
  }

  #hasInTemp(temp: NonNullable<RoomOptions['temp']>, queue: Queue, { size, bytes }: Message): boolean {
    const freeBytes = this.#unspilledLimit - this.unspilledBytes
    return (
      this.#unspilled.allows(queue.spillingBytes, size, freeBytes) &&
      temp.hasRoom(queue.storage.tempHolder, bytes.length)
    )
  }
}

/** What stands for the room that a message needs: the same for messages that wait for the same. */
export const placeOf = (target: Target, message: Message): object => (target.stores(message) ? target.holder : target)
