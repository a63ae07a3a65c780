import { expect, test } from '@jest/globals'
import { DispatchedList, InFlight } from '../../../../broker/destination/subscription/dispatched-list.ts'
import { TopicEntry } from '../../../../broker/destination/entry.ts'

const sent = (producerSequenceId: number) => ({ producerId: 'ID:p:1:1', producerSequenceId })

const filled = (count: number) => {
  const list = new DispatchedList()
  const entries = Array.from({ length: count }, (_, i) => new TopicEntry(null, 10 + i, sent(i)))
  for (const entry of entries) list.push(entry)
  return { list, entries }
}

test('keeps dispatch order while entries leave from anywhere', () => {
  const { list, entries } = filled(5)
  list.remove(entries[2]!)
  list.remove(entries[0]!)
  list.remove(entries[4]!)
  expect([...list]).toEqual([entries[1], entries[3]])
  expect(list.size).toBe(2)
  list.remove(entries[1]!)
  list.remove(entries[3]!)
  expect([list.size, list.first]).toEqual([0, null])
})

test('what the client hands out first goes before the others, in the order in which that is said', () => {
  const { list, entries } = filled(6)
  for (const index of [2, 5, 2]) list.bringForward(entries[index]!)
  const order = () => [...list].map((entry) => entries.indexOf(entry as TopicEntry))
  expect(order()).toEqual([2, 5, 0, 1, 3, 4])
  list.remove(entries[5]!)
  list.bringForward(entries[3]!)
  expect(order()).toEqual([2, 3, 0, 1, 4])
  for (const index of [2, 3, 4]) list.remove(entries[index]!)
  list.bringForward(entries[1]!)
  list.push(entries[5]!)
  expect(order()).toEqual([1, 0, 5])
  expect([list.size, list.find({ messageId: 'ID:p:1:1:5', sequence: 15 })]).toEqual([3, entries[5]])
})

test('finds by sequence and message id, or by message id alone', () => {
  const { list, entries } = filled(100)
  expect(list.find({ messageId: 'ID:p:1:1:70', sequence: 80 })).toBe(entries[70])
  expect(list.find({ messageId: 'ID:p:1:1:70', sequence: 0 })).toBe(entries[70])
  expect(list.find({ messageId: 'ID:p:1:1:70', sequence: 12 })).toBe(entries[70])
  expect(list.find({ messageId: 'ID:p:1:1:x', sequence: 80 })).toBeNull()
})

test('what the message id consists of does for its text', () => {
  const { list, entries } = filled(100)
  const messageId = 'not looked at'
  expect(list.find({ messageId, identity: sent(70), sequence: 80 })).toBe(entries[70])
  expect(list.find({ messageId, identity: sent(70), sequence: 0 })).toBe(entries[70])
  expect(list.find({ messageId, identity: { ...sent(70), producerId: 'ID:q:1:1' }, sequence: 80 })).toBeNull()
  expect(entries[70]!.messageId).toBe('ID:p:1:1:70')
})

test('of two copies of one message the sequence decides', () => {
  const list = new DispatchedList()
  const copies = [new TopicEntry(null, 1, sent(1)), new TopicEntry(null, 2, sent(1))]
  for (const copy of copies) list.push(copy)
  expect(list.find({ messageId: 'ID:p:1:1:1', sequence: 2 })).toBe(copies[1])
})

test('the index follows entries that come and go', () => {
  const { list, entries } = filled(3)
  expect(list.findSequence(12)).toBe(entries[2])
  list.remove(entries[2]!)
  expect(list.findSequence(12)).toBeNull()
  list.push(entries[2]!)
  expect(list.findSequence(12)).toBe(entries[2])
})

test('counts for its connection until its consumer has closed', () => {
  const inFlight = new InFlight()
  const [left, right] = [new DispatchedList(inFlight), new DispatchedList(inFlight)]
  const entries = Array.from({ length: 6 }, (_, i) => new TopicEntry(null, i + 1, sent(i)))
  for (const [index, entry] of entries.entries()) (index < 4 ? left : right).push(entry)
  left.remove(entries[0]!)
  expect(inFlight.count).toBe(5)
  left.leave()
  // What a transaction still has of a closed consumer.
  left.remove(entries[1]!)
  expect(inFlight.count).toBe(2)
})
