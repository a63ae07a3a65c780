import { expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { mergedCursor } from '../../../../broker/destination/window/merged-cursor.ts'
import type { MessageCursor } from '../../../../broker/destination/window/message-cursor.ts'
import type { FoundMessage } from '../../../../broker/store/held-message.ts'

/** A store that has messages of ten bytes with these sequences. */
const storeOf = (sequences: readonly number[]): MessageCursor => ({
  read: async (after, upTo, maxMessages, maxBytes) =>
    sequences
      .filter((sequence) => sequence > after && sequence <= upTo)
      .slice(0, Math.min(maxMessages, Math.max(1, Math.floor(maxBytes / 10))))
      .map((sequence): FoundMessage => ({ sequence, bytes: Buffer.alloc(10) })),
})

const sequencesOf = (found: readonly FoundMessage[]): number[] => found.map(({ sequence }) => sequence)

test('gives the messages of both in one order, as far as both have told', async () => {
  const cursor = mergedCursor(storeOf([1, 4, 5]), storeOf([2, 3, 6]))
  expect(sequencesOf(await cursor.read(1, 5, 100, 1000))).toEqual([2, 3])
  expect(sequencesOf(await cursor.read(3, 5, 100, 1000))).toEqual([4, 5])
})

test('gives one message however large it is', async () => {
  expect(sequencesOf(await mergedCursor(storeOf([7]), storeOf([8])).read(0, 9, 5, 1))).toEqual([7])
})

test('read on page by page it gives everything once, in order', async () => {
  const cases = fc.tuple(
    fc.uniqueArray(fc.integer({ min: 1, max: 200 }), { maxLength: 60 }),
    fc.func(fc.boolean()),
    fc.integer({ min: 1, max: 7 }),
    fc.integer({ min: 1, max: 90 }),
  )
  await fc.assert(
    fc.asyncProperty(cases, async ([all, isFirst, maxMessages, maxBytes]) => {
      const sorted = all.toSorted((a, b) => a - b)
      const cursor = mergedCursor(storeOf(sorted.filter((s) => isFirst(s))), storeOf(sorted.filter((s) => !isFirst(s))))
      const read: number[] = []
      for (;;) {
        const page = sequencesOf(await cursor.read(read.at(-1) ?? 0, 200, maxMessages, maxBytes))
        if (page.length === 0) break
        expect(page.length).toBeLessThanOrEqual(maxMessages)
        read.push(...page)
      }
      expect(read).toEqual(sorted)
    }),
  )
})
