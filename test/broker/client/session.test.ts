import { describe, expect, test } from '@jest/globals'
import { summary, world } from './client-harness.ts'

describe('transactions', () => {
  test('acknowledge with the commit, and begin only when there is something to do', async () => {
    const { transport, session, consumer, dispatch } = await world('transacted')
    await session.commit()
    expect(transport.sent.map(({ kind }) => kind)).not.toContain('TransactionInfo')
    dispatch(1)
    await consumer.receive()
    await session.commit()
    expect(transport.sent.slice(-3)).toMatchObject([
      { kind: 'TransactionInfo', type: 0 },
      { kind: 'MessageAck', ackType: 2, transactionId: { value: 1 } },
      { kind: 'TransactionInfo', type: 2, responseRequired: true },
    ])
  })

  test('deliver again after a rollback, and give up after maximumRedeliveries', async () => {
    const { clock, transport, session, consumer, dispatch } = await world(
      'transacted',
      'jms.redeliveryPolicy.maximumRedeliveries=1',
    )
    dispatch(1)
    dispatch(2)
    await consumer.receive()
    await session.rollback()
    expect(await consumer.receiveNoWait()).toBeNull()
    clock.advance(1000)
    const again = (await consumer.receive())!
    expect([again.text, again.redelivered, again.deliveryCount]).toEqual(['m1', true, 2])
    await session.rollback()
    expect(transport.acks).toMatchObject([
      {
        ackType: 1,
        messageCount: 1,
        poisonCause: {
          className: 'java.lang.Throwable',
          message: expect.stringMatching(
            /^Delivery\[2\] exceeds redelivery policy limit:RedeliveryPolicy \{.*maximumRedeliveries = 1,.*\}, cause:null$/,
          ),
        },
      },
    ])
    expect((await consumer.receive())!.text).toBe('m2')
  })

  test.each(['consumer', 'session', 'connection'] as const)(
    'a %s that closes while rolled back messages wait has seen them all',
    async (what) => {
      const all = await world('transacted', 'jms.redeliveryPolicy.initialRedeliveryDelay=0')
      const { transport, session, consumer, dispatch } = all
      for (const n of [1, 2, 3, 4]) dispatch(n)
      for (const _ of [1, 2, 3]) await consumer.receive()
      await session.rollback()
      for (const _ of [1, 2]) await consumer.receive()
      await session.rollback()
      expect((await consumer.receive())!.text).toBe('m1')
      await all[what].close()
      const removed = transport.sent.find(({ kind }) => kind === 'RemoveInfo')
      expect(removed).toMatchObject({ lastDeliveredSequenceId: 103 })
    },
  )

  test('refuse what was dispatched too often before', async () => {
    const { transport, consumer, dispatch } = await world('transacted')
    dispatch(1, { redeliveryCounter: 7 })
    expect(await consumer.receiveNoWait()).toBeNull()
    expect(summary(transport.acks)).toEqual(['1: 1..1 (1)'])
  })

  test('take what the broker has delivered again by itself, however often', async () => {
    const { transport, consumer, dispatch } = await world('transacted')
    dispatch(1, { redeliveryCounter: 7, properties: { redeliveryDelay: 1000 } })
    expect((await consumer.receiveNoWait())!.deliveryCount).toBe(8)
    expect(summary(transport.acks)).toEqual([])
  })

  test('a commit that the broker refuses delivers again', async () => {
    const { clock, transport, session, consumer, dispatch } = await world('transacted')
    dispatch(1)
    await consumer.receive()
    transport.refused.set('TransactionInfo', 'javax.jms.TransactionRolledBackException')
    await expect(session.commit()).rejects.toMatchObject({ className: 'javax.jms.TransactionRolledBackException' })
    clock.advance(1000)
    expect((await consumer.receive())!.deliveryCount).toBe(2)
  })

  test('messages that were consumed over a lost connection cannot be committed', async () => {
    const { transport, session, consumer, dispatch } = await world('transacted')
    dispatch(1)
    await consumer.receive()
    transport.listener.interrupted('tcp://a:1', new Error('cut'))
    transport.listener.resumed('tcp://b:1')
    await expect(session.commit()).rejects.toThrow(
      'Cannot commit: messages were received in the transaction over a connection that is lost',
    )
    expect(transport.acks).toEqual([])
    dispatch(1, { redeliveryCounter: 1 })
    expect((await consumer.receive())!.text).toBe('m1')
    await session.commit()
    expect(summary(transport.acks)).toEqual(['2: 1..1 (1)'])
  })

  test('a message that comes again is a redelivered one, also when the next broker does not know that', async () => {
    const { transport, session, consumer, dispatch } = await world('transacted')
    const counts: unknown[] = []
    for (let time = 0; time < 3; time++) {
      dispatch(1)
      const { redelivered, deliveryCount } = (await consumer.receive())!
      counts.push([redelivered, deliveryCount])
      transport.listener.interrupted('tcp://a:1', new Error('cut'))
      transport.listener.resumed('tcp://b:1')
      await expect(session.commit()).rejects.toMatchObject({ name: 'TransactionRolledBackException' })
    }
    expect(counts).toEqual([
      [false, 1],
      [true, 2],
      [true, 3],
    ])
    dispatch(1, { redeliveryCounter: 5 })
    expect((await consumer.receive())!.deliveryCount).toBe(6)
  })

  test('so is one whose commit was in doubt, and one that waited for its redelivery', async () => {
    const { transport, session, consumer, dispatch } = await world('transacted')
    dispatch(1)
    dispatch(2)
    await consumer.receive()
    await session.rollback()
    transport.listener.interrupted('tcp://a:1', new Error('cut'))
    dispatch(1)
    dispatch(2)
    const first = (await consumer.receive())!
    expect([first.text, first.deliveryCount]).toEqual(['m1', 2])
    const second = (await consumer.receive())!
    expect([second.text, second.redelivered]).toEqual(['m2', false])
    transport.answering = false
    const commit = session.commit()
    const { commandId } = transport.sent.at(-1) as { commandId: number }
    transport.listener.interrupted('tcp://b:1', new Error('cut'))
    transport.refuse(commandId, 'javax.jms.TransactionRolledBackException')
    await expect(commit).rejects.toThrow('no')
    dispatch(1)
    dispatch(2)
    expect((await consumer.receive())!.deliveryCount).toBe(3)
    expect((await consumer.receive())!.deliveryCount).toBe(2)
  })

  test('too often is too often over lost connections, too', async () => {
    const { transport, session, consumer, dispatch } = await world(
      'transacted',
      'jms.redeliveryPolicy.maximumRedeliveries=0',
    )
    dispatch(1)
    await consumer.receive()
    transport.listener.interrupted('tcp://a:1', new Error('cut'))
    await expect(session.commit()).rejects.toThrow('Cannot commit')
    dispatch(1)
    expect(await consumer.receiveNoWait()).toBeNull()
    expect(transport.acks).toMatchObject([
      { ackType: 1, poisonCause: { message: expect.stringContaining('Delivery[1]') } },
    ])
  })

  test('what is received while a commit is on its way stays received when the commit fails', async () => {
    const { clock, transport, session, consumer, dispatch } = await world('transacted')
    dispatch(1)
    await consumer.receive()
    transport.answering = false
    const commit = session.commit()
    const { commandId } = transport.sent.at(-1) as { commandId: number }
    dispatch(2)
    await consumer.receive()
    transport.refuse(commandId, 'javax.jms.TransactionRolledBackException')
    await expect(commit).rejects.toThrow('no')
    clock.advance(1000)
    expect((await consumer.receive())!.text).toBe('m1')
    transport.answering = true
    await session.commit()
    expect(summary(transport.acks).at(-1)).toBe('2: 2..1 (2)')
  })

  test('a commit in doubt lets its messages come again', async () => {
    const { transport, session, consumer, dispatch } = await world('transacted')
    dispatch(1)
    await consumer.receive()
    transport.answering = false
    const commit = session.commit()
    const { commandId } = transport.sent.at(-1) as { commandId: number }
    transport.listener.interrupted('tcp://a:1', new Error('cut'))
    transport.listener.command({
      kind: 'ExceptionResponse',
      commandId: 0,
      responseRequired: false,
      correlationId: commandId,
      exception: {
        className: 'javax.jms.TransactionRolledBackException',
        message: 'in doubt',
        stackTrace: [],
        cause: null,
      },
    })
    await expect(commit).rejects.toThrow('in doubt')
    dispatch(1, { redeliveryCounter: 1 })
    expect((await consumer.receiveNoWait())!.text).toBe('m1')
  })
})
