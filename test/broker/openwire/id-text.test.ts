import { expect, test } from '@jest/globals'
import {
  consumerIdText,
  messageIdText,
  parseConsumerId,
  parseProducerId,
  producerIdText,
  sessionIdText,
  transactionIdText,
} from '../../../broker/openwire/id-text.ts'

const connectionId = 'ID:host-1234-5:1'
const producerId = { kind: 'ProducerId', connectionId, sessionId: 2, value: 3 } as const
const messageId = { kind: 'MessageId', producerId, producerSequenceId: 7, brokerSequenceId: 0 } as const

test('ids read as in Java, and a connection’s colons do not get in the way back', () => {
  const consumerId = { kind: 'ConsumerId', connectionId, sessionId: -1, value: 1 } as const
  expect(sessionIdText({ kind: 'SessionId', connectionId, value: 2 })).toBe('ID:host-1234-5:1:2')
  expect(consumerIdText(consumerId)).toBe('ID:host-1234-5:1:-1:1')
  expect(parseConsumerId(consumerIdText(consumerId))).toEqual(consumerId)
  expect(parseProducerId(producerIdText(producerId))).toEqual(producerId)
})

test('JMSMessageID: the producer’s text and number, or what another client made up', () => {
  expect(messageIdText({ ...messageId, textView: null })).toBe('ID:host-1234-5:1:2:3:7')
  expect(messageIdText({ ...messageId, textView: 'mine' })).toBe('ID:mine')
  expect(messageIdText({ ...messageId, textView: 'ID:mine' })).toBe('ID:mine')
})

test('a transaction of one connection and one of many', () => {
  const local = { kind: 'ConnectionId', value: connectionId } as const
  expect(transactionIdText({ kind: 'LocalTransactionId', value: 9, connectionId: local })).toBe('TX:ID:host-1234-5:1:9')
  expect(
    transactionIdText({
      kind: 'XATransactionId',
      formatId: 1,
      globalTransactionId: Buffer.from('a'),
      branchQualifier: Buffer.from('b'),
    }),
  ).toMatch(/^XID:\[1,/)
})
