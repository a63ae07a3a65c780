import { expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { MessageAudit } from '../../../broker/client/message-audit.ts'

test('the second time is a duplicate, per destination and producer', () => {
  const audit = new MessageAudit()
  expect(audit.isDuplicate('Q', 'p', 1)).toBe(false)
  expect(audit.isDuplicate('Q', 'p', 1)).toBe(true)
  expect(audit.isDuplicate('R', 'p', 1)).toBe(false)
  expect(audit.isDuplicate('Q', 'q', 1)).toBe(false)
})

test('what was rolled back may come again', () => {
  const audit = new MessageAudit()
  audit.isDuplicate('Q', 'p', 1)
  audit.rollback('Q', 'p', 1)
  expect(audit.isDuplicate('Q', 'p', 1)).toBe(false)
})

test('it agrees with a set as long as the window reaches', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 2000 }), { maxLength: 300 }), (sequences) => {
      const audit = new MessageAudit()
      const seen = new Set<number>()
      for (const sequence of sequences) {
        expect(audit.isDuplicate('Q', 'p', sequence)).toBe(seen.has(sequence))
        seen.add(sequence)
      }
    }),
  )
})

test('what lies before the window counts as new: better twice than never', () => {
  const audit = new MessageAudit()
  audit.isDuplicate('Q', 'p', 1)
  audit.isDuplicate('Q', 'p', 100_000)
  expect(audit.isDuplicate('Q', 'p', 1)).toBe(false)
})

test('of many producers the last ones are remembered', () => {
  const audit = new MessageAudit()
  for (let producer = 0; producer < 100; producer++) audit.isDuplicate('Q', `p${producer}`, 1)
  expect(audit.isDuplicate('Q', 'p99', 1)).toBe(true)
  expect(audit.isDuplicate('Q', 'p0', 1)).toBe(false)
})
