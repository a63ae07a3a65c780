// Messages written to the store that wait for their sync. Only when they are durable may consumers have them: otherwise a
// crash could bring back, under another sequence, a message that was acknowledged before its producer was answered.
import type { Queue } from '../destination/queue/queue.ts'
import type { Message } from '../message/message.ts'
import type { Sequence } from '../store/message-store.ts'
import type { DurableAction } from './after-sync.ts'
import type { Done } from './region.ts'
import type { UnsyncedProducers } from './unsynced-producers.ts'

export class Arrival implements DurableAction {
  readonly #queue: Queue
  readonly #sequence: Sequence
  readonly #message: Message
  readonly #producers: UnsyncedProducers
  readonly #done: Done

  constructor(queue: Queue, sequence: Sequence, message: Message, producers: UnsyncedProducers, done: Done) {
    this.#queue = queue
    this.#sequence = sequence
    this.#message = message
    this.#producers = producers
    this.#done = done
  }

  afterSync(): void {
    this.#producers.synced(this.#message.producerId)
    this.#queue.arriveStored(this.#sequence, this.#message)
    this.#done()
  }
}
