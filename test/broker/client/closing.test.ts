// JMS 1.1, 4.3.5 and 4.4.1: closing waits for the listeners that run.
import { describe, expect, test } from '@jest/globals'
import type { AcknowledgeMode } from '../../../broker/client/acknowledgements.ts'
import { summary, world } from './client-harness.ts'
import { settle } from './transport/fake-network.ts'

describe('closing while a listener runs', () => {
  /** A listener that ends when it is told to, and what happened in which order. */
  async function listening(mode: AcknowledgeMode = 'auto') {
    const all = await world(mode)
    const log: string[] = []
    const calls: PromiseWithResolvers<void>[] = []
    all.consumer.setListener(async ({ text }) => {
      log.push(`begin ${text}`)
      calls.push(Promise.withResolvers<void>())
      await calls.at(-1)!.promise
      log.push(`end ${text}`)
    })
    all.dispatch(1)
    all.dispatch(2)
    await settle()
    const finish = (): void => calls.shift()!.resolve()
    const kinds = (): string[] => all.transport.sent.map(({ kind }) => kind)
    return { ...all, log, finish, kinds }
  }

  test.each(['consumer', 'session', 'connection'] as const)(
    '%s: waits, and what was handled is acknowledged',
    async (what) => {
      const all = await listening()
      const closed = all[what].close().then(() => all.log.push('closed'))
      const again = all[what].close().then(() => all.log.push('closed'))
      await settle()
      expect(all.log).toEqual(['begin m1'])
      expect(all.kinds()).not.toContain('RemoveInfo')
      all.finish()
      await Promise.all([closed, again])
      expect(all.log).toEqual(['begin m1', 'end m1', 'closed', 'closed'])
      expect(summary(all.transport.acks)).toEqual(['2: 1..1 (1)'])
      expect(all.kinds().indexOf('MessageAck')).toBeLessThan(all.kinds().indexOf('RemoveInfo'))
    },
  )

  test('stop waits, too, and the next message stays until the start', async () => {
    const { connection, log, finish } = await listening()
    const stopped = connection.stop().then(() => log.push('stopped'))
    await settle()
    finish()
    await stopped
    await settle()
    expect(log).toEqual(['begin m1', 'end m1', 'stopped'])
    connection.start()
    await settle()
    expect(log.at(-1)).toBe('begin m2')
  })

  test.each(['consumer', 'session', 'connection'] as const)(
    '%s: from inside it returns at once, and the rest follows the end of the listener',
    async (what) => {
      const all = await world('auto')
      const log: string[] = []
      const release = Promise.withResolvers<void>()
      all.consumer.setListener(async () => {
        await settle()
        await all[what].close()
        log.push('closed')
        await release.promise
        log.push('end')
      })
      all.dispatch(1)
      all.dispatch(2)
      await settle()
      await settle()
      expect(log).toEqual(['closed'])
      expect(all.transport.sent.map(({ kind }) => kind)).not.toContain('RemoveInfo')
      const outside = all[what].close().then(() => log.push('closed outside'))
      release.resolve()
      await outside
      expect(log).toEqual(['closed', 'end', 'closed outside'])
      expect(summary(all.transport.acks)).toEqual(['2: 1..1 (1)'])
      expect(all.transport.sent.map(({ kind }) => kind)).toContain('RemoveInfo')
      expect(all.errors).toEqual([])
    },
  )

  test('a listener that fails meanwhile leaves its message to others', async () => {
    const { transport, consumer, dispatch, errors } = await world('auto')
    const release = Promise.withResolvers<void>()
    consumer.setListener(async () => {
      await release.promise
      throw new Error('not now')
    })
    dispatch(1)
    await settle()
    const closed = consumer.close()
    release.resolve()
    await closed
    expect(errors).toEqual(['not now'])
    expect(transport.acks).toEqual([])
  })

  test('transacted: it may still commit; after it ends the rest is rolled back', async () => {
    const { transport, session, consumer, dispatch } = await world('transacted')
    const release = Promise.withResolvers<void>()
    consumer.setListener(async () => {
      await release.promise
      await session.commit()
    })
    dispatch(1)
    await settle()
    const closed = session.close()
    release.resolve()
    await closed
    expect(transport.sent.slice(-5)).toMatchObject([
      { kind: 'TransactionInfo', type: 0 },
      { kind: 'MessageAck', messageCount: 1 },
      { kind: 'TransactionInfo', type: 2 },
      { kind: 'RemoveInfo' },
      { kind: 'RemoveInfo' },
    ])
  })

  test('a message whose turn has not come is not handed out any more', async () => {
    const all = await listening()
    const other = await all.session.createConsumer('R')
    other.setListener(({ text }) => void all.log.push(`other ${text}`))
    all.dispatch(3, {}, other)
    await settle()
    const closed = other.close()
    await closed
    all.finish()
    await settle()
    expect(all.log).toEqual(['begin m1', 'end m1', 'begin m2'])
  })
})

test('a connection that closes says of each consumer what it has seen and not acknowledged', async () => {
  const { connection, transport, session, consumer, dispatch } = await world('client')
  const other = await session.createConsumer('R')
  const done = await session.createConsumer('S')
  for (const n of [1, 2]) dispatch(n)
  dispatch(3, {}, other)
  dispatch(4, {}, done)
  await (await done.receive())!.acknowledge()
  await consumer.receive()
  await other.receive()
  await connection.close()
  expect(transport.sent.filter(({ kind }) => kind === 'RemoveInfo')).toMatchObject([
    { objectId: { kind: 'ConsumerId', value: 1 }, lastDeliveredSequenceId: 101 },
    { objectId: { kind: 'ConsumerId', value: 2 }, lastDeliveredSequenceId: 103 },
    { objectId: { kind: 'ConnectionId' }, lastDeliveredSequenceId: 104 },
  ])
})

test('a connection whose socket takes nothing is closed after closeTimeout', async () => {
  const { connection, transport, clock } = await world('auto', 'jms.closeTimeout=500')
  transport.heldBack = true
  let closed = false
  const closing = connection.close().then(() => (closed = true))
  await settle()
  clock.advance(499)
  await settle()
  expect(closed).toBe(false)
  clock.advance(1)
  await closing
  expect(closed).toBe(true)
})
