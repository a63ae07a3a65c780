// The model's part about ordinary subscribers of topics: each gets what is sent while it is there and that it wants, in order, once.
// A subscriber that does not read may lose some, and what expires on its way may not come.
import type { Destination } from '../../../broker/message/destination.ts'
import { check } from '../queue-book.ts'
import { hasRoom, nameOf, type Book, type BookConsumer, type BookListener, type Sent } from './book.ts'

export class Subscribers implements BookListener {
  readonly #book: Book

  constructor(book: Book) {
    this.#book = book
    book.listeners.push(this)
  }

  sent(sent: Sent, topic: Destination): void {
    for (const consumer of this.#book.consumers) this.#offer(sent, topic, consumer, !consumer.congested)
  }

  /** It may get what was sent before it came and is held back, or not durable yet. */
  added(consumer: BookConsumer): void {
    for (const sent of this.#book.outstanding)
      for (const topic of sent.topics) this.#offer(sent, topic, consumer, false)
  }

  /** Its client does not read: what waits for it gives way to others. */
  congested({ isDurable, topics }: BookConsumer): void {
    if (isDurable) return
    for (const { copies } of topics.values())
      for (const copy of copies.values()) if (copy.state === 'coming' || copy.state === 'waiting') copy.certain = false
  }

  checkRest(): void {
    for (const consumer of this.#book.consumers) {
      if (consumer.isDurable || !hasRoom(consumer)) continue
      for (const { copies } of consumer.topics.values())
        for (const copy of copies.values()) {
          check(
            copy.state !== 'waiting' || !copy.certain,
            () => `${nameOf(copy)} waits although ${consumer.id} has room`,
          )
          // What was uncertain has not come, and will not.
          if (copy.state === 'waiting') this.#book.vanish(copy)
        }
    }
  }

  #offer(sent: Sent, topic: Destination, consumer: BookConsumer, certain: boolean): void {
    const { isDurable, topics, noLocal, connectionId, wish } = consumer
    const place = isDurable ? undefined : topics.get(topic.name)
    if (!place) return
    if ((noLocal && sent.connectionId === connectionId) || (wish && !wish.wants(sent))) return
    this.#book.add(sent, place, certain && sent.expiration === 0)
  }
}
