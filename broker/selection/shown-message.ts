// The message that selectors are held against at this moment. One for all selectors of a broker: what they read of it is kept
// until the next one is shown, so that a thousand selectors that ask for one property read it once.
import type { Message } from '../message/message.ts'

export class ShownMessage {
  /** Kept until the next one comes: one message of the broker. */
  #message: Message | null = null
  #redeliveryCounter = 0
  #number = 0

  /** `redeliveryCounter` is what the queue counts; the message's own is its sender's. */
  show(message: Message, redeliveryCounter: number): void {
    if (message === this.#message && redeliveryCounter === this.#redeliveryCounter) return
    this.#message = message
    this.#redeliveryCounter = redeliveryCounter
    this.#number++
  }

  /** Another one with each message that is shown; 0 before the first. */
  get number(): number {
    return this.#number
  }

  /** Only after one was shown. */
  get message(): Message {
    return this.#message!
  }

  get redeliveryCounter(): number {
    return this.#redeliveryCounter
  }
}
