// Reads messages back from the journal, page by page: those that are durable and were not removed.
import { errorCode } from '../../base/errors.ts'
import type { Journal } from '../../journal/journal.ts'
import type {
  FoundMessage,
  MessageOwner,
  QueueHolder,
  Sequence,
  SubscriptionHolder,
  TopicHolder,
} from '../held-message.ts'
import { journalStoreLimits } from './limits.ts'
import type { MessageIndex } from './message-index.ts'
import type { MessageLocation } from './message-location.ts'
import type { StoreState } from './store-state.ts'

const { readGapBytes, readRunBytes, readRunMessages, recordOverheadBytes } = journalStoreLimits

export interface MessageReaderOptions {
  readonly journal: Journal
  readonly state: StoreState
  /** Every message up to here is durable. */
  readonly durableSequence: () => Sequence
  readonly whenDurable: (callback: () => void) => void
}

export class MessageReader {
  readonly #options: MessageReaderOptions

  constructor(options: MessageReaderOptions) {
    this.#options = options
  }

  async read(
    owner: MessageOwner | TopicHolder,
    after: Sequence,
    upTo: Sequence,
    maxMessages: number,
    maxBytes: number,
  ): Promise<readonly FoundMessage[]> {
    const { journal, state, durableSequence, whenDurable } = this.#options
    for (let attempt = 1; ; attempt++) {
      const last = Math.min(upTo, durableSequence())
      const wanted =
        owner.kind === 'subscription'
          ? this.#locateFor(owner, after, last, maxMessages, maxBytes)
          : locate(indexOf(state, owner), after, last, maxMessages, maxBytes)
      const overheadBytes = owner.kind === 'queue' ? recordOverheadBytes : state.subscriptions.recordOverheadBytes
      // Moved to a place that is on its way to the disk.
      if (wanted.some(({ segment, position }) => !journal.isDurable(segment, position)))
        await new Promise<void>((resolve) => whenDurable(resolve))
      try {
        return await this.#readBodies(wanted, overheadBytes)
      } catch (error) {
        if (errorCode(error) !== 'ENOENT' || attempt === journalStoreLimits.readAttempts) throw error
      }
    }
  }

  #locateFor(
    { key }: SubscriptionHolder,
    after: Sequence,
    last: Sequence,
    maxMessages: number,
    maxBytes: number,
  ): MessageLocation[] {
    const { subscriptions } = this.#options.state
    const found = subscriptions.find(key)
    if (!found) return []
    const start = Math.max(after, found.progress.mark)
    return locate(found.identity!.topic.index, start, last, maxMessages, maxBytes, (sequence) =>
      subscriptions.isSettled(found, sequence),
    )
  }

  /** Neighbours are read together, runs one after the other. */
  async #readBodies(wanted: readonly MessageLocation[], overheadBytes: number): Promise<FoundMessage[]> {
    const { journal } = this.#options
    const messages: FoundMessage[] = []
    for (let first = 0; first < wanted.length;) {
      const { segment, position: start } = wanted[first]!
      const { next, end } = runFrom(wanted, first, overheadBytes)
      const bytes = await journal.read(segment, start, end - start)
      for (const { sequence, position, headLength } of wanted.slice(first, next)) {
        const body = journal.body(segment, position, bytes, start)
        // A copy, so that one message that stays does not hold on to all that were read with it.
        if (body) messages.push({ sequence, bytes: Buffer.from(body.subarray(headLength)) })
      }
      first = next
    }
    return messages
  }
}

function locate(
  index: MessageIndex | undefined,
  after: Sequence,
  last: Sequence,
  maxMessages: number,
  maxBytes: number,
  isLeftOut: (sequence: Sequence) => boolean = leavesNoneOut,
): MessageLocation[] {
  const wanted: MessageLocation[] = []
  let total = 0
  index?.scan(after, (location) => {
    const length = location.bodyLength - location.headLength
    if (location.sequence > last || wanted.length >= maxMessages) return false
    if (isLeftOut(location.sequence)) return true
    if (wanted.length > 0 && total + length > maxBytes) return false
    total += length
    wanted.push({ ...location })
    return true
  })
  return wanted
}

const indexOf = (state: StoreState, { kind, name }: QueueHolder | TopicHolder): MessageIndex | undefined =>
  (kind === 'queue' ? state.queueNamed(name) : state.topicNamed(name))?.index

const leavesNoneOut = (): boolean => false

/** The end of what is read with `wanted[first]`: the first location that is not, and the end of their bytes. */
function runFrom(
  wanted: readonly MessageLocation[],
  first: number,
  overheadBytes: number,
): { next: number; end: number } {
  const { segment, position: start } = wanted[first]!
  let end = recordEnd(wanted[first]!, overheadBytes)
  let next = first + 1
  for (; next < wanted.length && next - first < readRunMessages; next++) {
    const { segment: other, position } = wanted[next]!
    if (other !== segment || position < end - overheadBytes) break
    const nextEnd = recordEnd(wanted[next]!, overheadBytes)
    if (position - end > readGapBytes || nextEnd - start > readRunBytes) break
    end = nextEnd
  }
  return { next, end }
}

/** Not beyond the end of the file by more than a little, which a read does not mind. */
const recordEnd = ({ position, bodyLength }: MessageLocation, overheadBytes: number): number =>
  position + bodyLength + overheadBytes
