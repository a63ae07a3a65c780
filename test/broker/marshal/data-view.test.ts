import { expect, test } from '@jest/globals'
import { dataViewOf } from '../../../broker/marshal/data-view.ts'

test('a view shows all of the memory that a buffer is a part of', () => {
  const memory = new ArrayBuffer(16)
  const part = Buffer.from(memory, 4, 8)
  part.writeInt32BE(77, 2)
  expect(dataViewOf(part).getInt32(6)).toBe(77)
})

test('the last two are kept, in whatever order they are asked for', () => {
  const [a, b] = [Buffer.from(new ArrayBuffer(8)), Buffer.from(new ArrayBuffer(8))]
  const [ofA, ofB] = [dataViewOf(a), dataViewOf(b)]
  for (const [buffer, view] of [
    [a, ofA],
    [b, ofB],
    [b, ofB],
    [a, ofA],
  ] as const)
    expect(dataViewOf(buffer)).toBe(view)
})

test('large memory does not stay because it was the last', () => {
  const large = Buffer.from(new ArrayBuffer(2 ** 20 + 1))
  expect(dataViewOf(large)).not.toBe(dataViewOf(large))
})
