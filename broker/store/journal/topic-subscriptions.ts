// The durable subscriptions of a journal store, and which messages of topics they still want: a message that none of them wants
// is gone. While the store is open that is counted for each message; in recovery it is found out from time to time, and at the
// end.
import { entryParts, type SummaryRun } from '../../journal/summary.ts'
import type { SubscriptionHolder, SubscriptionTerms, Sequence } from '../held-message.ts'
import type { SubscriptionBacklog } from '../message-store.ts'
import { SequenceSet } from '../sequence-set.ts'
import { notTooFar, SubscriptionProgress } from '../subscription-progress.ts'
import { journalStoreLimits } from './limits.ts'
import type { MessageIndex } from './message-index.ts'
import { exceptBytes, type SubscriptionRecord } from './subscription-records.ts'

/** What a topic has besides what queues have. */
export interface TopicState {
  readonly number: number
  readonly index: MessageIndex
  readonly subscriptions: Set<SubscriptionState>
  /** Of all that it ever had, since it was counted first. */
  messages: number
  bytes: number
  /** It had no message behind this one. */
  lastSequence: Sequence
  /** In recovery: how many messages it had after those that nobody wants were dropped. */
  checkedMessages: number
}

export interface SubscriptionState {
  readonly number: number
  /** null until its record turns up in recovery. */
  identity: SubscriptionIdentity | null
  /** What it has acknowledged. */
  readonly progress: SubscriptionProgress
  /** What it never wanted, above its mark. */
  readonly unwanted: SequenceSet
  /** Of all that the topic ever had: what it does not want, or not any more. */
  settledMessages: number
  settledBytes: number
}

export interface SubscriptionIdentity {
  readonly holder: SubscriptionHolder
  readonly terms: SubscriptionTerms
  readonly topic: TopicState
}

export interface AcknowledgedRange {
  readonly subscription: number
  readonly after: Sequence
  readonly upTo: Sequence
}

/** What it may ask of the state that it is part of. */
export interface TopicMessages {
  /** Forgets a message of a topic; one that is not there any more is ignored. */
  drop(topic: TopicState, sequence: Sequence): void
  /** A message in this segment has so many bytes of `except` (subscription-records.ts) in its record. */
  lengthened(segment: number, bytes: number): void
}

export const topicState = (number: number, index: MessageIndex, lastSequence: Sequence): TopicState => ({
  number,
  index,
  subscriptions: new Set(),
  messages: 0,
  bytes: 0,
  lastSequence,
  checkedMessages: 0,
})

export class TopicSubscriptions {
  readonly #messages: TopicMessages
  readonly #byNumber = new Map<number, SubscriptionState>()
  readonly #byKey = new Map<string, SubscriptionState>()
  /** No record of a message has more bytes of `except`. */
  #mostExceptBytes = 0
  /** False in recovery. */
  #counting = false
  /** In recovery: those that were deleted, which transactions that were open then may name at their end. */
  readonly #deleted = new Set<number>()

  constructor(messages: TopicMessages) {
    this.#messages = messages
  }

  /** At least what a record of a topic's message takes besides its body. */
  get recordOverheadBytes(): number {
    return journalStoreLimits.recordOverheadBytes + this.#mostExceptBytes
  }

  get size(): number {
    return this.#byNumber.size
  }

  [Symbol.iterator](): Iterator<SubscriptionState> {
    return this.#byNumber.values()
  }

  find(key: string): SubscriptionState | undefined {
    return this.#byKey.get(key)
  }

  get(number: number): SubscriptionState | undefined {
    return this.#byNumber.get(number)
  }

  clear(): void {
    this.#byNumber.clear()
    this.#byKey.clear()
    this.#deleted.clear()
    this.#mostExceptBytes = 0
    this.#counting = false
  }

  add(number: number, mark: Sequence, identity: SubscriptionIdentity): void {
    const state = this.#obtain(number)
    state.progress.settle(0, mark)
    state.unwanted.forgetUpTo(state.progress.mark)
    if (state.identity) return
    const { topic, holder } = identity
    state.identity = identity
    state.settledMessages = topic.messages
    state.settledBytes = topic.bytes
    topic.subscriptions.add(state)
    this.#byKey.set(holder.key, state)
  }

  /** All that only it wants is gone. */
  remove(number: number): void {
    if (!this.#counting) this.#deleted.add(number)
    const state = this.#byNumber.get(number)
    if (!state) return
    this.#byNumber.delete(number)
    const { identity, progress } = state
    if (!identity) return
    const { topic, holder } = identity
    if (this.#byKey.get(holder.key) === state) this.#byKey.delete(holder.key)
    topic.subscriptions.delete(state)
    if (!this.#counting) return
    this.#dropAll(
      topic,
      topic.index.recount(progress.mark, Number.MAX_SAFE_INTEGER, (sequence, _, wantedBy) =>
        this.isSettled(state, sequence) ? wantedBy : wantedBy - 1,
      ),
    )
  }

  /** In recovery. Without open transactions nothing names the others any more. */
  keepOnly(numbers: ReadonlySet<number>, openTransactions: number): void {
    for (const number of this.#byNumber.keys()) if (!numbers.has(number)) this.remove(number)
    if (openTransactions === 0) this.#deleted.clear()
  }

  /** A message of a topic was placed in its index for the first time. */
  added(
    topic: TopicState,
    sequence: Sequence,
    segment: number,
    bytes: number,
    except: readonly number[] | undefined,
  ): void {
    if (except) this.#noteLonger(segment, except)
    if (!this.#counting) {
      if (except) for (const number of except) this.#obtain(number).unwanted.add(sequence - 1, sequence)
      return
    }
    let wantedBy = topic.subscriptions.size
    topic.messages++
    topic.bytes += bytes
    const after = notTooFar(topic.lastSequence, sequence)
    topic.lastSequence = sequence
    for (const number of except ?? []) {
      const state = this.#byNumber.get(number)
      // It may have been removed while the transaction was open.
      if (state?.identity?.topic !== topic) continue
      wantedBy--
      state.settledMessages++
      state.settledBytes += bytes
      state.unwanted.add(after, sequence)
    }
    if (wantedBy === 0) this.#messages.drop(topic, sequence)
    else topic.index.setWanted(sequence, wantedBy)
  }

  /** The numbers of those that did not want it when it was added, as far as that is not told by their marks; ascending. */
  except(topic: TopicState, sequence: Sequence): number[] {
    const numbers: number[] = []
    for (const { number, unwanted, progress } of topic.subscriptions)
      if (!unwanted.isEmpty && sequence > progress.mark && unwanted.has(sequence)) numbers.push(number)
    return numbers.sort((a, b) => a - b)
  }

  /** It does not want it, or has acknowledged it. */
  isSettled({ progress, unwanted }: SubscriptionState, sequence: Sequence): boolean {
    return progress.has(sequence) || unwanted.has(sequence)
  }

  /** Whether a message that is there is one that it has not acknowledged. */
  wants(state: SubscriptionState, sequence: Sequence): boolean {
    return !this.isSettled(state, sequence) && state.identity?.topic.index.get(sequence) !== undefined
  }

  /** All it wants up to `sequence`, which it wants itself, is not behind this one: they can be acknowledged together. */
  before(state: SubscriptionState, sequence: Sequence): Sequence {
    const { progress, unwanted, identity } = state
    for (let at = sequence; ;) {
      const found = identity!.topic.index.lastBefore(at)
      if (found <= progress.mark) return progress.mark
      if (progress.above.has(found)) at = progress.settledAfter(found) + 1
      else if (unwanted.has(found)) at = unwanted.startOf(found)
      else return notTooFar(found, sequence)
    }
  }

  /** In recovery, for many that a summary tells of; mostly they are of one subscription. */
  acknowledgeRun({ view, start, end, stride }: SummaryRun): void {
    let state: SubscriptionState | undefined
    for (let at = start + entryParts.meta; at < end; at += stride) {
      const number = view.getUint32(at)
      if (state?.number !== number) {
        state?.unwanted.forgetUpTo(state.progress.mark)
        state = this.#obtain(number)
      }
      const after = view.getUint16(at + 4) * 2 ** 32 + view.getUint32(at + 6)
      state.progress.settle(after, view.getUint16(at + 10) * 2 ** 32 + view.getUint32(at + 12))
    }
    state?.unwanted.forgetUpTo(state.progress.mark)
  }

  /** `before` and a message: it does not want them any more. */
  acknowledge({ subscription, after, upTo }: AcknowledgedRange): void {
    const state = this.#counting ? this.#byNumber.get(subscription) : this.#obtain(subscription)
    if (!state) return
    const { progress, unwanted, identity } = state
    const wanted = this.#counting && !this.isSettled(state, upTo)
    progress.settle(after, upTo)
    if (!unwanted.isEmpty) unwanted.forgetUpTo(progress.mark)
    if (!wanted) return
    const { topic } = identity!
    const wantedBy = topic.index.wantedBy(upTo)
    if (wantedBy === 0) return
    const { bodyLength, headLength } = topic.index.get(upTo)!
    state.settledMessages++
    state.settledBytes += bodyLength - headLength
    if (wantedBy === 1) this.#messages.drop(topic, upTo)
    else topic.index.setWanted(upTo, wantedBy - 1)
  }

  backlog(state: SubscriptionState | undefined): SubscriptionBacklog {
    if (!state?.identity) return { messageCount: 0, messageBytes: 0 }
    const { topic } = state.identity
    return {
      messageCount: topic.messages - state.settledMessages,
      messageBytes: topic.bytes - state.settledBytes,
    }
  }

  /** In recovery, when all subscriptions are known: so that one who follows for days does not keep what is gone. */
  dropUnwanted(topics: Iterable<TopicState>): void {
    for (const topic of topics) {
      const { messages } = topic.index
      if (messages < 2 * topic.checkedMessages + journalStoreLimits.uncheckedTopicMessages) continue
      this.#count(topic)
      topic.checkedMessages = topic.index.messages
    }
  }

  /** Recovery is over. Returns how many subscriptions were dropped because nothing says whose they are. */
  finishRecovery(topics: Iterable<TopicState>, lastSequence: Sequence): number {
    const nameless = [...this.#byNumber.values()].filter(({ identity }) => !identity)
    const lost = nameless.filter(({ number }) => !this.#deleted.has(number))
    this.#deleted.clear()
    this.#counting = true
    for (const { number } of nameless) this.remove(number)
    for (const topic of topics) {
      topic.lastSequence = lastSequence
      this.#count(topic)
    }
    return lost.length
  }

  /** How many want each message of a topic, and how many each subscription wants. */
  #count(topic: TopicState): void {
    const ascending = [...topic.subscriptions].sort((a, b) => a.progress.mark - b.progress.mark)
    topic.messages = topic.bytes = 0
    let passed = 0
    const pass = (upTo: Sequence): void => {
      for (; passed < ascending.length && ascending[passed]!.progress.mark < upTo; passed++) {
        ascending[passed]!.settledMessages = topic.messages
        ascending[passed]!.settledBytes = topic.bytes
      }
    }
    const nobodys = topic.index.recount(0, Number.MAX_SAFE_INTEGER, (sequence, bytes) => {
      pass(sequence)
      topic.messages++
      topic.bytes += bytes
      return passed
    })
    pass(Number.POSITIVE_INFINITY)
    for (const state of ascending) settleRanges(topic, state, nobodys)
    this.#dropAll(topic, nobodys)
  }

  #noteLonger(segment: number, except: readonly number[]): void {
    const bytes = exceptBytes(except)
    this.#mostExceptBytes = Math.max(this.#mostExceptBytes, bytes)
    this.#messages.lengthened(segment, bytes)
  }

  #dropAll(topic: TopicState, sequences: readonly Sequence[]): void {
    for (const sequence of sequences) this.#messages.drop(topic, sequence)
  }

  #obtain(number: number): SubscriptionState {
    let state = this.#byNumber.get(number)
    if (state) return state
    const progress = new SubscriptionProgress(0)
    state = {
      number,
      identity: null,
      progress,
      unwanted: new SequenceSet(),
      settledMessages: 0,
      settledBytes: 0,
    }
    this.#byNumber.set(number, state)
    return state
  }
}

export function subscriptionRecord({ number, identity, progress }: SubscriptionState): SubscriptionRecord {
  const { holder, terms, topic } = identity!
  const { topic: topicName, clientId, name } = holder
  const { selector, noLocal } = terms
  return { number, topic: topic.number, topicName, clientId, name, selector, noLocal, mark: progress.mark }
}

/** Takes what it has settled above its mark out of what was counted; adds what nobody wants to `nobodys`. */
function settleRanges({ index }: TopicState, state: SubscriptionState, nobodys: Sequence[]): void {
  const { progress, unwanted } = state
  const take = (after: Sequence, upTo: Sequence, isCounted: (sequence: Sequence) => boolean): void => {
    const found = index.recount(after, upTo, (sequence, bytes, wantedBy) => {
      if (!isCounted(sequence)) return wantedBy
      state.settledMessages++
      state.settledBytes += bytes
      return wantedBy - 1
    })
    for (const sequence of found) nobodys.push(sequence)
  }
  progress.visitAbove((after, upTo) => take(after, upTo, () => true))
  unwanted.visit((after, upTo) => {
    if (upTo > progress.mark) take(Math.max(after, progress.mark), upTo, (sequence) => !progress.above.has(sequence))
  })
}
