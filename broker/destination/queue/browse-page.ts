// One page of what a browser looks at: the messages of a queue between two sequences, wherever they are. Those that the store
// and the temp store have are read; those that only memory has stand between them: what is not persistent and was not
// spilled, and what is not durable yet.
//
// A page is made of what there is when its read begins. What leaves the queue afterwards is taken out of it by `forget`.
import type { Logger } from '../../base/logger.ts'
import { errorMessage } from '../../base/errors.ts'
import type { Message } from '../../message/message.ts'
import type { FoundMessage, Sequence } from '../../store/held-message.ts'
import type { QueueEntry } from '../entry.ts'
import { isExpired } from '../expiry.ts'
import { destinationLimits } from '../limits.ts'
import type { MemoryUsage } from '../memory-usage.ts'
import type { BrowsedQueue } from './browsed-queue.ts'

export interface PageContext {
  readonly logger: Logger
  readonly memory: MemoryUsage
  /** Makes a message of its stored form. */
  scan(bytes: Buffer): Message
}

export interface BrowsedMessage {
  readonly sequence: Sequence
  readonly message: Message
  /** null when only the store has it. */
  readonly entry: QueueEntry | null
  /** Bytes of memory that only the page holds. */
  readonly ownBytes: number
}

/** What the queue holds behind `after`, and not behind `upTo`: the beginning of it. */
export async function readBrowsePage(
  queue: BrowsedQueue,
  after: Sequence,
  upTo: Sequence,
  context: PageContext,
): Promise<BrowsePage> {
  const { entries, end } = inMemory(queue, after, upTo)
  const onlyInMemory = new Map<Sequence, Message>()
  for (const { sequence, readable, durable, message } of entries)
    if (message && !(readable && durable)) onlyInMemory.set(sequence, message)
  const { browsePageBytes, pageBytesUnderPressure, pageMessages } = destinationLimits
  const bytes = Math.max(Math.min(browsePageBytes, queue.memoryRoom), pageBytesUnderPressure)
  const found = await queue.cursor.read(after, end, pageMessages, bytes)
  // What lies behind its last message a read may have left out; one that found nothing left out nothing.
  const last = found.at(-1)?.sequence ?? end
  const entryOf = new Map(entries.map((entry) => [entry.sequence, entry]))
  const messages: BrowsedMessage[] = []
  for (const stored of found) {
    const message = onlyInMemory.has(stored.sequence) ? null : scan(queue, stored, context)
    const { sequence } = stored
    if (message) messages.push({ sequence, message, entry: entryOf.get(sequence) ?? null, ownBytes: message.size })
  }
  for (const [sequence, message] of onlyInMemory)
    if (sequence <= last) messages.push({ sequence, message, entry: entryOf.get(sequence)!, ownBytes: 0 })
  messages.sort((a, b) => a.sequence - b.sequence)
  return new BrowsePage(last, messages, context.memory)
}

export class BrowsePage {
  /** It has what the queue held up to this one. */
  readonly upTo: Sequence
  readonly #messages: BrowsedMessage[]
  readonly #memory: MemoryUsage
  #next = 0

  constructor(upTo: Sequence, messages: BrowsedMessage[], memory: MemoryUsage) {
    this.upTo = upTo
    this.#messages = messages
    this.#memory = memory
    for (const { ownBytes } of messages) memory.add(ownBytes)
  }

  get isEmpty(): boolean {
    return this.#next >= this.#messages.length
  }

  /** The next message that is there to be seen: not one that has expired, or that an open transaction has acknowledged. */
  take(nowMs: number): BrowsedMessage | undefined {
    for (let next = this.#messages[this.#next]; next; next = this.#messages[this.#next]) {
      this.#next++
      this.#memory.release(next.ownBytes)
      if (!next.entry?.transaction && !isExpired(next.message, nowMs)) return next
    }
    return undefined
  }

  /** A message is not in the queue any more. */
  forget(sequence: Sequence): void {
    let low = this.#next
    let high = this.#messages.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#messages[middle]!.sequence < sequence) low = middle + 1
      else high = middle
    }
    const found = this.#messages[low]
    if (found?.sequence !== sequence) return
    this.#memory.release(found.ownBytes)
    this.#messages.splice(low, 1)
  }

  /** Nobody looks any further. */
  clear(): void {
    for (let i = this.#next; i < this.#messages.length; i++) this.#memory.release(this.#messages[i]!.ownBytes)
    this.#messages.length = 0
  }
}

/** The first entries behind `after`, ascending; `end`: all up to there are among them. */
function inMemory(queue: BrowsedQueue, after: Sequence, upTo: Sequence): { entries: QueueEntry[]; end: Sequence } {
  const most = destinationLimits.pageMessages
  const entries: QueueEntry[] = []
  let end = upTo
  for (const entry of queue.waitingBehind(after)) {
    if (entry.sequence > upTo) break
    entries.push(entry)
    if (entries.length < most) continue
    end = entry.sequence
    break
  }
  for (const entry of queue.elsewhere()) if (entry.sequence > after && entry.sequence <= end) entries.push(entry)
  entries.sort((a, b) => a.sequence - b.sequence)
  if (entries.length > most) {
    entries.length = most
    end = entries.at(-1)!.sequence
  }
  return { entries, end }
}

function scan({ destination }: BrowsedQueue, { sequence, bytes }: FoundMessage, context: PageContext): Message | null {
  try {
    return context.scan(bytes)
  } catch (error) {
    const fields = { queue: destination.name, sequence, reason: errorMessage(error) }
    context.logger.error('Cannot decode stored message', fields)
    return null
  }
}
