// Sessions and consumers over a transport that is only a list of commands.
import { describe, expect, test } from '@jest/globals'
import { ManualClock } from '../../../broker/base/manual-clock.ts'
import { seededRandom } from '../../../broker/base/random.ts'
import type { Transport, TransportListener } from '../../../broker/client/transport/channel.ts'
import { Connection } from '../../../broker/client/connection.ts'
import type { AcknowledgeMode } from '../../../broker/client/message-consumer.ts'
import { buildMessageCommand } from '../../../broker/client/message.ts'
import { parseConnectionUrl } from '../../../broker/client/parse-connection-url.ts'
import type { Command, MessageAck } from '../../../broker/wire/openwire/commands.ts'
import { settle } from './transport/fake-network.ts'

class FakeTransport implements Transport {
  readonly faultTolerant = true
  readonly sent: Command[] = []
  listener!: TransportListener
  /** Commands that are refused instead of answered, by kind. */
  readonly refused = new Map<string, string>()
  answering = true

  connect(listener: TransportListener): Promise<void> {
    this.listener = listener
    return Promise.resolve()
  }

  send(command: Command): Promise<void> {
    this.sent.push(command)
    if (!('responseRequired' in command) || !command.responseRequired || !this.answering) return Promise.resolve()
    const header = { commandId: 0, responseRequired: false, correlationId: command.commandId }
    const className = this.refused.get(command.kind)
    queueMicrotask(() =>
      this.listener.command(
        className === undefined
          ? { kind: 'Response', ...header }
          : {
              kind: 'ExceptionResponse',
              ...header,
              exception: { className, message: 'no', stackTrace: [], cause: null },
            },
      ),
    )
    return Promise.resolve()
  }

  close(): void {}

  get acks(): MessageAck[] {
    return this.sent.filter((command) => command.kind === 'MessageAck')
  }
}

const producerId = { kind: 'ProducerId', connectionId: 'ID:p-1:1', sessionId: 1, value: 1 } as const

async function world(mode: AcknowledgeMode, query = '') {
  const clock = new ManualClock()
  const transport = new FakeTransport()
  const { options } = parseConnectionUrl(`tcp://a:1?jms.watchTopicAdvisories=false&${query}`)
  const connection = new Connection(
    {
      connectionId: 'ID:c-2:1',
      clientId: 'c',
      userName: null,
      password: null,
      options,
      clock,
      random: seededRandom(1),
    },
    transport,
  )
  await connection.open()
  const errors: string[] = []
  connection.on('exception', (error) => void errors.push(error.message))
  connection.start()
  const session = await connection.createSession(mode)
  const consumer = await session.createConsumer('Q')
  const dispatch = (
    sequence: number,
    fields: { redeliveryCounter?: number; expiration?: number } = {},
    to = consumer,
  ): void =>
    transport.listener.command({
      kind: 'MessageDispatch',
      commandId: 0,
      responseRequired: false,
      consumerId: to.info.consumerId,
      destination: to.info.destination,
      message: buildMessageCommand(
        { body: `m${sequence}` },
        {
          producerId,
          sequence,
          destination: to.destination,
          transactionId: null,
          persistent: true,
          priority: 4,
          expiration: fields.expiration ?? 0,
          timestamp: 0,
          compress: false,
        },
      ),
      redeliveryCounter: fields.redeliveryCounter ?? 0,
    })
  return { clock, transport, connection, session, consumer, dispatch, errors }
}

/** Type, range of producer sequences and count of each acknowledgement. */
const summary = (acks: MessageAck[]): string[] =>
  acks.map(({ ackType, firstMessageId, lastMessageId, messageCount }) => {
    const first = firstMessageId === null ? '' : `${firstMessageId.producerSequenceId}..`
    return `${ackType}: ${first}${lastMessageId?.producerSequenceId} (${messageCount})`
  })

describe('receiving', () => {
  test('waits for a message, or for the time to pass', async () => {
    const { clock, consumer, dispatch } = await world('auto')
    const first = consumer.receive(1000)
    const second = consumer.receive(1000)
    dispatch(1)
    expect((await first)!.text).toBe('m1')
    clock.advance(1000)
    expect(await second).toBeNull()
    dispatch(2)
    expect((await consumer.receiveNoWait())!.text).toBe('m2')
    expect(await consumer.receiveNoWait()).toBeNull()
  })

  test('nothing is handed out while the connection is stopped', async () => {
    const { connection, session, consumer, dispatch } = await world('auto')
    connection.stop()
    dispatch(1)
    expect(await consumer.receiveNoWait()).toBeNull()
    const waiting = consumer.receive()
    connection.start()
    expect((await waiting)!.text).toBe('m1')
    expect(session.mode).toBe('auto')
  })

  test('listeners get one message after the other', async () => {
    const { transport, consumer, dispatch } = await world('auto')
    const log: string[] = []
    let finish = (): void => {}
    consumer.setListener(async ({ text }) => {
      log.push(`begin ${text}`)
      await new Promise<void>((resolve) => {
        finish = resolve
      })
      log.push(`end ${text}`)
    })
    dispatch(1)
    dispatch(2)
    await settle()
    expect(log).toEqual(['begin m1'])
    expect(transport.acks).toEqual([])
    finish()
    await settle()
    expect(log).toEqual(['begin m1', 'end m1', 'begin m2'])
    expect(summary(transport.acks)).toEqual(['2: 1..1 (1)'])
  })

  test('the iterator ends with the consumer', async () => {
    const { consumer, dispatch } = await world('auto')
    dispatch(1)
    const texts: (string | null)[] = []
    for await (const { text } of consumer) {
      texts.push(text)
      void consumer.close()
    }
    expect(texts).toEqual(['m1'])
  })

  test('what has expired on the way is acknowledged as such', async () => {
    const { clock, transport, consumer, dispatch } = await world('auto')
    dispatch(1, { expiration: clock.nowMs() + 10 })
    dispatch(2)
    clock.advance(10)
    expect((await consumer.receive())!.text).toBe('m2')
    expect(summary(transport.acks)).toEqual(['6: 1..1 (1)', '2: 2..2 (1)'])
  })
})

describe('acknowledging', () => {
  test('client: all that the session delivered, in one range', async () => {
    const { transport, consumer, dispatch } = await world('client')
    for (let sequence = 1; sequence <= 3; sequence++) dispatch(sequence)
    await consumer.receive()
    const second = await consumer.receive()
    await second!.acknowledge()
    expect(summary(transport.acks)).toEqual(['2: 1..2 (2)'])
  })

  test('individual: this one only', async () => {
    const { transport, consumer, dispatch } = await world('individual')
    dispatch(1)
    dispatch(2)
    await consumer.receive()
    const second = (await consumer.receive())!
    await second.acknowledge()
    await second.acknowledge()
    expect(summary(transport.acks)).toEqual(['4: 2 (1)'])
  })

  test('dups-ok on a topic: in halves of the prefetch, and what is left with close', async () => {
    const { transport, session, dispatch } = await world('dups-ok', 'jms.prefetchPolicy.topicPrefetch=4')
    const topic = await session.createConsumer('topic://T')
    for (let sequence = 1; sequence <= 3; sequence++) {
      dispatch(sequence, {}, topic)
      await topic.receive()
    }
    expect(summary(transport.acks)).toEqual(['2: 1..2 (2)'])
    await topic.close()
    expect(summary(transport.acks)).toEqual(['2: 1..2 (2)', '2: 3..3 (1)'])
  })

  test('half a prefetch of unacknowledged messages makes the broker send more', async () => {
    const { transport, consumer, dispatch } = await world('client', 'jms.prefetchPolicy.all=4')
    for (let sequence = 1; sequence <= 4; sequence++) dispatch(sequence)
    for (let count = 0; count < 4; count++) await consumer.receive()
    expect(summary(transport.acks)).toEqual(['0: 1..2 (2)', '0: 3..4 (2)'])
  })
})

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

  test('refuse what was dispatched too often before', async () => {
    const { transport, consumer, dispatch } = await world('transacted')
    dispatch(1, { redeliveryCounter: 7 })
    expect(await consumer.receiveNoWait()).toBeNull()
    expect(summary(transport.acks)).toEqual(['1: 1..1 (1)'])
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

describe('messages that come twice', () => {
  test('are suppressed and reported as poison, as the Java client does', async () => {
    const { transport, consumer, dispatch } = await world('auto')
    dispatch(1)
    await consumer.receive()
    transport.listener.interrupted('tcp://a:1', new Error('cut'))
    dispatch(1, { redeliveryCounter: 1 })
    expect(await consumer.receiveNoWait()).toBeNull()
    expect(transport.acks.at(-1)).toMatchObject({
      ackType: 1,
      poisonCause: { message: 'Suppressing duplicate delivery on connection, consumer ID:c-2:1:1:1' },
    })
  })

  test('are wanted when the first copy was never handed out or acknowledged', async () => {
    const { transport, consumer, dispatch } = await world('client')
    dispatch(1)
    dispatch(2)
    const stale = (await consumer.receive())!
    transport.listener.interrupted('tcp://a:1', new Error('cut'))
    dispatch(1, { redeliveryCounter: 1 })
    dispatch(2, { redeliveryCounter: 1 })
    await stale.acknowledge()
    expect(transport.acks).toEqual([])
    expect((await consumer.receive())!.text).toBe('m1')
    const last = (await consumer.receive())!
    expect(last.text).toBe('m2')
    await last.acknowledge()
    expect(summary(transport.acks)).toEqual(['2: 1..2 (2)'])
  })

  test('topics: every consumer has its own copy', async () => {
    const { session, dispatch } = await world('auto')
    const [one, other] = [await session.createConsumer('topic://T'), await session.createConsumer('topic://T')]
    dispatch(1, {}, one)
    dispatch(1, {}, other)
    expect((await one.receive())!.text).toBe('m1')
    expect((await other.receive())!.text).toBe('m1')
  })
})

test('a listener that fails gets the message again', async () => {
  const { clock, transport, consumer, dispatch, errors } = await world('auto')
  let calls = 0
  consumer.setListener(() => {
    if (++calls === 1) throw new Error('not now')
  })
  dispatch(1)
  await settle()
  expect(errors).toEqual(['not now'])
  expect(transport.acks).toEqual([])
  clock.advance(1000)
  await settle()
  expect(calls).toBe(2)
  expect(summary(transport.acks)).toEqual(['2: 1..1 (1)'])
})

test('a consumer that the broker refuses is no consumer', async () => {
  const { transport, session } = await world('auto')
  transport.refused.set('ConsumerInfo', 'jakarta.jms.InvalidSelectorException')
  await expect(session.createConsumer('Q', { selector: '(' })).rejects.toMatchObject({
    className: 'javax.jms.InvalidSelectorException',
    message: 'no',
  })
})

test('when the connection is lost for good, everybody who waits is told', async () => {
  const { transport, session, consumer, errors } = await world('auto')
  const producer = await session.createProducer('Q')
  transport.answering = false
  const send = producer.send('x')
  const receive = consumer.receive()
  transport.listener.failed(new Error('gone'))
  await expect(send).rejects.toThrow('gone')
  expect(await receive).toBeNull()
  await expect(session.createProducer('Q')).rejects.toThrow('the session is closed')
  expect(errors).toEqual(['gone'])
})

test('what cannot be is refused before anything is sent', async () => {
  const { session } = await world('auto')
  const producer = await session.createProducer('Q')
  await expect(producer.send('x', { priority: 10 })).rejects.toThrow('priority 10 is not one of 0 to 9')
  await expect(producer.send('x', { destination: 'R' })).rejects.toThrow('has a destination of its own')
  await expect((await session.createProducer()).send('x')).rejects.toThrow(
    'neither the producer nor the call names a destination',
  )
  await expect(session.createConsumer('Q?consumer.prefetchSize=1')).rejects.toThrow('Cannot use destination')
  await expect(session.commit()).rejects.toThrow('the session is not transacted')
})
