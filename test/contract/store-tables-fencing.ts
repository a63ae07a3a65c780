// Who may write into the tables of the SQL store: the owner of the term and, under a lease, whose name is in the lock table.
import { describe, expect, test } from '@jest/globals'
import type { WriteBatch } from '../../broker/store/sql/store-tables.ts'
import { message, queue, subscription, type TablesSetting } from './tables-setting.ts'

export function fencedTables(setting: TablesSetting): void {
  describe('a larger term', () => {
    const full: Partial<WriteBatch> = {
      lastId: 50,
      addedMessages: [message(50)],
      removedMessages: [1],
      updatedMessages: [{ id: 2, blob: Buffer.from('other') }],
      addedQueues: [queue],
      addedSubscriptions: [subscription],
      producers: [{ producerId: 'a', producerSequenceId: 1, id: 1 }],
      addedArrivals: [{ ...queue, id: 1, producerId: 'p', producerSequenceId: 1 }],
    }

    async function nothingOfIt(): Promise<void> {
      expect(await setting.blobs(1, 2, 50)).toEqual({ 1: 'message 1', 2: 'message 2' })
      const { queues, acks, subscriptions, producers, arrivals } = setting.names
      await setting.expectEmpty(queues, acks, subscriptions, producers, arrivals)
      expect(await setting.run(`SELECT LAST_ID FROM ${setting.names.state}`)).toEqual([[0]])
    }

    test('lets nobody of a smaller one write or load', async () => {
      await setting.write({ addedMessages: [message(1), message(2)] })
      await setting.run(`UPDATE ${setting.names.state} SET TERM = 8 WHERE ID = 1`)
      await expect(setting.write(full)).rejects.toMatchObject({ kind: 'Fenced' })
      await expect(setting.load()).rejects.toMatchObject({ kind: 'Fenced' })
      await nothingOfIt()
      await setting.write({ addedMessages: [message(3)] }, { ...setting.proof, term: 8 })
      expect(await setting.blobs(3)).toEqual({ 3: 'message 3' })
    })

    test('lets nobody write who waited for it to be there', async () => {
      await setting.write({ addedMessages: [message(1), message(2)] })
      await setting.run('BEGIN')
      await setting.run(`UPDATE ${setting.names.state} SET TERM = 8 WHERE ID = 1`)
      const writing = setting.write(full)
      await setting.waitingFor(setting.names.state)
      await setting.run('COMMIT')
      await expect(writing).rejects.toMatchObject({ kind: 'Fenced' })
      await nothingOfIt()
    })

    test('that does not come to be lets the one who waited write', async () => {
      await setting.write({ addedMessages: [message(1), message(2)] })
      await setting.run('BEGIN')
      await setting.run(`UPDATE ${setting.names.state} SET TERM = 8 WHERE ID = 1`)
      const writing = setting.write(full)
      await setting.waitingFor(setting.names.state)
      await setting.run('ROLLBACK')
      await writing
      expect(await setting.blobs(1, 2, 50)).toEqual({ 2: 'other', 50: 'message 50' })
    })

    test('another name in the lock table is as good', async () => {
      const ours = { ...setting.proof, leaseHolder: "flotilla:it's/me" }
      await setting.run(`UPDATE ${setting.names.lock} SET BROKER_NAME = 'flotilla:it''s/me' WHERE ID = 1`)
      await setting.write({ addedMessages: [message(1), message(2)] }, ours)
      await setting.load(ours)
      await setting.run('BEGIN')
      await setting.run(`UPDATE ${setting.names.lock} SET BROKER_NAME = 'somebody' WHERE ID = 1`)
      const writing = setting.write(full, ours)
      await setting.waitingFor(setting.names.lock)
      await setting.run('COMMIT')
      await expect(writing).rejects.toMatchObject({ kind: 'Fenced' })
      await expect(setting.write(full, ours)).rejects.toMatchObject({ kind: 'Fenced' })
      await expect(setting.load(ours)).rejects.toMatchObject({ kind: 'Fenced' })
      await nothingOfIt()
      await setting.run(`UPDATE ${setting.names.lock} SET BROKER_NAME = NULL WHERE ID = 1`)
      await expect(setting.write(full, ours)).rejects.toMatchObject({ kind: 'Fenced' })
    })

    test('tables without their rows are nobody’s', async () => {
      await setting.run(`DELETE FROM ${setting.names.lock}`)
      await expect(
        setting.write({ addedQueues: [queue] }, { ...setting.proof, leaseHolder: 'me' }),
      ).rejects.toMatchObject({
        kind: 'Fenced',
      })
      await setting.run(`DELETE FROM ${setting.names.state}`)
      await expect(setting.write({ addedQueues: [queue] })).rejects.toMatchObject({ kind: 'Fenced' })
      await expect(setting.load()).rejects.toMatchObject({ kind: 'Fenced' })
      await setting.expectEmpty(setting.names.queues)
    })
  })
}
