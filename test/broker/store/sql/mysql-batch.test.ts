import { expect, test } from '@jest/globals'
import { tableNames } from '../../../../broker/sql/table-names.ts'
import { onlyLastId } from '../../../../broker/store/sql/batch-lists.ts'
import { MysqlBatches } from '../../../../broker/store/sql/mysql-batch.ts'
import type { MessageRow } from '../../../../broker/store/sql/store-tables.ts'

const batches = new MysqlBatches(tableNames(''))

const nothing = onlyLastId(3)

const message = (id: number, bytes: number): MessageRow => ({
  container: 'queue://A',
  priority: 0,
  id,
  producerId: 'p',
  producerSequenceId: id,
  expiration: 0,
  blob: Buffer.alloc(bytes, 0xab),
})

const statements = (text: string): string[] => text.split(';\n').map((one) => one.split(' ').slice(0, 3).join(' '))

test('a batch is one transaction in one text, whose first statements prove whose it is', () => {
  const batch = { ...nothing, addedMessages: [message(1, 10), message(2, 10)], removedMessages: [5, 6] }
  const texts = batches.texts(batch, { term: 7, leaseHolder: "it's me" }, 1_000_000)
  expect(texts.map(statements)).toEqual([
    [
      'START TRANSACTION',
      'SELECT IF(COUNT(*) =',
      'SELECT IF(COUNT(*) =',
      'UPDATE FLOTILLA_STATE SET',
      'INSERT INTO ACTIVEMQ_MSGS',
      'DELETE FROM ACTIVEMQ_MSGS',
      'COMMIT',
    ],
  ])
  expect(texts[0]).toContain("BROKER_NAME = _utf8mb4 X'69742773206d65' LOCK IN SHARE MODE")
  expect(texts[0]).toContain('TERM = 7 FOR UPDATE')
  expect(texts[0]).toContain('(5, 6)')
})

test('without a lease the lock table is not looked at, and lists that are empty cost nothing', () => {
  const [text] = batches.texts(nothing, { term: 7, leaseHolder: undefined }, 1_000_000)
  expect(statements(text!)).toHaveLength(4)
  expect(text).not.toContain('ACTIVEMQ_LOCK')
})

test('a batch that is too large for one text is several, of which the last one has the proof', () => {
  const addedMessages = Array.from({ length: 10 }, (_, index) => message(index, 100_000))
  const texts = batches.texts({ ...nothing, addedMessages }, { term: 7, leaseHolder: undefined }, 500_000)
  expect(texts.length).toBeGreaterThan(4)
  expect(texts.every((text) => Buffer.byteLength(text) <= 500_000)).toBe(true)
  expect(statements(texts[0]!).slice(0, 3)).toEqual([
    'SET @flotilla_wait_timeout =',
    'SET SESSION wait_timeout',
    'START TRANSACTION',
  ])
  expect(statements(texts.at(-1)!).slice(0, 3)).toEqual(['SELECT IF(COUNT(*) =', 'UPDATE FLOTILLA_STATE SET', 'COMMIT'])
  const rows = texts.join().match(/X'(ab)+'/g)
  expect(rows).toHaveLength(10)
})

test('many keys are lists that an optimizer has room for', () => {
  const removedMessages = Array.from({ length: 1201 }, (_, index) => index)
  const [text] = batches.texts({ ...nothing, removedMessages }, { term: 7, leaseHolder: undefined }, 1_000_000)
  expect(statements(text!).filter((one) => one.startsWith('DELETE'))).toHaveLength(3)
})
