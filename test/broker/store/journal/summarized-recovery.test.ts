// A state that was recovered from summaries is the same as one that got each record by itself.
import { expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { SummaryBuilder, visitSummary } from '../../../../broker/journal/summary.ts'
import type { MessageLocation } from '../../../../broker/store/journal/message-location.ts'
import {
  encodeAdd,
  encodeAddInTx,
  encodeCommit,
  encodeRemove,
  encodeRemoveInTx,
  encodeRollback,
  recordType,
  type EncodedMeta,
} from '../../../../broker/store/journal/store-records.ts'
import {
  appendExcept,
  encodeAcknowledged,
  encodeSubscription,
} from '../../../../broker/store/journal/subscription-records.ts'
import { StoreState } from '../../../../broker/store/journal/store-state.ts'

interface Entry {
  readonly type: number
  readonly bodyLength: number
  readonly meta: Buffer
}

const entry = (type: number, { meta, length }: EncodedMeta, bodyLength = 0): Entry => ({
  type,
  bodyLength,
  meta: Buffer.from(meta.subarray(0, length)),
})

const crossing = 2 ** 32 - 20

/** Everything that can be asked of a state afterwards. */
function describeState(state: StoreState): unknown {
  const queues = [...state.queues.values()].map(({ number, index }) => {
    const content: MessageLocation[] = []
    index.scan(0, (location) => content.push({ ...location }) > 0)
    return { number, content, messages: index.messages, bytes: index.bytes }
  })
  const transactions = [...state.transactions].map(([tx, { adds, removes }]) => ({ tx, adds: adds.count, removes }))
  const subscriptions = [...state.subscriptions].map((subscription) => {
    const { number, progress, unwanted } = subscription
    const ranges: [number, number][] = []
    progress.visitAbove((after, upTo) => ranges.push([after, upTo]))
    unwanted.visit((after, upTo) => ranges.push([after, upTo]))
    return { number, mark: progress.mark, ranges, backlog: state.subscriptions.backlog(subscription) }
  })
  return { queues, subscriptions, transactions, uses: new Map(state.uses.entries()), lastSequence: state.lastSequence }
}

/** Both states visit the segments; only one of them is offered runs. */
function recover(segments: readonly (readonly Entry[])[]): readonly [byRuns: StoreState, byRecords: StoreState] {
  const states = [new StoreState(() => {}), new StoreState(() => {})] as const
  for (const [index, entries] of segments.entries()) {
    const summary = new SummaryBuilder()
    for (const [at, { type, bodyLength, meta }] of entries.entries())
      summary.add(type, 64 + 128 * at, bodyLength, meta, meta.length)
    const bytes = summary.build({ number: index + 1, salt: 1, length: 8000 })
    for (const [which, state] of states.entries()) {
      state.segment(index + 1, 1)
      visitSummary(
        bytes,
        (type, position, meta, length) => state.record(type, position, meta, length, undefined),
        (type, run) => which === 0 && state.run(type, run),
      )
    }
  }
  return states
}

const topic = 3

const subscribed = [1, 2].map((which) =>
  entry(
    recordType.subscription,
    encodeSubscription({
      number: topic + which,
      topic,
      topicName: 'T',
      clientId: `client-${which}`,
      name: 'all',
      mark: 0,
      selector: null,
      noLocal: false,
    }),
  ),
)

type Plan = (from: { sequence: number; tx: number }) => Entry[]

const queue = fc.integer({ min: 1, max: 2 })
const count = fc.integer({ min: 1, max: 40 })

const plan: fc.Arbitrary<Plan> = fc.oneof(
  fc.tuple(queue, count).map(
    ([queue, count]): Plan =>
      (from) =>
        Array.from({ length: count }, (_, n) => entry(recordType.add, encodeAdd(queue, ++from.sequence, n), 100 + n)),
  ),
  fc
    .tuple(fc.array(queue, { minLength: 1, maxLength: 3 }), count, fc.nat(3))
    .map(([queues, count, end]): Plan => (from) => {
      const tx = ++from.tx
      const adds = Array.from({ length: count }, (_, n) =>
        entry(recordType.addInTx, encodeAddInTx(queues[n % queues.length]!, tx, n, n), 200 + n),
      )
      // One in four stays open.
      if (end === 0) return adds
      if (end === 1) return [...adds, entry(recordType.rollback, encodeRollback(tx))]
      const commit = entry(recordType.commit, encodeCommit(tx, from.sequence + 1, count))
      from.sequence += count
      return [...adds, commit]
    }),
  fc.tuple(queue, fc.nat(60)).map(([queue, back]): Plan => (from) => [
    entry(recordType.remove, encodeRemove(queue, Math.max(1, from.sequence - back))),
  ]),
  fc.tuple(queue, fc.nat(60)).map(([queue, back]): Plan => (from) => {
    const tx = ++from.tx
    const sequence = Math.max(1, from.sequence - back)
    return [
      entry(recordType.removeInTx, encodeRemoveInTx(queue, tx, sequence)),
      entry(recordType.commit, encodeCommit(tx, from.sequence + 1, 0)),
    ]
  }),
  // Of a topic (3) with two subscriptions; some messages are not for one of them.
  fc.tuple(count, fc.nat(2)).map(
    ([count, notFor]): Plan =>
      (from) =>
        Array.from({ length: count }, (_, n) => {
          const meta = encodeAdd(topic, ++from.sequence, n)
          return entry(recordType.topicAdd, notFor === 0 ? meta : appendExcept(meta, [topic + notFor]), 100 + n)
        }),
  ),
  fc.tuple(fc.integer({ min: 1, max: 2 }), count, fc.nat(60)).map(
    ([which, count, back]): Plan =>
      (from) =>
        Array.from({ length: count }, (_, n) => {
          const upTo = Math.max(1, from.sequence - back + n)
          return entry(recordType.acknowledged, encodeAcknowledged(topic + which, upTo - 1, upTo))
        }),
  ),
  // A message that was moved: it does not stand behind the others.
  fc.tuple(queue, fc.nat(60)).map(([queue, back]): Plan => (from) => [
    entry(recordType.moved, encodeAdd(queue, Math.max(1, from.sequence - back), 3), 90),
  ]),
  // What a journal never has: the same messages again.
  fc.tuple(queue, count).map(
    ([queue, count]): Plan =>
      (from) =>
        Array.from({ length: count }, (_, n) =>
          entry(recordType.add, encodeAdd(queue, Math.max(1, from.sequence - n), n), 80),
        ),
  ),
)

test('by runs or by records, the state is the same', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(0, crossing),
      fc.array(fc.array(plan, { maxLength: 8 }), { minLength: 1, maxLength: 4 }),
      fc.array(fc.nat(), { maxLength: 3 }),
      (sequence, segments, cuts) => {
        const from = { sequence, tx: 0 }
        const entries = [subscribed, ...segments.map((plans) => plans.flatMap((make) => make(from)))]
        // Transactions go on in the next segment.
        for (const cut of cuts) {
          const index = cut % entries.length
          const middle = cut % (entries[index]!.length + 1)
          entries.splice(index, 1, entries[index]!.slice(0, middle), entries[index]!.slice(middle))
        }
        const [byRuns, byRecords] = recover(entries)
        expect(describeState(byRuns)).toEqual(describeState(byRecords))
        const counted = entries.map((_, index) => index + 1)
        byRuns.finishRecovery(counted)
        byRecords.finishRecovery(counted)
        expect(describeState(byRuns)).toEqual(describeState(byRecords))
      },
    ),
    { numRuns: 300 },
  )
})
