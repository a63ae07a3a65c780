// Messages written to the store that wait for their sync. Only when they are durable may consumers have them: otherwise a
// crash could bring back, under another sequence, a message that was acknowledged before its producer was answered.
import type { Message } from '../message/message.ts'
import type { Sequence } from '../store/message-store.ts'
import type { DurableAction } from './after-sync.ts'
import { repeatingProducer } from './region-context.ts'
import type { Done } from './region.ts'
import type { Target } from './room.ts'
import type { UnsyncedProducers } from './unsynced-producers.ts'

export class Arrival implements DurableAction {
  readonly #target: Target
  readonly #sequence: Sequence
  readonly #message: Message
  readonly #producers: UnsyncedProducers
  readonly #done: Done

  constructor(target: Target, sequence: Sequence, message: Message, producers: UnsyncedProducers, done: Done) {
    this.#target = target
    this.#sequence = sequence
    this.#message = message
    this.#producers = producers
    this.#done = done
  }

  afterSync(): void {
    this.#producers.synced(repeatingProducer(this.#message))
    this.#target.arriveStored(this.#sequence, this.#message)
    this.#done()
  }
}
