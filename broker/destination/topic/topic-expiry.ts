// Finds what has expired of a topic's stored messages without anybody consuming (ActiveMQ: Topic.expireMessagesTask): each is
// read once, however many durable subscriptions have it, and each of those that have it loses it. When it is worth to look,
// and where the look goes on, is known as of a queue (window/stored-expiry.ts).
import { errorMessage } from '../../base/errors.ts'
import type { Message } from '../../message/message.ts'
import type { FoundMessage, Sequence, TopicHolder } from '../../store/held-message.ts'
import type { DestinationContext } from '../destination-context.ts'
import { isExpired } from '../expiry.ts'
import { destinationLimits } from '../limits.ts'
import { StoredExpiry } from '../window/stored-expiry.ts'

/** A durable subscription's part in it. */
export interface ExpiringBacklog {
  /** A message that is stored for the topic has expired. False when it has that still, because it cannot give it up now. */
  expireStored(sequence: Sequence, message: Message): boolean
}

export type TopicExpiryContext = Pick<DestinationContext, 'clock' | 'logger' | 'store' | 'scan' | 'lastSequence'>

export class TopicExpiry {
  readonly #holder: TopicHolder
  readonly #context: TopicExpiryContext
  readonly #expiry = new StoredExpiry()
  #expired = 0

  constructor(holder: TopicHolder, context: TopicExpiryContext) {
    this.#holder = holder
    this.#context = context
  }

  /** A message was stored that expires at `expirationMs`; 0 = never. */
  note(expirationMs: number): void {
    this.#expiry.note(expirationMs)
  }

  /** Messages are stored that nobody has looked at. */
  noteUnknown(): void {
    this.#expiry.noteUnknown()
  }

  /** Looks through up to `maxMessages`, from where the sweep before this one ended. */
  async sweep(backlogs: Iterable<ExpiringBacklog>, maxMessages: number): Promise<void> {
    const { clock, store, logger, lastSequence } = this.#context
    const { pageMessages, pageBytes } = destinationLimits
    try {
      for (let left = maxMessages; left > 0 && this.#expiry.isDue(clock.nowMs());) {
        const upTo = lastSequence()
        const after = this.#expiry.goOn(0)
        const page = await store.read(this.#holder, after, upTo, Math.min(left, pageMessages), pageBytes)
        left -= Math.max(page.length, 1)
        await this.#takeExpired(page, backlogs)
        const last = page.at(-1)?.sequence ?? upTo
        if (last < upTo) this.#expiry.lookedUpTo(last)
        else this.#expiry.endPass()
        if (!this.#expiry.inPass) return
      }
    } catch (error) {
      const fields = { topic: this.#holder.name, reason: errorMessage(error) }
      logger.error('Cannot read messages of topic', fields)
    }
  }

  async #takeExpired(page: readonly FoundMessage[], backlogs: Iterable<ExpiringBacklog>): Promise<void> {
    const { clock } = this.#context
    const nowMs = clock.nowMs()
    for (const { sequence, bytes } of page) {
      const message = this.#scan(sequence, bytes)
      if (!message) continue
      if (!isExpired(message, nowMs)) this.#expiry.note(message.expiration)
      else if (!(await this.#expireFor(backlogs, sequence, message))) this.#expiry.note(message.expiration)
    }
  }

  /** With a thousand subscriptions each is written a thousand times: others get their turn in between. */
  async #expireFor(backlogs: Iterable<ExpiringBacklog>, sequence: Sequence, message: Message): Promise<boolean> {
    let isGone = true
    for (const backlog of backlogs) {
      if (!backlog.expireStored(sequence, message)) isGone = false
      if (++this.#expired % destinationLimits.expiriesAtOnce === 0)
        await new Promise<void>((resolve) => void this.#context.clock.after(0, resolve))
    }
    return isGone
  }

  #scan(sequence: Sequence, bytes: Buffer): Message | undefined {
    try {
      return this.#context.scan(bytes)
    } catch (error) {
      const fields = { topic: this.#holder.name, sequence, reason: errorMessage(error) }
      this.#context.logger.error('Cannot decode stored message', fields)
      return undefined
    }
  }
}
