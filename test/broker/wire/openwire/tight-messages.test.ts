// The two ways between the stored form, which is loose, and the tight encoding, held against the general codec.
import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { newFieldOffsets, scanFields } from '../../../../broker/message/message-fields.ts'
import type {
  ConsumerId,
  DataStructure,
  MessageCommand,
  ProducerId,
} from '../../../../broker/wire/openwire/commands.ts'
import { frameRoomBytes, FrameSplitter } from '../../../../broker/wire/openwire/frame-splitter.ts'
import {
  encodeTightDispatch,
  encodeTightMessage,
  TightDispatchTemplate,
} from '../../../../broker/wire/openwire/loose-to-tight.ts'
import { OpenWireCodec } from '../../../../broker/wire/openwire/openwire-codec.ts'
import { storedFormOf } from '../../../../broker/wire/openwire/stored-form.ts'
import { rewrittenOffsets, storedFormOfTight } from '../../../../broker/wire/openwire/tight-to-loose.ts'
import { initialWireFormat } from '../../../../broker/wire/openwire/wire-format.ts'
import { arbitraryStructure } from './arbitrary-command.ts'
import { loadVectorFile, valueOf, vectorsPresent, type VectorFields } from './spec-vectors.ts'

const codecs = new Map(
  [10, 11, 12].map((version) => [
    version,
    new OpenWireCodec({ ...initialWireFormat, version, tightEncodingEnabled: true }),
  ]),
)

const tightFrame = (message: DataStructure, version = 12): Buffer =>
  Buffer.from(codecs.get(version)!.encode(message).subarray(4))

const localTransaction = fc.option(arbitraryStructure('LocalTransactionId', 10))

/** What clients send: no structures but ids, names of destinations and local transactions. */
const plainMessage = (kind = 'ActiveMQTextMessage', content?: Buffer): fc.Arbitrary<MessageCommand> =>
  fc
    .tuple(arbitraryStructure(kind, 10), localTransaction, localTransaction)
    .map(([structure, transactionId, originalTransactionId]) => {
      const changes = { dataStructure: null, transactionId, originalTransactionId, ...(content ? { content } : {}) }
      return { ...(structure as MessageCommand), ...changes } as MessageCommand
    })

const consumerId: ConsumerId = { kind: 'ConsumerId', connectionId: 'ID:host-1-1:1', sessionId: -1, value: 2 ** 33 }
const destination = { kind: 'ActiveMQQueue', physicalName: 'größe' } as const
const template = new TightDispatchTemplate(consumerId, destination)
const sent = { brokerSequenceId: 0x1234, brokerOutTime: 2 ** 40 + 5 }

const dispatchOf = (
  message: MessageCommand,
  redeliveryCounter: number,
  destination: object,
  { brokerSequenceId, brokerOutTime } = sent,
): DataStructure =>
  ({
    kind: 'MessageDispatch',
    commandId: 0,
    responseRequired: false,
    consumerId,
    destination,
    message: { ...message, messageId: message.messageId && { ...message.messageId, brokerSequenceId }, brokerOutTime },
    redeliveryCounter,
  }) as DataStructure

const messageKinds = ['', 'Bytes', 'Map', 'Object', 'Stream', 'Text', 'Blob'].map((name) => `ActiveMQ${name}Message`)

describe('tight → stored form', () => {
  test.each(messageKinds)('the same bytes as decoded and encoded: %s', (kind) => {
    fc.assert(
      fc.property(plainMessage(kind), fc.constantFrom(10, 11, 12), (message, version) => {
        expect(storedFormOfTight(tightFrame(message, version))).toEqual(storedFormOf(message))
      }),
      { numRuns: 40 },
    )
  })

  test.each([10, 11, 12])('with structures inside it is the same or left to the codec, in version %d', (version) => {
    let covered = 0
    fc.assert(
      fc.property(fc.oneof(plainMessage(), arbitraryStructure('ActiveMQTextMessage', version)), (structure) => {
        const message = structure as MessageCommand
        const stored = storedFormOfTight(tightFrame(message, version))
        if (stored === null) return
        covered++
        expect(stored).toEqual(storedFormOf(message))
      }),
    )
    expect(covered).toBeGreaterThan(0)
  })

  test.each([255, 256, 5000, 300_000])('a body of %d bytes', (length) => {
    const body = Buffer.alloc(length, 'body')
    fc.assert(
      fc.property(plainMessage('ActiveMQBytesMessage', body), (message) => {
        // Not toEqual, which takes a second for the large ones.
        expect(storedFormOfTight(tightFrame(message))!.equals(storedFormOf(message))).toBe(true)
      }),
      { numRuns: 20 },
    )
  })

  test('the offsets are those that a scan of the stored form finds', () => {
    const id = fc.record({
      kind: fc.constant('MessageId' as const),
      textView: fc.option(fc.string()),
      producerId: arbitraryStructure('ProducerId', 10) as fc.Arbitrary<ProducerId>,
      producerSequenceId: fc.nat(),
      brokerSequenceId: fc.nat(),
    })
    const body = fc.constantFrom(null, Buffer.alloc(10), Buffer.alloc(5000))
    fc.assert(
      fc.property(plainMessage(), id, body, (message, messageId, content) => {
        const stored = storedFormOfTight(tightFrame({ ...message, destination, messageId, content }))!
        const offsets = newFieldOffsets()
        scanFields(stored, offsets)
        expect(rewrittenOffsets).toEqual(offsets)
      }),
    )
  })

  test('a large body stays where it is in the memory of its frame', () => {
    const body = Buffer.alloc(100_000, 'body')
    const [message] = fc.sample(plainMessage('ActiveMQBytesMessage', body), { numRuns: 1, seed: 1 })
    const framed = codecs.get(12)!.encode(message!)
    const splitter = new FrameSplitter(200_000)
    const [frame] = [framed.subarray(0, 60_000), framed.subarray(60_000)].flatMap((chunk) => splitter.push(chunk))
    const memory = frame!.buffer
    const stored = storedFormOfTight(frame!)!
    expect(stored.equals(storedFormOf(message!))).toBe(true)
    expect(stored.buffer).toBe(memory)
  })

  test('a head that does not fit before the body is not squeezed in', () => {
    const body = Buffer.alloc(100_000, 'body')
    const message = {
      ...fc.sample(plainMessage('ActiveMQBytesMessage', body), { numRuns: 1, seed: 1 })[0]!,
      groupID: 'g'.repeat(frameRoomBytes),
    }
    const framed = codecs.get(12)!.encode(message)
    const splitter = new FrameSplitter(200_000)
    const [frame] = [framed.subarray(0, 10), framed.subarray(10)].flatMap((chunk) => splitter.push(chunk))
    expect(storedFormOfTight(frame!)!.equals(storedFormOf(message))).toBe(true)
  })

  test('a truncated or longer frame is left to the codec, which says what is wrong', () => {
    fc.assert(
      fc.property(plainMessage(), fc.nat(), (message, cut) => {
        const frame = tightFrame(message)
        const length = cut % frame.length
        const shortened = Buffer.from(frame.subarray(0, length))
        expect(storedFormOfTight(shortened)).toBeNull()
        expect(shortened).toEqual(frame.subarray(0, length))
        expect(storedFormOfTight(Buffer.concat([frame, Buffer.from([0])]))).toBeNull()
      }),
    )
  })

  test('text that is said to be ASCII and is not is left to the codec', () => {
    const message = { ...fc.sample(plainMessage(), { numRuns: 1, seed: 1 })[0]!, groupID: 'ascii' }
    const frame = tightFrame(message)
    frame[frame.indexOf('ascii')] = 0xe9
    expect(storedFormOfTight(frame)).toBeNull()
  })
})

describe('stored form → tight dispatch', () => {
  test.each(messageKinds)('the same bytes as decoded and encoded: %s', (kind) => {
    fc.assert(
      fc.property(plainMessage(kind), fc.constantFrom(10, 11, 12), fc.nat(), (message, version, counter) => {
        const frames = encodeTightDispatch(template, storedFormOf(message), sent, counter)
        const expected = codecs.get(version)!.encode(dispatchOf(message, counter, destination))
        expect(Buffer.concat(frames!)).toEqual(expected)
      }),
      { numRuns: 40 },
    )
  })

  test.each([10, 11, 12])('with structures inside it is the same or left to the codec, in version %d', (version) => {
    let covered = 0
    fc.assert(
      fc.property(fc.oneof(plainMessage(), arbitraryStructure('ActiveMQTextMessage', version)), (structure) => {
        const message = structure as MessageCommand
        const frames = encodeTightDispatch(template, storedFormOf(message), sent, 0)
        if (frames === null) return
        covered++
        expect(Buffer.concat(frames)).toEqual(codecs.get(version)!.encode(dispatchOf(message, 0, destination)))
      }),
    )
    expect(covered).toBeGreaterThan(0)
  })

  test.each([0, 1, 0xffff, 0x1_0000, 0xffff_ffff, 0x1_0000_0000, 2 ** 52])('sequence and time are %d', (number) => {
    const messageId = {
      kind: 'MessageId',
      textView: null,
      producerId: null,
      producerSequenceId: 1,
      brokerSequenceId: 2,
    }
    const message = { ...fc.sample(plainMessage(), { numRuns: 1, seed: 2 })[0]!, messageId } as MessageCommand
    const numbers = { brokerSequenceId: number, brokerOutTime: number }
    const frames = encodeTightDispatch(template, storedFormOf(message), numbers, 3)
    expect(Buffer.concat(frames!)).toEqual(codecs.get(12)!.encode(dispatchOf(message, 3, destination, numbers)))
  })

  test('one message to many consumers, and the next message', () => {
    const topics = ['A', 'B.größe', 'C'.repeat(300)].map(
      (physicalName) => ({ kind: 'ActiveMQTopic', physicalName }) as const,
    )
    fc.assert(
      fc.property(plainMessage(), plainMessage(), (one, other) => {
        for (const message of [one, other]) {
          const stored = storedFormOf(message)
          for (const [index, topic] of topics.entries()) {
            const frames = encodeTightDispatch(new TightDispatchTemplate(consumerId, topic), stored, sent, index)
            expect(Buffer.concat(frames!)).toEqual(codecs.get(12)!.encode(dispatchOf(message, index, topic)))
          }
        }
      }),
      { numRuns: 20 },
    )
  })

  test('the same message with another number or another time is written anew', () => {
    const messageId = {
      kind: 'MessageId',
      textView: null,
      producerId: null,
      producerSequenceId: 1,
      brokerSequenceId: 2,
    }
    const message = { ...fc.sample(plainMessage(), { numRuns: 1, seed: 2 })[0]!, messageId } as MessageCommand
    const stored = storedFormOf(message)
    for (const numbers of [sent, { ...sent, brokerSequenceId: 7 }, { ...sent, brokerOutTime: 8 }]) {
      const frames = encodeTightDispatch(template, stored, numbers, 0)
      expect(Buffer.concat(frames!)).toEqual(codecs.get(12)!.encode(dispatchOf(message, 0, destination, numbers)))
    }
  })

  test('a large body is passed through, not copied', () => {
    const body = Buffer.alloc(100_000, 'body')
    const [message] = fc.sample(plainMessage('ActiveMQBytesMessage', body), { numRuns: 1, seed: 1 })
    const stored = storedFormOf(message!)
    const frames = encodeTightDispatch(template, stored, sent, 7)!
    expect(frames[1]!.buffer).toBe(stored.buffer)
    expect(Buffer.concat(frames).equals(codecs.get(12)!.encode(dispatchOf(message!, 7, destination)))).toBe(true)
  })

  test('what the encoding cannot carry is left to the codec, and the next message works', () => {
    const [message] = fc.sample(plainMessage(), { numRuns: 1, seed: 1 })
    const long = storedFormOf({ ...message!, groupID: 'g'.repeat(32_767) })
    expect(encodeTightDispatch(template, long, sent, 0)).toBeNull()
    expect(encodeTightDispatch(template, storedFormOf(message!).subarray(1), sent, 0)).toBeNull()
    // Whatever it wrote before it gave up.
    const flags = { persistent: true, compressed: true, droppable: true, userID: 'u'.repeat(32_767) }
    expect(encodeTightDispatch(template, storedFormOf({ ...message!, ...flags }), sent, 0)).toBeNull()
    const frames = encodeTightDispatch(template, storedFormOf(message!), sent, 0)!
    expect(Buffer.concat(frames)).toEqual(codecs.get(12)!.encode(dispatchOf(message!, 0, destination)))
  })
})

const testWithVectors = vectorsPresent ? test : test.skip

testWithVectors.each([10, 11, 12])('all recorded messages of version %d go both ways', (version) => {
  const { vectors } = loadVectorFile(`v${version}-tight.json`) as {
    vectors: { id: string; hex: string; fields: VectorFields & { $type?: string } }[]
  }
  const messages = vectors.filter(({ hex }) => {
    const code = Number.parseInt(hex.slice(8, 10), 16)
    return code >= 23 && code <= 29
  })
  const ways = messages.map(({ id, hex, fields }) => {
    const message = valueOf(fields) as MessageCommand
    const stored = storedFormOfTight(Buffer.from(hex.slice(8), 'hex'))
    const frames = encodeTightDispatch(template, storedFormOf(message), sent, 0)
    if (stored) expect({ id, stored }).toEqual({ id, stored: storedFormOf(message) })
    if (frames) expect(Buffer.concat(frames)).toEqual(codecs.get(version)!.encode(dispatchOf(message, 0, destination)))
    return stored && frames
  })
  expect(ways.filter((way) => way !== null).length).toBeGreaterThan(10)
})

describe('stored form → tight message', () => {
  const asSent = (message: MessageCommand): MessageCommand => ({
    ...message,
    messageId: message.messageId && { ...message.messageId, brokerSequenceId: sent.brokerSequenceId },
    brokerOutTime: sent.brokerOutTime,
  })

  test.each(messageKinds)('the same bytes as decoded and encoded: %s', (kind) => {
    fc.assert(
      fc.property(plainMessage(kind), fc.constantFrom(10, 11, 12), (message, version) => {
        const frames = encodeTightMessage(storedFormOf(message), sent)
        expect(Buffer.concat(frames!)).toEqual(codecs.get(version)!.encode(asSent(message)))
      }),
      { numRuns: 40 },
    )
  })

  test.each([255, 256, 5000, 300_000])('a body of %d bytes', (length) => {
    const [message] = fc.sample(plainMessage('ActiveMQBytesMessage', Buffer.alloc(length, 'body')), {
      numRuns: 1,
      seed: 1,
    })
    const frames = encodeTightMessage(storedFormOf(message!), sent)!
    expect(frames).toHaveLength(length < 4096 ? 1 : 3)
    expect(Buffer.concat(frames).equals(codecs.get(12)!.encode(asSent(message!)))).toBe(true)
  })

  test('between dispatches of the same message nothing is mixed up', () => {
    const [message] = fc.sample(plainMessage(), { numRuns: 1, seed: 2 })
    const stored = storedFormOf(message!)
    const dispatch = (): Buffer => Buffer.from(Buffer.concat(encodeTightDispatch(template, stored, sent, 3)!))
    const before = dispatch()
    const alone = Buffer.from(Buffer.concat(encodeTightMessage(stored, sent)!))
    expect(dispatch()).toEqual(before)
    expect(Buffer.concat(encodeTightMessage(stored, sent)!)).toEqual(alone)
    expect(alone).toEqual(codecs.get(12)!.encode(asSent(message!)))
  })
})
