import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { arbitraryStructure } from '../wire/openwire/arbitrary-command.ts'
import { loadTranscript, valueOf, vectorsPresent } from '../wire/openwire/spec-vectors.ts'
import type { Destination } from '../../../broker/message/destination.ts'
import { commandIdAt, ForwardedForm, responseRequiredAt } from '../../../broker/message/forwarded-form.ts'
import { StoredMessage } from '../../../broker/message/stored-message.ts'
import { destinationOf, structureOf } from '../../../broker/openwire/destination-structure.ts'
import type { MessageCommand, ProducerId } from '../../../broker/wire/openwire/commands.ts'
import { inflateBody } from '../../../broker/wire/openwire/properties.ts'
import { messageCommandOf, storedFormOf } from '../../../broker/wire/openwire/stored-form.ts'

const producerId: ProducerId = { kind: 'ProducerId', connectionId: 'a->b-1:2', value: 1, sessionId: 7 }
const producer = { connectionId: 'a->b-1:2', sessionId: 7, value: 1 }
const here = 'ID:here-0:1'
const nowMs = 1_800_000_000_123

const kinds = ['', 'Bytes', 'Map', 'Object', 'Stream', 'Text', 'Blob'].map((kind) => `ActiveMQ${kind}Message`)

const given = <T>(values: fc.Arbitrary<unknown>): fc.Arbitrary<T> => values.filter((value) => value !== null) as never

/** Messages as a broker has them: with a destination and an id; exceptions within structures are none of a stored form. */
const arbitraryMessage: fc.Arbitrary<MessageCommand> = fc
  .tuple(
    fc.constantFrom(...kinds).chain((kind) => arbitraryStructure(kind, 12)),
    given<{ producerId: object | null }>(arbitraryStructure('MessageId', 12)).filter((id) => id.producerId !== null),
    fc.constantFrom('ActiveMQQueue', 'ActiveMQTopic', 'ActiveMQTempQueue', 'ActiveMQTempTopic'),
    fc.constantFrom(null, producerId),
  )
  .map(([message, messageId, kind, dataStructure]) => ({
    ...(message as MessageCommand),
    messageId: messageId as never,
    destination: { kind: kind as 'ActiveMQQueue', physicalName: 'ORDERS' },
    dataStructure,
  }))

/** What ActiveMQ's bridge makes of a message, value by value. */
const asForwarded = (command: MessageCommand, destination: Destination): MessageCommand => ({
  ...command,
  commandId: 0,
  responseRequired: false,
  producerId,
  destination: structureOf(destination),
  transactionId: null,
  originalTransactionId: command.originalTransactionId ?? command.transactionId,
  brokerPath: [...(command.brokerPath ?? []), { kind: 'BrokerId', value: here }],
  brokerOutTime: nowMs,
})

const orders: Destination = { kind: 'queue', name: 'ORDERS' }

test('the form is what the codec writes for the changed values', () => {
  const form = new ForwardedForm(producer, here)
  fc.assert(
    fc.property(arbitraryMessage, fc.boolean(), (command, elsewhere) => {
      const message = StoredMessage.scan(storedFormOf(command))
      const to = elsewhere ? ({ kind: 'topic', name: 'ELSEWHERE.é' } as const) : destinationOf(command.destination!)
      const forwarded = form.of(message, to, nowMs)
      expect(forwarded).toEqual(storedFormOf(asForwarded(command, to)))
      expect(StoredMessage.scan(forwarded).brokerPath.at(-1)).toBe(here)
      expect(message.bytes).toEqual(storedFormOf(command))
    }),
    { numRuns: 500 },
  )
})

test('a message may arrive with a path that is there and has nobody in it', () => {
  const form = new ForwardedForm(producer, null)
  fc.assert(
    fc.property(arbitraryMessage, (command) => {
      const to = destinationOf(command.destination!)
      const forwarded = form.of(StoredMessage.scan(storedFormOf(command)), to, nowMs)
      expect(forwarded).toEqual(storedFormOf({ ...asForwarded(command, to), brokerPath: [] }))
      const { hasBrokerPath, brokerPath } = StoredMessage.scan(forwarded)
      expect([hasBrokerPath, brokerPath]).toEqual([true, []])
    }),
  )
})

test('an array of brokers of another kind than brokers grows all the same', () => {
  const command: MessageCommand = {
    ...simple,
    brokerPath: [null, { kind: 'ConnectionId', value: 'x' }, { kind: 'BrokerId', value: 'b' }] as never,
  }
  const message = StoredMessage.scan(storedFormOf(command))
  expect(message.brokerPath).toEqual(['b'])
  const forwarded = StoredMessage.scan(new ForwardedForm(producer, here).of(message, orders, nowMs))
  expect(forwarded.brokerPath).toEqual(['b', here])
})

test('the caller puts in the command id and whether it waits for an answer', () => {
  const message = StoredMessage.scan(storedFormOf(simple))
  const forwarded = new ForwardedForm(producer, here).of(message, orders, nowMs)
  forwarded.writeInt32BE(77, commandIdAt)
  forwarded[responseRequiredAt] = 1
  expect(messageCommandOf(forwarded)).toMatchObject({ commandId: 77, responseRequired: true })
})

test('a path that cannot be counted any more ends', () => {
  const brokerPath = Array.from({ length: 32_767 }, () => ({ kind: 'BrokerId', value: 'b' }) as const)
  const message = StoredMessage.scan(storedFormOf({ ...simple, brokerPath }))
  expect(() => new ForwardedForm(producer, here).of(message, orders, nowMs)).toThrow('it has passed 32767 brokers')
})

describe('with compression', () => {
  const form = new ForwardedForm(producer, here, true)

  test.each(kinds)('the body of an %s is compressed as its kind is, and nothing else changes', (kind) => {
    const content = Buffer.from('a body, a body, a body')
    const blob = kind === 'ActiveMQBlobMessage' ? { remoteBlobUrl: 'u', mimeType: null, deletedByBroker: true } : {}
    const command = { ...simple, ...blob, kind, content } as unknown as MessageCommand
    const message = StoredMessage.scan(storedFormOf(command))
    const forwarded = messageCommandOf(form.of(message, orders, nowMs))
    expect(forwarded).toEqual({
      ...messageCommandOf(storedFormOf(asForwarded(command, orders))),
      compressed: true,
      content: forwarded.content,
    })
    expect(inflateBody(kind, forwarded.content!)).toEqual(content)
  })

  test('what is compressed, and what has no body, stays as it is', () => {
    for (const command of [
      { ...simple, compressed: true },
      { ...simple, content: null },
    ]) {
      const message = StoredMessage.scan(storedFormOf(command))
      expect(form.of(message, orders, nowMs)).toEqual(storedFormOf(asForwarded(command, orders)))
    }
  })
})

const simple: MessageCommand = {
  kind: 'ActiveMQTextMessage',
  commandId: 9,
  responseRequired: true,
  producerId,
  destination: { kind: 'ActiveMQQueue', physicalName: 'ORDERS' },
  transactionId: null,
  originalDestination: null,
  messageId: { kind: 'MessageId', textView: null, producerId, producerSequenceId: 17, brokerSequenceId: 4 },
  originalTransactionId: null,
  groupID: null,
  groupSequence: 0,
  correlationId: null,
  persistent: true,
  expiration: 0,
  priority: 4,
  replyTo: null,
  timestamp: 0,
  type: null,
  content: Buffer.from([0, 0, 0, 1, 65]),
  marshalledProperties: null,
  dataStructure: null,
  targetConsumerId: null,
  compressed: false,
  redeliveryCounter: 0,
  brokerPath: null,
  arrival: 0,
  userID: null,
  recievedByDFBridge: false,
  droppable: false,
  cluster: null,
  brokerInTime: 0,
  brokerOutTime: 0,
  jmsxGroupFirstForConsumer: false,
}

const describeWithVectors = vectorsPresent ? describe : describe.skip

describeWithVectors('recorded bridges', () => {
  test.each(['network-one-way.json', 'network-duplex.json'])('%s: ActiveMQ sends the same', (name) => {
    let compared = 0
    for (const { fields } of loadTranscript(name)) {
      if (fields._type !== 'ActiveMQTextMessage') continue
      const sent = valueOf(fields) as MessageCommand
      const path = sent.brokerPath!
      // As it was before: nothing but its own values, and the ids of its producer.
      const before = { ...sent, producerId: sent.messageId!.producerId, brokerPath: null, brokerOutTime: 0 }
      const bridge = sent.producerId! as { connectionId: string; sessionId: number; value: number }
      const form = new ForwardedForm(bridge, path.at(-1)!.value)
      const message = StoredMessage.scan(storedFormOf(before))
      const forwarded = form.of(message, message.destination, Number(sent.brokerOutTime))
      forwarded.writeInt32BE(sent.commandId, commandIdAt)
      forwarded[responseRequiredAt] = 1
      expect(messageCommandOf(forwarded)).toEqual(sent)
      compared++
    }
    expect(compared).toBeGreaterThan(0)
  })
})
