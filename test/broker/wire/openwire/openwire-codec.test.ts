import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import type { DataStructure } from '../../../../broker/wire/openwire/commands.ts'
import { OpenWireCodec } from '../../../../broker/wire/openwire/openwire-codec.ts'
import type { WireFormat } from '../../../../broker/wire/openwire/wire-format.ts'
import { textMessage } from '../../session/openwire/test-commands.ts'
import { initialWireFormat } from '../../../../broker/wire/openwire/wire-format.ts'
import { WireError } from '../../../../broker/wire/openwire/wire-error.ts'
import { arbitraryStructure, kindsOf } from './arbitrary-command.ts'

const formats: Partial<WireFormat>[] = [
  { tightEncodingEnabled: false, cacheEnabled: false },
  { tightEncodingEnabled: true, cacheEnabled: false },
  { tightEncodingEnabled: false, cacheEnabled: true, cacheSize: 104 },
  { tightEncodingEnabled: true, cacheEnabled: true, cacheSize: 104 },
]

const codecOf = (format: Partial<WireFormat>): OpenWireCodec => new OpenWireCodec({ ...initialWireFormat, ...format })

const arbitraryCommands = (version: number): fc.Arbitrary<DataStructure[]> =>
  fc.array(fc.oneof(...kindsOf(version).map((kind) => arbitraryStructure(kind, version))), {
    minLength: 1,
    maxLength: 12,
  })

const versions = Array.from({ length: 12 }, (_, index) => index + 1)

describe('whatever is encoded decodes to the same', () => {
  test.each(versions)('in version %d, all encodings', (version) => {
    fc.assert(
      fc.property(arbitraryCommands(version), (commands) => {
        for (const format of formats) {
          const [sender, receiver] = [codecOf({ ...format, version }), codecOf({ ...format, version })]
          for (const command of commands) expect(receiver.decode(sender.encode(command).subarray(4))).toEqual(command)
        }
      }),
      { numRuns: 12 },
    )
  })
})

test('an id without bytes of its own does not change what is remembered of the one before (seed 1535065747)', () => {
  const format = { ...initialWireFormat, version: 12, tightEncodingEnabled: true }
  const [sender, receiver] = [codecOf(format), codecOf(format)]
  const transactionOf = (connectionId: string | null) =>
    ({ kind: 'LocalTransactionId', value: 0, connectionId: { kind: 'ConnectionId', value: connectionId } }) as const
  const first = textMessage({ transactionId: transactionOf(''), originalTransactionId: transactionOf(null) })
  const second = textMessage({ originalTransactionId: transactionOf(null) })
  for (const message of [first, second]) expect(receiver.decode(sender.encode(message).subarray(4))).toEqual(message)
})

describe('bytes from a stranger end in a value or in a WireError', () => {
  /** True when the frame was understood; throws what is not a WireError. */
  const survives = (codec: OpenWireCodec, frame: Buffer): boolean => {
    try {
      codec.decode(frame)
      return true
    } catch (error) {
      if (error instanceof WireError) return false
      throw error
    }
  }

  test.each(formats)('changed, cut and lengthened frames: %p', (format) => {
    const changes = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(arbitraryCommands(12), changes, fc.nat(), (commands, changes, cut) => {
        const sender = codecOf({ ...format, version: 12 })
        const receiver = codecOf({ ...format, version: 12 })
        for (const command of commands) {
          const frame = Buffer.from(sender.encode(command).subarray(4))
          survives(receiver, frame.subarray(0, cut % frame.length))
          expect(survives(codecOf({ ...format, version: 12 }), Buffer.concat([frame, Buffer.from([7])]))).toBe(false)
          for (const [at, value] of changes) frame[at % frame.length] = value
          survives(receiver, frame)
        }
      }),
      { numRuns: 60 },
    )
  })

  test('noise', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), fc.constantFrom(...formats), (noise, format) => {
        survives(codecOf({ ...format, version: 12 }), Buffer.from(noise))
      }),
      { numRuns: 2000 },
    )
  })

  test('every frame that is cut short is refused', () => {
    for (const format of formats) {
      const frame = codecOf({ ...format, version: 12 })
        .encode(sessionInfo)
        .subarray(4)
      for (let length = 0; length < frame.length; length++)
        expect(survives(codecOf({ ...format, version: 12 }), frame.subarray(0, length))).toBe(false)
    }
  })

  test('structures nested without end', () => {
    // An ActiveMQMessage inside an ActiveMQMessage inside …: everything before dataStructure is empty.
    const head = Buffer.from(
      '17' +
        '0000000000' +
        '00'.repeat(4) +
        '00' +
        '00' +
        '00' +
        '00000000' +
        '00' +
        '00' +
        '00'.repeat(8) +
        '00' +
        '00' +
        '00'.repeat(8) +
        '00' +
        '00' +
        '00' +
        '01',
      'hex',
    )
    const bomb = Buffer.concat(Array.from({ length: 1000 }, () => head))
    expect(() => codecOf({ version: 12 }).decode(bomb)).toThrow('nested deeper than 32')
  })

  test('a structure of the wrong kind', () => {
    const frame = codecOf({ version: 12 }).encode(sessionInfo)
    frame[11] = 122
    expect(() => codecOf({ version: 12 }).decode(frame.subarray(4))).toThrow(
      'Cannot read SessionInfo.sessionId: ConsumerId where SessionId is expected',
    )
  })

  test('unknown type codes, and those of later versions', () => {
    expect(() => codecOf({ version: 12 }).decode(Buffer.from([13, 0, 0]))).toThrow('Cannot read frame of type 13')
    expect(() => codecOf({ version: 2 }).decode(Buffer.from([19, 0, 0]))).toThrow('version 2 does not have it')
  })

  test('a slot nobody filled', () => {
    const frame = codecOf({ version: 12, cacheEnabled: true, cacheSize: 1024 }).encode(sessionInfo)
    // The presence flag: not new.
    frame[10] = 0
    expect(() => codecOf({ version: 12, cacheEnabled: true, cacheSize: 1024 }).decode(frame.subarray(4, 13))).toThrow(
      'nothing was sent for slot 0',
    )
  })
})

const sessionInfo: DataStructure = {
  kind: 'SessionInfo',
  commandId: 2,
  responseRequired: false,
  sessionId: { kind: 'SessionId', connectionId: 'ID:client-host-41000-1700000000000-1:1', value: 1 },
}

test('the null command is nothing', () => {
  expect(codecOf({ version: 12 }).decode(Buffer.from([0]))).toBeNull()
})

test('a field that an old version does not carry is read as empty', () => {
  const remove: DataStructure = {
    kind: 'RemoveInfo',
    commandId: 1,
    responseRequired: false,
    objectId: null,
    lastDeliveredSequenceId: 7,
  }
  const codec = codecOf({ version: 4 })
  expect(codec.decode(codec.encode(remove).subarray(4))).toEqual({ ...remove, lastDeliveredSequenceId: -2 })
})

test('strings that the encoding cannot carry are refused', () => {
  const control = (length: number): DataStructure => ({
    kind: 'ControlCommand',
    commandId: 0,
    responseRequired: false,
    command: 'x'.repeat(length),
  })
  expect(() => codecOf({ version: 12 }).encode(control(65_536))).toThrow('at most 65535')
  expect(() => codecOf({ version: 12, tightEncodingEnabled: true }).encode(control(32_767))).toThrow('at most 32766')
})

test('what a peer can make the cache keep is bounded', () => {
  const sender = codecOf({ version: 12, cacheEnabled: true, cacheSize: 16_383 })
  const receiver = codecOf({ version: 12, cacheEnabled: true, cacheSize: 16_383 })
  const fill = (): void => {
    for (let index = 0; index < 300; index++) {
      const destination: DataStructure = { kind: 'ActiveMQQueue', physicalName: `${index}`.padEnd(65_000, 'x') }
      receiver.decode(
        sender
          .encode({
            kind: 'SubscriptionInfo',
            clientId: null,
            destination,
            selector: null,
            subscriptionName: null,
            subscribedDestination: null,
            noLocal: false,
          })
          .subarray(4),
      )
    }
  }
  expect(fill).toThrow('the limit of one connection is 16777216')
})

test('large frames and many small ones do not disturb each other', () => {
  for (const format of formats) {
    const [sender, receiver] = [codecOf({ ...format, version: 12 }), codecOf({ ...format, version: 12 })]
    const sizes = [1, 70_000, 10, 65_530, 3, 1_000_000, 2]
    const frames = sizes.flatMap((size) => [
      sender.encode(sessionInfo),
      sender.encode({ kind: 'PartialCommand', commandId: size, data: Buffer.alloc(size, size) }),
    ])
    const decoded = frames.map((frame) => receiver.decode(frame.subarray(4)))
    for (const [index, size] of sizes.entries()) {
      expect(decoded[2 * index]).toEqual(sessionInfo)
      const { data } = decoded[2 * index + 1] as { data: Buffer }
      expect(data.equals(Buffer.alloc(size, size))).toBe(true)
    }
  }
})

test('ids that come again are not made again, in the plain encoding', () => {
  const consumer = (connectionId: string, value: number): DataStructure => ({
    kind: 'ConsumerControl',
    commandId: value,
    responseRequired: false,
    destination: { kind: 'ActiveMQQueue', physicalName: 'A' },
    close: false,
    consumerId: { kind: 'ConsumerId', connectionId, sessionId: 1, value },
    prefetch: 1,
    flush: false,
    start: false,
    stop: false,
  })
  const commands = [consumer('ID:a', 1), consumer('ID:a', 1), consumer('ID:a', 2), consumer('ID:ab', 2)]
  const [sender, receiver] = [codecOf({ version: 12 }), codecOf({ version: 12 })]
  const decoded = commands.map((command) => receiver.decode(sender.encode(command).subarray(4)))
  expect(decoded).toEqual(commands)
  const [first, again, other] = decoded.map((command) => (command as { consumerId: object }).consumerId)
  expect(again).toBe(first)
  expect(other).not.toBe(first)
})
