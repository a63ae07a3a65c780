import { expect, test } from '@jest/globals'
import { MemoryUsage } from '../../../broker/destination/memory-usage.ts'

const used = (bytes: number): MemoryUsage => {
  const memory = new MemoryUsage(10_000)
  memory.add(bytes)
  return memory
}

test('a destination may keep as much as it leaves to others, below the high water mark and apart from the pool', () => {
  expect(used(0).roomBesides(0)).toBe(6000)
  expect(used(3000).roomBesides(3000)).toBe(0)
  expect(used(4000).roomBesides(4000)).toBeLessThan(0)
  expect(used(3000).roomBesides(0)).toBe(3000)
})

test('floods that come one after the other leave the pool to those who have little', () => {
  const memory = new MemoryUsage(10_000)
  for (let flood = 0; flood < 20; flood++) {
    let own = 0
    for (; memory.roomBesides(own) >= 10; own += 10) memory.add(10)
  }
  expect(memory.used).toBeLessThanOrEqual(7000)
  expect(memory.roomBesides(0)).toBe(50)
})

test('what is above the high water mark is nobody’s', () => {
  expect(used(7000).roomBesides(0)).toBe(0)
  expect(used(8000).roomBesides(0)).toBe(-1000)
})
