import { describe, expect, test } from '@jest/globals'
import type { Command } from '../../../broker/wire/openwire/commands.ts'
import { world } from './client-harness.ts'

const last = (sent: readonly Command[], kind: Command['kind']): Command => sent.findLast((one) => one.kind === kind)!

describe('options in the name of a destination', () => {
  test('are a consumer’s, and never reach the broker as part of the name', async () => {
    const { transport, session } = await world('auto')
    const options = [
      'consumer.prefetchSize=10&consumer.exclusive=true&consumer.priority=-5&consumer.NoLocal=TRUE',
      'consumer.retroactive=true&consumer.selector=a%20%3D+%27x%27&consumer.dispatchAsync=false',
      'consumer.maximumPendingMessageLimit=7&unknown=1&producer.unknown=1&flag',
    ].join('&')
    await session.createConsumer(`queue://A,topic://B?${options}`)
    expect(last(transport.sent, 'ConsumerInfo')).toMatchObject({
      destination: { kind: 'ActiveMQQueue', physicalName: 'A,topic://B' },
      prefetchSize: 10,
      exclusive: true,
      priority: -5,
      noLocal: true,
      retroactive: true,
      selector: "a = 'x'",
      dispatchAsync: false,
      maximumPendingMessageLimit: 7,
    })
  })

  test('count before what is asked for otherwise, but for a selector; of several the last', async () => {
    const { transport, session } = await world('auto')
    const name = 'A.*?consumer.prefetchSize=1&consumer.prefetchSize=2&consumer.selector=a=1'
    await session.createConsumer({ kind: 'topic', name }, { prefetchSize: 3, selector: 'b = 2' })
    expect(last(transport.sent, 'ConsumerInfo')).toMatchObject({
      destination: { kind: 'ActiveMQTopic', physicalName: 'A.*' },
      prefetchSize: 2,
      selector: 'b = 2',
    })
    await session.createConsumer(`topic://A?consumer.subscriptionName=s`)
    expect(last(transport.sent, 'ConsumerInfo')).toMatchObject({ subscriptionName: 's', prefetchSize: 100 })
  })

  test('are a producer’s; a send and a reply-to have none', async () => {
    const { transport, session } = await world('auto')
    const producer = await session.createProducer('A?producer.dispatchAsync=true&consumer.x=1&x=1')
    expect(last(transport.sent, 'ProducerInfo')).toMatchObject({
      destination: { physicalName: 'A' },
      dispatchAsync: true,
    })
    await producer.send({ body: 'x', replyTo: 'REPLY?a=b' })
    expect(transport.sent.at(-1)).toMatchObject({
      destination: { physicalName: 'A' },
      replyTo: { physicalName: 'REPLY' },
    })
    await (await session.createProducer()).send('x', { destination: 'topic://B?producer.x=1' })
    expect(transport.sent.at(-1)).toMatchObject({ destination: { kind: 'ActiveMQTopic', physicalName: 'B' } })
  })

  test('are a browser’s', async () => {
    const { transport, session } = await world('auto')
    void session.browse('A?consumer.prefetchSize=3').next()
    expect(last(transport.sent, 'ConsumerInfo')).toMatchObject({
      destination: { physicalName: 'A' },
      prefetchSize: 3,
      browser: true,
    })
  })

  test.each([
    ['consumer.nosuch=1', 'option consumer.nosuch is "1"; accepted is prefetchSize, exclusive, priority'],
    ['consumer.prefetchSize=abc', 'option consumer.prefetchSize is "abc"; accepted is a whole number'],
    ['consumer.prefetchSize=', 'option consumer.prefetchSize is ""'],
    ['consumer.priority=300', 'option consumer.priority is "300"; accepted is a whole number from -128 to 127'],
    ['consumer.exclusive', 'option consumer.exclusive is ""; accepted is true or false'],
    ['consumer.toString=1', 'option consumer.toString is "1"'],
  ])('refused as by ActiveMQ’s client: %s', async (options, reason) => {
    const { session } = await world('auto')
    await expect(session.createConsumer(`A?${options}`)).rejects.toMatchObject({
      className: 'org.apache.activemq.ConfigurationException',
      message: expect.stringContaining(`Cannot create a consumer: ${reason}`),
    })
  })

  test.each([
    ['A?producer.nosuch=1', 'org.apache.activemq.ConfigurationException'],
    ['A?a=%zz', 'javax.jms.InvalidDestinationException'],
    ['?producer.dispatchAsync=true', 'javax.jms.InvalidDestinationException'],
  ])('refused for a producer: %s', async (name, className) => {
    const { session } = await world('auto')
    await expect(session.createProducer(name)).rejects.toMatchObject({ className })
  })
})
