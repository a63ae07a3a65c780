// What the tables of the SQL store make of rows that a real ActiveMQ wrote: test/broker/store/sql/activemq-5.17.
import { beforeEach, describe, expect, test } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { destinationKey } from '../../broker/message/destination.ts'
import { StoredMessage } from '../../broker/message/stored-message.ts'
import { storedFormOf } from '../../broker/store/sql/blob-form.ts'
import type { TablesSetting } from './tables-setting.ts'

type Value = string | number | null

interface Recorded {
  readonly kind: 'postgresql' | 'mysql'
  /** MSG in hexadecimal digits. */
  readonly messages: readonly Readonly<Record<string, Value>>[]
  readonly acks: readonly Readonly<Record<string, Value>>[]
}

const folder = join(import.meta.dirname, '../broker/store/sql/activemq-5.17')
const recordings = ['postgresql', 'postgresql-version-6', 'mariadb', 'mariadb-version-6'].map(
  (name) => [name, JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as Recorded] as const,
)

export function activemqRows(setting: TablesSetting): void {
  describe.each(recordings)('rows of ActiveMQ: %s', (_, { messages, acks }) => {
    beforeEach(async () => {
      for (const row of messages) await insert(setting, setting.names.messages, row)
      for (const row of acks) await insert(setting, setting.names.acks, row)
    })

    test('are found, but for those of prepared transactions', async () => {
      const free = messages.filter(({ XID }) => XID === null)
      expect(await setting.scan()).toEqual(
        free.map(({ ID, CONTAINER, PRIORITY, MSG }) => ({
          id: ID,
          container: CONTAINER,
          priority: PRIORITY,
          bytes: (MSG as string).length / 2,
        })),
      )
      const prepared = messages.length - free.length
      const found = await setting.load()
      expect(found.preparedMessages + found.preparedAcknowledgements).toBe(prepared + 1)
      expect(found.largestId).toBe(messages.at(-1)!['ID'])
    })

    test('have messages that are those of their columns', async () => {
      const free = messages.filter(({ XID }) => XID === null)
      const blobs = await setting.tables.read(free.map(({ ID }) => ID as number))
      const byId = new Map(blobs.map(({ id, blob }) => [id, StoredMessage.scan(storedFormOf(blob))]))
      for (const { ID, CONTAINER, MSGID_PROD, MSGID_SEQ, EXPIRATION } of free) {
        const { destination, producerId, producerSequenceId, expiration } = byId.get(ID as number)!
        expect([destinationKey(destination), producerId, producerSequenceId, expiration]).toEqual([
          CONTAINER,
          MSGID_PROD,
          MSGID_SEQ,
          EXPIRATION,
        ])
      }
    })

    test('have subscriptions as they are, and one more that says which are to a wildcard', async () => {
      const { subscriptions } = await setting.load()
      const text = (parts: readonly unknown[]): string => parts.map(String).join('|')
      expect(
        subscriptions
          .map((row) => text([row.container, row.priority, row.clientId, row.name, row.selector]))
          .toSorted(),
      ).toEqual(
        [
          ...acks.map((row) =>
            text([row['CONTAINER'], row['PRIORITY'], row['CLIENT_ID'], row['SUB_NAME'], row['SELECTOR']]),
          ),
          text(['topic://J.>', 0, 'client-d', 'wild', null]),
        ].toSorted(),
      )
      const sum = (rows: readonly number[]): number => rows.reduce((all, one) => all + one, 0)
      expect(sum(subscriptions.map(({ lastAckedId }) => lastAckedId))).toBe(
        sum(acks.map(({ LAST_ACKED_ID }) => LAST_ACKED_ID as number)),
      )
    })
  })
}

async function insert(setting: TablesSetting, table: string, row: Readonly<Record<string, Value>>): Promise<void> {
  const values = Object.entries(row).map(([column, value]) => {
    if (value === null) return 'NULL'
    if (column === 'MSG') return setting.kind === 'mysql' ? `X'${value}'` : `decode('${value}', 'hex')`
    return typeof value === 'string' ? `'${value.replaceAll("'", "''")}'` : String(value)
  })
  await setting.run(`INSERT INTO ${table} (${Object.keys(row).join(', ')}) VALUES (${values.join(', ')})`)
}
