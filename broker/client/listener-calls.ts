// Which call of a consumer's listener is running, and whether it is the one that asks: who closes something waits for the
// listeners that run (JMS 1.1, 4.3.5 and 4.4.1), but not for himself.
import { AsyncLocalStorage } from 'node:async_hooks'
import type { Delivery } from './delivery.ts'
import type { MessageListener, ReceivedMessage } from './message.ts'

/** The call that code belongs to, also behind an `await`. */
const calls = new AsyncLocalStorage<Delivery>()

export class ListenerCalls {
  #running: Delivery | null = null
  #waiting: (() => void)[] = []

  /** True inside the call that is running. */
  get isInside(): boolean {
    return this.#running !== null && calls.getStore() === this.#running
  }

  /** A call begins; one at a time. */
  begin(delivery: Delivery): void {
    this.#running = delivery
  }

  call(delivery: Delivery, listener: MessageListener, message: ReceivedMessage): void | Promise<void> {
    return calls.run(delivery, listener, message)
  }

  /** What the call has to be followed by is done, too. */
  end(): void {
    this.#running = null
    const waiting = this.#waiting
    if (waiting.length === 0) return
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }

  /** Resolves when the running call has ended; null when none is running. */
  ended(): Promise<void> | null {
    if (this.#running === null) return null
    return new Promise((resolve) => this.#waiting.push(resolve))
  }
}
