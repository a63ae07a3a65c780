import { describe, expect, test } from '@jest/globals'
import { StoredMessage } from '../../../../broker/message/stored-message.ts'
import { storedFormOf } from '../../../../broker/wire/openwire/stored-form.ts'
import { buildService } from '../../../support/fake-region.ts'
import { client, delivery } from './connected-client.ts'
import { connectionId, connectionInfo, TestSession } from './session-harness.ts'
import { consumerId, consumerInfo, queue, sessionInfo, textMessage } from './test-commands.ts'

describe('deliveries', () => {
  test('wrap the stored bytes, with the time they went', () => {
    const { peer, region, clock } = client(consumerInfo())
    const given = delivery()
    const before = given.message.bytes.toString('hex')
    clock.advance(5)
    region.ports.get(connectionId)!.deliver({ ...given, redeliveryCounter: 3 })
    expect(peer.takeSent()).toMatchObject([
      {
        kind: 'MessageDispatch',
        consumerId,
        destination: queue,
        redeliveryCounter: 3,
        message: { kind: 'ActiveMQTextMessage', messageId: { brokerSequenceId: 17 }, brokerOutTime: clock.nowMs() },
      },
    ])
    expect(given.message.bytes.toString('hex')).toBe(before)
  })

  test('carry the sequence of the delivery even when the stored bytes have another', () => {
    const { peer, region } = client(consumerInfo())
    region.ports.get(connectionId)!.deliver({ ...delivery(17), sequence: 99 })
    expect(peer.takeSent()).toMatchObject([{ message: { messageId: { brokerSequenceId: 99 } } }])
  })

  test('of large messages say the same in several buffers', () => {
    const { peer, region } = client(consumerInfo())
    const content = Buffer.alloc(100_000, 3)
    const message = StoredMessage.scan(storedFormOf(textMessage({ content, jmsxGroupFirstForConsumer: true })))
    region.ports.get(connectionId)!.deliver({ ...delivery(99), message, redeliveryCounter: 2 })
    expect(peer.written).toHaveLength(3)
    const [dispatch] = peer.takeSent()
    expect(dispatch).toMatchObject({
      redeliveryCounter: 2,
      message: { content, messageId: { brokerSequenceId: 99 }, jmsxGroupFirstForConsumer: true },
    })
  })

  test('to a tight, cached connection say the same', () => {
    const { service, region } = buildService()
    const peer = new TestSession(service, { tightEncodingEnabled: true, cacheEnabled: true }).negotiate()
    peer.receive(connectionInfo(), sessionInfo(), consumerInfo())
    peer.takeSent()
    for (const sequence of [17, 18]) region.ports.get(connectionId)!.deliver(delivery(sequence))
    expect(peer.takeSent()).toMatchObject([
      { kind: 'MessageDispatch', consumerId, message: { messageId: { brokerSequenceId: 17 } } },
      { kind: 'MessageDispatch', consumerId, message: { messageId: { brokerSequenceId: 18 } } },
    ])
  })

  test('to a consumer that has gone are dropped', () => {
    const { peer, region } = client()
    region.ports.get(connectionId)!.deliver(delivery())
    expect(peer.takeHex()).toBe('')
  })
})
