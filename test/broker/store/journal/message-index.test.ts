import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { entryParts } from '../../../../broker/journal/summary.ts'
import { MessageIndex } from '../../../../broker/store/journal/message-index.ts'
import type { MessageLocation } from '../../../../broker/store/journal/message-location.ts'
import { addInTxParts, locationAt, type MessageRun } from '../../../../broker/store/journal/message-run.ts'

const stride = 25
const farAway = 2 ** 40

/** Entries as a summary has them, of which only what the index reads is set. */
function runOf(locations: readonly MessageLocation[], segment: number, firstSequence: number): MessageRun {
  const view = new DataView(new ArrayBuffer(locations.length * stride))
  for (const [index, { sequence, position, bodyLength, headLength }] of locations.entries()) {
    const at = index * stride
    view.setUint32(at + entryParts.position, position / 8)
    view.setUint32(at + entryParts.bodyLength, bodyLength)
    view.setUint32(at + addInTxParts.ordinal, sequence - firstSequence)
    view.setUint16(at + addInTxParts.headLength, headLength)
  }
  return { view, start: 0, end: locations.length * stride, stride, segment, firstSequence, parts: addInTxParts }
}

const located = (sequence: number, segment = 3): MessageLocation => ({
  sequence,
  segment,
  position: (sequence % 1000) * 8,
  bodyLength: 100 + (sequence % 50),
  headLength: sequence % 40,
})

/** As the store adds a run: what does not stand behind all others is set. */
function addRun(index: MessageIndex, run: MessageRun): void {
  for (let at = run.start; at < run.end;) {
    const { end } = index.appendRun(run, at)
    if (end < run.end) index.set(locationAt(run, end))
    at = end + run.stride
  }
}

function contentOf(index: MessageIndex, after = 0, most = Number.POSITIVE_INFINITY): MessageLocation[] {
  const content: MessageLocation[] = []
  index.scan(after, (location) => content.push({ ...location }) < most)
  return content
}

const from = (first: number, count: number): number[] => Array.from({ length: count }, (_, i) => first + i)

describe('appending a run', () => {
  test('takes all of it, and says how much that was', () => {
    const index = new MessageIndex()
    const locations = from(500, 3000).map((sequence) => located(sequence))
    const { end, bodyBytes } = index.appendRun(runOf(locations, 3, 500), 0)
    expect(end).toBe(3000 * stride)
    expect(bodyBytes).toBe(locations.reduce((sum, { bodyLength }) => sum + bodyLength, 0))
    expect(index.messages).toBe(3000)
    expect(index.bytes).toBe(locations.reduce((sum, location) => sum + location.bodyLength - location.headLength, 0))
    expect(contentOf(index)).toEqual(locations)
  })

  test('stops in front of what does not stand behind all others, and takes nothing else', () => {
    const index = new MessageIndex()
    const run = runOf(
      [1, 2, 3, 3, 4, 2].map((sequence) => located(sequence)),
      3,
      1,
    )
    expect(index.appendRun(run, 0).end).toBe(3 * stride)
    expect(index.appendRun(run, 3 * stride)).toEqual({ end: 3 * stride, bodyBytes: 0, headBytes: 0 })
    expect(index.appendRun(run, 4 * stride).end).toBe(5 * stride)
    expect(contentOf(index).map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4])
  })

  test('stops in front of a sequence that is too far from the others', () => {
    const index = new MessageIndex()
    index.set(located(1))
    const run = runOf([located(farAway)], 3, farAway)
    expect(index.appendRun(run, 0).end).toBe(0)
    addRun(index, run)
    expect(contentOf(index)).toEqual([located(1), located(farAway)])
  })

  test('the largest numbers that a journal can have fit', () => {
    const highest = 0xffff_ffff
    const largest = {
      sequence: 2 ** 48 - 1,
      segment: highest,
      position: highest * 8,
      bodyLength: highest,
      headLength: 65_535,
    }
    const index = new MessageIndex()
    index.appendRun(runOf([largest], highest, largest.sequence - highest), 0)
    expect(contentOf(index)).toEqual([largest])
  })
})

// Two indexes live through the same: in one of them all messages are set one by one.

type Step = (indexes: readonly [byRuns: MessageIndex, bySet: MessageIndex]) => void

const sequence = fc.oneof(
  fc.nat(6000),
  fc.nat(6000).map((low) => farAway + low),
)

const runStep: fc.Arbitrary<Step> = fc
  .record({
    first: sequence,
    gaps: fc.array(fc.nat(3), { minLength: 1, maxLength: 40 }),
    repeat: fc.integer({ min: 1, max: 60 }),
    segment: fc.nat(9),
  })
  .map(({ first, gaps, repeat, segment }) => {
    let last = first
    // A gap of 0 is the same message again.
    const sequences = Array.from({ length: repeat }, () => gaps.map((gap) => (last += gap))).flat()
    const locations = sequences.map((sequence) => located(sequence, segment))
    return ([byRuns, bySet]) => {
      addRun(byRuns, runOf(locations, segment, first))
      for (const location of locations) bySet.set(location)
    }
  })

const same = (act: (index: MessageIndex) => unknown): Step => {
  return ([byRuns, bySet]) => expect(act(byRuns)).toEqual(act(bySet))
}

const step: fc.Arbitrary<Step> = fc.oneof(
  runStep,
  sequence.map((sequence) => same((index) => index.get(sequence))),
  sequence.map((sequence) => same((index) => index.set(located(sequence, 11)))),
  sequence.map((sequence) => same((index) => contentOf(index, sequence, 50))),
  fc
    .tuple(sequence, fc.integer({ min: 1, max: 2000 }))
    .map(([first, count]) => same((index) => from(first, count).map((sequence) => index.remove(sequence)))),
  sequence.map((sequence): Step => {
    // Only one of them may have room ready.
    const append = (index: MessageIndex): void => {
      const { segment, position, bodyLength, headLength } = located(sequence, 12)
      if (index.append(sequence, segment, position, bodyLength, headLength)) return
      index.set(located(sequence, 12))
    }
    return (indexes) => indexes.forEach(append)
  }),
)

test('an index made by runs is the same as one made message by message, whatever follows', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 30 }), (steps) => {
      const indexes = [new MessageIndex(), new MessageIndex()] as const
      for (const act of steps) act(indexes)
      const [byRuns, bySet] = indexes
      expect(contentOf(byRuns)).toEqual(contentOf(bySet))
      expect([byRuns.messages, byRuns.bytes]).toEqual([bySet.messages, bySet.bytes])
    }),
    { numRuns: 150 },
  )
})

// Topics: how many want each message, while messages come, go and are moved.

type CountedStep = (index: MessageIndex, model: Map<number, number>) => void

const nearby = fc.integer({ min: 1, max: 6000 })

const countedStep: fc.Arbitrary<CountedStep> = fc.oneof(
  fc
    .tuple(fc.integer({ min: 1, max: 2000 }), fc.integer({ min: 1, max: 9 }))
    .map(([count, wantedBy]): CountedStep => (index, model) => {
      const last = Math.max(0, ...model.keys())
      for (const sequence of from(last + 1, count)) {
        index.set(located(sequence))
        index.setWanted(sequence, wantedBy)
        model.set(sequence, wantedBy)
      }
    }),
  fc.tuple(nearby, fc.integer({ min: 1, max: 1500 })).map(([first, count]): CountedStep => (index, model) => {
    for (const sequence of from(first, count)) {
      index.remove(sequence)
      model.delete(sequence)
    }
  }),
  nearby.map((sequence): CountedStep => (index, model) => {
    if (model.has(sequence)) index.set(located(sequence, 11))
  }),
  fc.tuple(nearby, fc.integer({ min: 0, max: 3000 })).map(([after, count]): CountedStep => (index, model) => {
    const unwanted = index.recount(after, after + count, (_sequence, _bytes, wantedBy) => wantedBy - 1)
    const expected: number[] = []
    for (const [sequence, wantedBy] of model) {
      if (sequence <= after || sequence > after + count) continue
      model.set(sequence, wantedBy - 1)
      if (wantedBy === 1) expected.push(sequence)
    }
    expect(unwanted).toEqual(expected.sort((a, b) => a - b))
    for (const sequence of unwanted) {
      index.remove(sequence)
      model.delete(sequence)
    }
  }),
)

test('how many want a message stays with it', () => {
  fc.assert(
    fc.property(fc.array(countedStep, { minLength: 1, maxLength: 25 }), fc.array(nearby), (steps, asked) => {
      const index = new MessageIndex()
      const model = new Map<number, number>()
      for (const act of steps) act(index, model)
      const ascending = [...model.keys()].sort((a, b) => a - b)
      expect(contentOf(index).map(({ sequence }) => [sequence, index.wantedBy(sequence)])).toEqual(
        ascending.map((sequence) => [sequence, model.get(sequence)]),
      )
      for (const sequence of asked)
        expect(index.lastBefore(sequence)).toBe(ascending.filter((one) => one < sequence).at(-1) ?? 0)
    }),
    { numRuns: 25 },
  )
})
