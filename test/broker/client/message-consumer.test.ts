import { describe, expect, test } from '@jest/globals'
import { summary, world } from './client-harness.ts'
import { settle } from './transport/fake-network.ts'

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
    await connection.stop()
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

test('a listener that is taken away takes no message with it', async () => {
  const { consumer, dispatch } = await world('auto')
  consumer.setListener(() => consumer.setListener(null))
  dispatch(1)
  dispatch(2)
  await settle()
  expect((await consumer.receive())!.text).toBe('m2')
})

test('what a consumer leaves unacknowledged is no duplicate for the next one', async () => {
  const { session, consumer, dispatch } = await world('client')
  dispatch(1)
  await consumer.receive()
  await consumer.close()
  const next = await session.createConsumer('Q')
  dispatch(1, { redeliveryCounter: 1 }, next)
  expect((await next.receiveNoWait())!.deliveryCount).toBe(2)
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
  await expect(producer.send('x', { priority: 10 })).rejects.toThrow(
    'Cannot send: priority is 10; accepted is a whole number from 0 to 9',
  )
  await expect(producer.send('x', { destination: 'R' })).rejects.toThrow('has a destination of its own')
  await expect((await session.createProducer()).send('x')).rejects.toThrow(
    'neither the producer nor the call names a destination',
  )
  await expect(session.createConsumer('Q?consumer.prefetch=1')).rejects.toThrow(
    'Cannot create a consumer: option consumer.prefetch is "1"; accepted is',
  )
  await expect(session.commit()).rejects.toThrow('the session is not transacted')
})
