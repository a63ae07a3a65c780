// Reads on in two stores at once that have messages of the same queue: in the order of their sequences.
import type { FoundMessage, Sequence } from '../../store/held-message.ts'
import type { MessageCursor } from './message-cursor.ts'

/** `first` and `second` never have the same sequence. */
export const mergedCursor = (first: MessageCursor, second: MessageCursor): MessageCursor => ({
  async read(after, upTo, maxMessages, maxBytes) {
    const [one, other] = await Promise.all([
      first.read(after, upTo, maxMessages, maxBytes),
      second.read(after, upTo, maxMessages, maxBytes),
    ])
    const end = Math.min(knownUpTo(one, upTo), knownUpTo(other, upTo))
    return limited(merged(one, other, end), maxMessages, maxBytes)
  },
})

/** What lies behind its last message a read may have left out; one that found nothing left out nothing. */
const knownUpTo = (found: readonly FoundMessage[], upTo: Sequence): Sequence => found.at(-1)?.sequence ?? upTo

function merged(one: readonly FoundMessage[], other: readonly FoundMessage[], end: Sequence): FoundMessage[] {
  const all: FoundMessage[] = []
  let i = 0
  let j = 0
  for (;;) {
    const a = one[i]
    const b = other[j]
    const next = a && (!b || a.sequence < b.sequence) ? a : b
    if (!next || next.sequence > end) return all
    if (next === a) i++
    else j++
    all.push(next)
  }
}

/** At least one, as a read of one store gives. */
function limited(found: FoundMessage[], maxMessages: number, maxBytes: number): FoundMessage[] {
  let count = 0
  let bytes = 0
  while (count < found.length && count < maxMessages) {
    bytes += found[count]!.bytes.length
    if (count > 0 && bytes > maxBytes) break
    count++
  }
  return found.slice(0, count)
}
