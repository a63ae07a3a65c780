import { expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import type { ReplicationMessage } from '../../../../broker/replication/message.ts'
import { journalLimits } from '../../../../broker/journal/limits.ts'
import { decodeMessage, encodeMessage, largestFrameBytes } from '../../../../broker/replication/wire/message-codec.ts'

const word = fc.integer({ min: 0, max: 2 ** 32 - 1 })
/** Of what a member has, which may end anywhere: segments have up to 16 GiB. */
const place = fc.integer({ min: 0, max: 2 ** 34 })
const position = fc.record({ term: word, segment: word, offset: place })
const segments = fc.array(fc.record({ number: word, term: word, salt: word, length: place }), { maxLength: 20 })
const name = fc.string({ minLength: 1, maxLength: 63 })

const write = fc
  .record({ term: word, number: word, segmentTerm: word, salt: word, offset: place, sync: fc.boolean() })
  .chain((fields) =>
    fc.uint8Array({ minLength: 1, maxLength: 300 }).map((bytes) => ({ ...fields, bytes: Buffer.from(bytes) })),
  )
  .map(({ term, number, segmentTerm, salt, offset, sync, bytes }): ReplicationMessage => ({
    type: 'write',
    term,
    segment: { number, term: segmentTerm, salt, length: offset + bytes.length },
    offset,
    bytes,
    sync,
  }))

const kind = <T extends string>(type: T): fc.Arbitrary<T> => fc.constant(type)

const round = fc.constantFrom(1 as const, 2 as const)

const message: fc.Arbitrary<ReplicationMessage> = fc.oneof(
  write,
  fc.record({ type: kind('acknowledged'), term: word, segment: word, offset: place }),
  fc.record({ type: kind('promiseRequest'), term: word, candidate: name, position, founding: fc.boolean(), round }),
  fc.record({ type: kind('promised'), term: word, round }),
  fc.record({
    type: kind('refused'),
    term: word,
    promised: word,
    reason: fc.constantFrom('term' as const, 'behind' as const, 'empty' as const),
    position,
  }),
  fc.record({ type: kind('attach'), term: word }),
  fc.record({ type: kind('inventory'), term: word, segments, isVoter: fc.boolean() }),
  fc.record({
    type: kind('trim'),
    term: word,
    cut: fc.array(fc.record({ number: word, length: place })),
    drop: fc.array(word),
  }),
  fc.record({ type: kind('remove'), term: word, segments: fc.array(word) }),
  fc.record({ type: kind('heartbeat'), term: word, inSync: fc.boolean() }),
  fc.record({ type: kind('heartbeatAnswer'), term: word, isVoter: fc.boolean() }),
  fc.record({ type: kind('query') }),
  fc.record({
    type: kind('answer'),
    promised: word,
    position,
    isVoter: fc.boolean(),
    active: fc.option(name, { nil: null }),
  }),
)

const frameOf = (sent: ReplicationMessage): Buffer => Buffer.concat(encodeMessage(sent))

test('what is sent is what arrives', () => {
  fc.assert(
    fc.property(message, (sent) => {
      const frame = frameOf(sent)
      expect(frame.readUInt32BE(0)).toBe(frame.length - 4)
      expect(decodeMessage(frame.subarray(4))).toEqual(sent)
    }),
  )
})

test('the bytes of a write are not copied', () => {
  const bytes = Buffer.from('a batch')
  const segment = { number: 1, term: 1, salt: 1, length: 64 + bytes.length }
  expect(encodeMessage({ type: 'write', term: 1, segment, offset: 64, bytes, sync: true })[1]).toBe(bytes)
})

test('an inventory of the largest journal fits into a frame, and nothing is larger', () => {
  const segment = {
    number: 0xffff_ffff,
    term: 0xffff_ffff,
    salt: 0xffff_ffff,
    length: journalLimits.maxFileLengthAllowed,
  }
  const segments = Array.from({ length: journalLimits.segments }, () => segment)
  const [frame] = encodeMessage({ type: 'inventory', term: 1, segments, isVoter: true })
  expect(frame!.length - 4).toBe(largestFrameBytes)
  const message = decodeMessage(frame!.subarray(4))
  expect(message.type === 'inventory' && message.segments.at(-1)).toEqual(segment)
})

test('a write is no larger than 4 MiB', () => {
  const bytes = Buffer.alloc(4 * 2 ** 20 + 1)
  const segment = { number: 1, term: 1, salt: 1, length: bytes.length }
  const frame = frameOf({ type: 'write', term: 1, segment, offset: 0, bytes, sync: true })
  expect(() => decodeMessage(frame.subarray(4))).toThrow('a write of 4194305 bytes: writes have 1 to 4194304')
})

test('what a frame only announces takes no memory', () => {
  const trim = frameOf({ type: 'trim', term: 1, cut: [{ number: 1, length: 64 }], drop: [] })
  trim.writeUInt32BE(0xffff_ffff, 9)
  expect(() => decodeMessage(trim.subarray(4))).toThrow('a trim of another length')
})

test('whatever else comes is refused, and with a text', () => {
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 60 }), message.map(frameOf)), fc.nat(40), (bytes, cut) => {
      const frame = Buffer.from(bytes).subarray(4, Math.max(4, bytes.length - cut))
      try {
        expect(decodeMessage(frame)).toHaveProperty('type')
      } catch (error) {
        expect((error as Error).message).toMatch(/^Cannot read what another member sent: /)
      }
    }),
  )
})
