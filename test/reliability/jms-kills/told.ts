// Histories for the tests of the checks, told in a few words: what is left out is as it ought to be.
import { History, type Delivery, type Event, type Facts, type Outcome, type Send } from './history.ts'

export class Told {
  readonly #history = new History()
  #n = 0

  get events(): readonly Event[] {
    return this.#history.events
  }

  /** A producer `p` sends to `Q`, and is answered. */
  sends(id: string, facts: Facts = {}, more: Partial<Send> = {}): this {
    this.sending(id, facts, more)
    this.#history.add({ what: 'sent', id })
    return this
  }

  /** Without an answer; with `unit` in a transaction. */
  sending(id: string, facts: Facts = {}, more: Partial<Send> = {}): this {
    this.#history.add({ what: 'send', id, to: 'Q', producer: 'p', n: this.#n++, facts, ...more })
    return this
  }

  /** Consumers `c` are on connections of their own. */
  opens(consumer: string, more: { from?: string; wants?: string; lateMs?: number } = {}): this {
    this.#history.add({ what: 'open', consumer, connection: `${consumer}-connection`, from: 'Q', ...more })
    return this
  }

  closes(consumer: string): this {
    this.#history.add({ what: 'close', consumer })
    return this
  }

  gets(consumer: string, id: string, unit: string, more: Partial<Delivery> = {}): this {
    const usual = { redelivered: false, atMs: 0, expiration: 0 }
    this.#history.add({ what: 'deliver', consumer, id, unit, ...usual, ...more })
    return this
  }

  ends(unit: string, outcome: Outcome = 'done', by: 'transaction' | 'acknowledgement' = 'transaction'): this {
    this.#history.add({ what: 'end', unit })
    this.#history.add({ what: 'outcome', unit, by, outcome })
    return this
  }

  kills(...consumers: readonly string[]): this {
    this.#history.add({ what: 'kill', member: 'member-0' })
    return this.notices(...consumers)
  }

  /** Their connections are lost, and there again. */
  notices(...consumers: readonly string[]): this {
    for (const consumer of consumers) {
      this.#history.add({ what: 'lost', connection: `${consumer}-connection` })
      this.#history.add({ what: 'found', connection: `${consumer}-connection` })
    }
    return this
  }

  /** A member may step down. */
  trouble(): this {
    this.#history.add({ what: 'trouble' })
    return this
  }

  calm(): this {
    this.#history.add({ what: 'calm' })
    return this
  }

  letter(id: string, queue = 'ActiveMQ.DLQ'): this {
    this.#history.add({ what: 'letter', id, queue, cause: 'because' })
    return this
  }

  wrong(text: string): this {
    this.#history.add({ what: 'wrong', text })
    return this
  }

  subscribes(life: string, wants = 'all'): this {
    this.#history.add({ what: 'subscribe', life, name: 'subscription', wants })
    this.#history.add({ what: 'subscribed', life })
    return this
  }

  unsubscribes(life: string): this {
    this.#history.add({ what: 'unsubscribe', life })
    this.#history.add({ what: 'unsubscribed', life })
    return this
  }
}
