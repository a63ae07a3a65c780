import { expect, test } from '@jest/globals'
import { encodeArrivals, type StoredArrival } from '../../../../broker/store/journal/arrival-records.ts'
import { ArrivalTable } from '../../../../broker/store/journal/arrival-table.ts'

const arrival = (sequence: number, producerId = `ID:${sequence % 2}`): StoredArrival => ({
  queue: 7,
  sequence,
  producerId,
  producerSequenceId: 2 ** 40 + sequence,
})

const sequences = (table: ArrivalTable): number[] => [...table.values()].map(({ sequence }) => sequence)

function listsOf(arrivals: Iterable<StoredArrival>): Buffer[] {
  const lists: Buffer[] = []
  encodeArrivals(arrivals, ({ meta, length }) => lists.push(Buffer.from(meta.subarray(0, length))))
  return lists
}

function filled(count: number, limit?: number): ArrivalTable {
  const table = new ArrivalTable(limit)
  for (let sequence = 1; sequence <= count; sequence++) table.add(arrival(sequence))
  return table
}

/** As after a segment's start; `end` false: the end of the snapshot did not come through. */
function snapshot(table: ArrivalTable, lists: readonly Buffer[], end = true): void {
  table.beginSnapshot()
  for (const list of lists) table.addToSnapshot(list)
  if (end) table.endSnapshot()
}

test('the oldest are forgotten', () => {
  expect(sequences(filled(5, 3))).toEqual([3, 4, 5])
})

test('a snapshot has all, in as many lists as they need, in their order', () => {
  const table = filled(10_000)
  const lists = listsOf(table.values())
  expect(lists.length).toBeGreaterThan(1)
  const other = filled(3)
  snapshot(other, lists)
  expect([...other.values()]).toEqual([...table.values()])
})

test('ids that are as long as may be fit', () => {
  const all = Array.from({ length: 100 }, (_, index) => arrival(index, `ID:${index}`.padEnd(4096, 'x')))
  const table = new ArrivalTable()
  snapshot(table, listsOf(all))
  expect([...table.values()]).toEqual(all)
})

test('what was told before a snapshot does not count, what is told behind it does, and half a snapshot does not', () => {
  const table = filled(3)
  table.left(2)
  snapshot(table, listsOf([arrival(2), arrival(3), arrival(4)]))
  table.left(3)
  for (const list of listsOf([arrival(5)])) table.addList(list)
  snapshot(table, listsOf([arrival(9)]), false)
  expect([table.has(2), table.has(3), table.has(5)]).toEqual([true, false, true])
  table.left(4)
  expect(sequences(table)).toEqual([2, 5])
})

test('an empty snapshot leaves none', () => {
  const table = filled(2)
  snapshot(table, [])
  expect([table.has(1), table.isEmpty]).toEqual([false, true])
})
