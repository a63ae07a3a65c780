// The last pages of the store that were looked through for consumers that do not want every message. One that runs full in
// the middle of a page goes on there with its next acknowledgement; without this each would cost a read.
import type { Message } from '../../message/message.ts'
import type { Sequence } from '../../store/held-message.ts'
import { destinationLimits } from '../limits.ts'
import type { MemoryUsage } from '../memory-usage.ts'

export interface PageMessage {
  readonly sequence: Sequence
  readonly message: Message
}

export interface Page {
  /** It has what the store has in (after, upTo]. */
  readonly after: Sequence
  readonly upTo: Sequence
  readonly messages: PageMessage[]
}

export class LookedPages {
  readonly #memory: MemoryUsage
  readonly #pages: Page[] = []

  constructor(memory: MemoryUsage) {
    this.#memory = memory
  }

  /** The page that has what follows `sequence`. */
  at(sequence: Sequence): Page | undefined {
    return this.#pages.find(({ after, upTo }) => after <= sequence && sequence < upTo)
  }

  add(page: Page): void {
    if (this.#pages.length === destinationLimits.lookedPages) this.drop(this.#pages[0]!)
    this.#pages.push(page)
    for (const { message } of page.messages) this.#memory.add(message.size)
  }

  /** Kept when somebody will go on in it, and memory allows it. */
  lookedAt(page: Page, wanted: boolean): void {
    if (!wanted || this.#memory.headroom(destinationLimits.bodyHighWaterShare) < 0) this.drop(page)
  }

  drop(page: Page): void {
    const at = this.#pages.indexOf(page)
    if (at < 0) return
    this.#pages.splice(at, 1)
    for (const { message } of page.messages) this.#memory.release(message.size)
  }

  /** A message waits no more, or not in the store only. */
  forget(sequence: Sequence): void {
    for (const { messages } of this.#pages) {
      const at = indexAfter(messages, sequence - 1)
      if (messages[at]?.sequence !== sequence) continue
      this.#memory.release(messages[at].message.size)
      messages.splice(at, 1)
    }
  }

  clear(): void {
    while (this.#pages.length > 0) this.drop(this.#pages[0]!)
  }
}

/** Index of the first message behind `sequence`. */
export function indexAfter(messages: readonly PageMessage[], sequence: Sequence): number {
  let low = 0
  let high = messages.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (messages[middle]!.sequence <= sequence) low = middle + 1
    else high = middle
  }
  return low
}
