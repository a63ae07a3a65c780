// Recognizes messages that come again on a connection after a failover: per destination the last message ids of the last
// producers, in windows of bits, like ActiveMQ's ConnectionAudit.
import { auditDepth, auditProducers } from './limits.ts'

export class MessageAudit {
  /** Destination → producer → window; producers in order of use. */
  readonly #destinations = new Map<string, Map<string, Window>>()

  /** True when the message was here before and was not rolled back since. Remembers it. */
  isDuplicate(destination: string, producerId: string, sequence: number): boolean {
    let producers = this.#destinations.get(destination)
    if (!producers) this.#destinations.set(destination, (producers = new Map<string, Window>()))
    const window = producers.get(producerId) ?? new Window()
    producers.delete(producerId)
    producers.set(producerId, window)
    if (producers.size > auditProducers) producers.delete(producers.keys().next().value!)
    return window.add(sequence)
  }

  /** The message may come again. */
  rollback(destination: string, producerId: string, sequence: number): void {
    this.#destinations.get(destination)?.get(producerId)?.remove(sequence)
  }
}

/** The sequences in `(highest - auditDepth, highest]`, as bits of a ring. */
class Window {
  readonly #bits = new Uint8Array(auditDepth / 8)
  #highest = -1

  /** True when it was there already. What lies before the window counts as new: better twice than never. */
  add(sequence: number): boolean {
    if (sequence <= this.#highest - auditDepth) return false
    if (sequence > this.#highest) {
      const clearFrom = Math.max(this.#highest + 1, sequence - auditDepth + 1)
      for (let index = clearFrom; index < sequence; index++) this.#clear(index)
      this.#clear(sequence)
      this.#highest = sequence
    }
    const slot = sequence % auditDepth
    const bit = 1 << (slot & 7)
    const known = (this.#bits[slot >> 3]! & bit) !== 0
    this.#bits[slot >> 3]! |= bit
    return known
  }

  remove(sequence: number): void {
    if (sequence > this.#highest - auditDepth && sequence <= this.#highest) this.#clear(sequence)
  }

  #clear(sequence: number): void {
    const slot = sequence % auditDepth
    this.#bits[slot >> 3]! &= ~(1 << (slot & 7))
  }
}
