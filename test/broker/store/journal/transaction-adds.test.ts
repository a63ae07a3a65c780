import { expect, test } from '@jest/globals'
import { SummaryBuilder, visitSummary, type SummaryRun } from '../../../../broker/journal/summary.ts'
import { encodeAddInTx, recordType } from '../../../../broker/store/journal/store-records.ts'
import { TransactionAdds } from '../../../../broker/store/journal/transaction-adds.ts'

const highest = 0xffff_ffff

test('it gives back what was added, however many there are', () => {
  const adds = new TransactionAdds()
  for (let n = 0; n < 1000; n++) adds.add(n % 3, n, 7, n * 8 + 16, 1000 + n, n % 50)
  expect(adds.length).toBe(1000)
  for (const n of [0, 15, 16, 17, 999]) {
    expect(adds.queue(n)).toBe(n % 3)
    expect(adds.ordinal(n)).toBe(n)
    expect(adds.segment(n)).toBe(7)
    expect(adds.position(n)).toBe(n * 8 + 16)
    expect(adds.bodyLength(n)).toBe(1000 + n)
    expect(adds.headLength(n)).toBe(n % 50)
  }
})

test('the largest numbers that the journal can have fit', () => {
  const adds = new TransactionAdds()
  adds.add(highest, highest, highest, highest * 8, highest, 65_535)
  expect([adds.queue(0), adds.ordinal(0), adds.segment(0), adds.bodyLength(0)]).toEqual(Array(4).fill(highest))
  expect(adds.position(0)).toBe(highest * 8)
})

test('cleared, it is empty and takes others; its room is kept unless it is large', () => {
  const adds = new TransactionAdds()
  adds.add(1, 0, 1, 8, 1, 1)
  adds.clear()
  expect(adds.length).toBe(0)
  expect(adds.includesQueue(1)).toBe(false)
  adds.add(2, 0, 1, 8, 1, 1)
  expect(adds.includesQueue(2)).toBe(true)
  expect(adds.isReusable).toBe(true)
  for (let n = 0; n < 70_000; n++) adds.add(2, n, 1, 8, 1, 1)
  expect(adds.isReusable).toBe(false)
})

test('what a summary tells of is counted, and unfolded when others come', () => {
  const summary = new SummaryBuilder()
  for (let n = 0; n < 20; n++) {
    const { meta, length } = encodeAddInTx(3, 9, n, 5)
    summary.add(recordType.addInTx, 800 + 8 * n, 100 + n, meta, length)
  }
  const runs: SummaryRun[] = []
  const bytes = summary.build({ number: 7, salt: 1, length: 8000 })
  visitSummary(
    bytes,
    () => {},
    (_, run) => runs.push(run) > 0,
  )
  const adds = new TransactionAdds()
  adds.addSummarized({ ...runs[0]!, queue: 3, segment: 7 })
  expect([adds.count, adds.length]).toEqual([20, 0])
  adds.add(4, 20, 8, 16, 1, 1)
  expect([adds.count, adds.length, adds.summarized.length]).toEqual([21, 21, 0])
  expect([adds.queue(19), adds.ordinal(19), adds.segment(19)]).toEqual([3, 19, 7])
  expect([adds.position(19), adds.bodyLength(19), adds.headLength(19)]).toEqual([952, 119, 5])
  expect([adds.queue(20), adds.segment(20)]).toEqual([4, 8])
})
