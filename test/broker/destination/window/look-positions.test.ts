import { expect, test } from '@jest/globals'
import { LookPositions, type LookPosition } from '../../../../broker/destination/window/look-positions.ts'

const at = (memory: number, store: number) => {
  const positions = new LookPositions()
  const position = { memory: 9, store: 9 }
  positions.add(position)
  expect(position).toEqual({ memory: 0, store: 0 })
  Object.assign(position, { memory, store })
  return { positions, position }
}

test('what comes in before a position sets it back, and the store need not be read for it', () => {
  const { positions, position } = at(20, 30)
  positions.cameIn(25)
  expect(position).toEqual({ memory: 20, store: 30 })
  positions.cameIn(12)
  expect(position).toEqual({ memory: 11, store: 30 })
})

test('what was passed over is looked at again, wherever it is', () => {
  const { positions, position } = at(20, 30)
  positions.goBackTo(25)
  expect(position).toEqual({ memory: 20, store: 24 })
  positions.goBackTo(7)
  expect(position).toEqual({ memory: 6, store: 6 })
})

test.each([
  ['looked at in the store is not looked at again', { memory: 10, store: 50 }, { memory: 30, store: 50 }],
  ['not looked at is looked at in memory', { memory: 40, store: 5 }, { memory: 10, store: 5 }],
  ['looked at in part is looked at from there', { memory: 40, store: 15 }, { memory: 15, store: 15 }],
  ['looked at, but something before it was not', { memory: 8, store: 50 }, { memory: 8, store: 50 }],
])('what moves from the store into memory: %s', (_name, before, after) => {
  const { positions, position } = at(before.memory, before.store)
  positions.movedToMemory(10, 30, 10)
  expect(position).toEqual(after)
})

test('knows whether somebody goes on in a page', () => {
  const { positions, position } = at(0, 15)
  expect([positions.someWithin(10, 20), positions.someWithin(0, 15), positions.someWithin(15, 16)]).toEqual([
    true,
    false,
    true,
  ])
  positions.delete(position)
  expect(positions.someWithin(10, 20)).toBe(false)
})

test('whoever follows is told of those that are there, and of all that come and go', () => {
  const positions = new LookPositions()
  const [first, second] = [
    { memory: 0, store: 0 },
    { memory: 0, store: 0 },
  ]
  const told: [string, (LookPosition | number)?][] = []
  positions.add(first)
  positions.tell({
    added: (position) => void told.push(['added', position]),
    deleted: (position) => void told.push(['deleted', position]),
    wentBackTo: (sequence) => void told.push(['wentBackTo', sequence]),
    cleared: () => void told.push(['cleared']),
  })
  positions.add(second)
  positions.goBackTo(7)
  positions.delete(first)
  positions.clear()
  expect(told).toEqual([['added', first], ['added', second], ['wentBackTo', 7], ['deleted', first], ['cleared']])
})
