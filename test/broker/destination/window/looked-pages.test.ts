import { expect, test } from '@jest/globals'
import { destinationLimits } from '../../../../broker/destination/limits.ts'
import { MemoryUsage } from '../../../../broker/destination/memory-usage.ts'
import { LookedPages } from '../../../../broker/destination/window/looked-pages.ts'
import { testMessage } from '../../../support/test-message.ts'

const page = (after: number, upTo: number) => ({
  after,
  upTo,
  messages: Array.from({ length: upTo - after }, (_, i) => {
    const sequence = after + 1 + i
    const destination = { kind: 'queue', name: 'Q' } as const
    return { sequence, message: testMessage({ destination, producerSequenceId: sequence }) }
  }),
})

test('finds the page in which one goes on', () => {
  const pages = new LookedPages(new MemoryUsage(2 ** 20))
  const [first, second] = [page(0, 5), page(10, 15)]
  pages.add(first)
  pages.add(second)
  expect([0, 4, 5, 10, 15].map((sequence) => pages.at(sequence))).toEqual([first, first, undefined, second, undefined])
})

test('counts what it keeps, keeps some, and forgets what was taken', () => {
  const memory = new MemoryUsage(2 ** 20)
  const pages = new LookedPages(memory)
  for (let i = 0; i <= destinationLimits.lookedPages; i++) pages.add(page(i * 2, i * 2 + 2))
  expect([pages.at(0), memory.used]).toEqual([undefined, destinationLimits.lookedPages * 2 * 1024])
  pages.forget(4)
  pages.forget(4)
  expect([pages.at(2)!.messages.length, memory.used]).toEqual([1, (destinationLimits.lookedPages * 2 - 1) * 1024])
  pages.clear()
  expect(memory.used).toBe(0)
})

test('keeps a page only for those who go on in it, and only while memory is not short', () => {
  const memory = new MemoryUsage(10 * 1024)
  const pages = new LookedPages(memory)
  const [first, second] = [page(0, 2), page(2, 4)]
  pages.add(first)
  pages.add(second)
  pages.lookedAt(first, false)
  pages.lookedAt(second, true)
  expect([pages.at(0), pages.at(2)]).toEqual([undefined, second])
  memory.add(6 * 1024)
  pages.lookedAt(second, true)
  expect([pages.at(2), memory.used]).toEqual([undefined, 6 * 1024])
})
