import { expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { Inventory } from '../../../broker/base/inventory.ts'

/** All of it, in pages; `between` is called after each. */
function readThrough(inventory: Inventory<string>, limit: number, between: () => void = () => {}): string[] {
  const seen: string[] = []
  for (let after: number | null = 0; after !== null;) {
    const { items, next } = inventory.page(after, limit)
    expect(items.length).toBeLessThanOrEqual(limit)
    seen.push(...items)
    after = next
    between()
  }
  return seen
}

test('pages come in the order of arrival, and the last one says so', () => {
  const inventory = new Inventory<string>()
  expect(inventory.page(0, 2)).toEqual({ items: [], next: null })
  for (const item of ['a', 'b', 'c', 'd', 'a']) inventory.add(item)
  expect(inventory.size).toBe(4)
  expect(inventory.page(0, 2)).toEqual({ items: ['a', 'b'], next: 2 })
  expect(inventory.page(2, 2)).toEqual({ items: ['c', 'd'], next: null })
  expect(inventory.page(99, 2)).toEqual({ items: [], next: null })
})

test('what comes again is new', () => {
  const inventory = new Inventory<string>()
  for (const item of ['a', 'b']) inventory.add(item)
  inventory.remove('a')
  inventory.remove('a')
  inventory.add('a')
  expect(readThrough(inventory, 1)).toEqual(['b', 'a'])
})

test('whatever comes and goes meanwhile, what stays is seen once', () => {
  const change = fc.record({ adds: fc.nat(40), removes: fc.array(fc.nat(400), { maxLength: 80 }) })
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 30 }),
      fc.integer({ min: 1, max: 300 }),
      fc.array(change),
      (limit, size, changes) => {
        const inventory = new Inventory<string>()
        const first = Array.from({ length: size }, (_, index) => `${index}`)
        for (const item of first) inventory.add(item)
        const gone = new Set<string>()
        let added = size
        const left = [...changes]
        const seen = readThrough(inventory, limit, () => {
          const next = left.pop()
          if (!next) return
          for (const number of next.removes) {
            inventory.remove(`${number}`)
            gone.add(`${number}`)
          }
          for (let count = 0; count < next.adds; count++) inventory.add(`${added++}`)
        })
        expect(new Set(seen).size).toBe(seen.length)
        const stayed = first.filter((item) => !gone.has(item))
        expect(seen.filter((item) => stayed.includes(item))).toEqual(stayed)
      },
    ),
  )
})
