import { describe, expect, test } from '@jest/globals'
import type { StoredMessage } from '../../../../broker/message/stored-message.ts'
import { storedFormOf } from '../../../../broker/wire/openwire/stored-form.ts'
import { buildService } from '../../../support/fake-region.ts'
import { client, kinds } from './connected-client.ts'
import { connectionId, connectionInfo, TestSession } from './session-harness.ts'
import { producerId, producerInfo, sessionInfo, textMessage } from './test-commands.ts'

describe('messages', () => {
  test('are taken as they are, with the time they came', () => {
    const { peer, region, clock } = client(producerInfo())
    peer.receive(textMessage())
    const [[message, transaction]] = region.of('send') as [[StoredMessage, unknown]]
    const expected = storedFormOf({ ...textMessage(), brokerInTime: clock.nowMs() })
    expect(message.bytes.toString('hex')).toBe(expected.toString('hex'))
    expect(transaction).toBeNull()
    expect(peer.takeHex()).toBe('0000000a1e000000000000000005')
  })

  test.each([
    ['tight', { tightEncodingEnabled: true }, {}],
    ['tight and of version 10', { tightEncodingEnabled: true }, { version: 10 }],
    ['tight and cached', { tightEncodingEnabled: true, cacheEnabled: true }, {}],
    ['of version 6', {}, { version: 6 }],
  ])('of connections that are %s have the same stored form', (_name, offered, wanted) => {
    const { service, region } = buildService()
    const peer = new TestSession(service, offered).negotiate(wanted)
    peer.receive(connectionInfo(), sessionInfo(), producerInfo(), textMessage(), textMessage({ commandId: 6 }))
    const messages = region.of('send').map(([message]) => message as StoredMessage)
    expect(messages.map(({ destination, messageId }) => [destination.name, messageId])).toEqual([
      ['Q', `${connectionId}:1:1:1`],
      ['Q', `${connectionId}:1:1:1`],
    ])
  })

  test('are answered when the region says so, not before', () => {
    const { peer, region } = client(producerInfo())
    region.holdsSends = true
    peer.receive(textMessage())
    expect(peer.takeHex()).toBe('')
    region.waiting[0]!()
    expect(kinds(peer.takeSent())).toEqual(['Response'])
  })

  test('of producers with a window are acknowledged by size', () => {
    const { peer } = client(producerInfo({ windowSize: 4096 }))
    peer.receive(textMessage({ responseRequired: false }))
    expect(peer.takeSent()).toMatchObject([{ kind: 'ProducerAck', producerId, size: 1030 }])
  })

  test.each([
    ['a destination', { destination: null }],
    ['a message id', { messageId: null }],
    ['a producer', { producerId: null }],
  ] as const)('without %s are refused, and the connection goes on', (_name, fields) => {
    const { peer } = client(producerInfo())
    peer.receive(textMessage(fields), textMessage({ commandId: 6 }))
    expect(kinds(peer.takeSent())).toEqual(['ExceptionResponse', 'Response'])
  })

  test('of producers that were not announced are refused', () => {
    const { peer, region } = client()
    peer.receive(textMessage())
    expect(peer.takeSent()).toMatchObject([{ exception: { className: 'java.lang.IllegalStateException' } }])
    expect(region.of('send')).toEqual([])
  })

  test('a frame split over many chunks arrives once', () => {
    const { peer, region } = client(producerInfo())
    const frame = Buffer.concat([Buffer.alloc(4), storedFormOf(textMessage())])
    frame.writeInt32BE(frame.length - 4, 0)
    for (const byte of frame) peer.session.receive(Buffer.from([byte]))
    expect(region.of('send')).toHaveLength(1)
  })
})
