// Messages between the members of a replicated store as bytes. This comment is the protocol's specification.
//
//   frame        := size:4 kind:1 body        size counts kind and body; all integers are unsigned and big-endian
//   kind 1       JSON: every message that is rare and small (message.ts has their shapes)
//   kind 2       write:        term:4 number:4 segmentTerm:4 salt:4 offset:6 sync:1 bytes           1 byte to 4 MiB
//   kind 3       acknowledged: term:4 segment:4 offset:6
//   kind 4       inventory:    term:4 isVoter:1 { number:4 term:4 salt:4 length:6 }*
//   kind 5       trim:         term:4 cuts:4 { number:4 length:6 }*cuts { number:4 }*               the second: drop
//   kind 6       remove:       term:4 { number:4 }*
//
// A connection begins with the handshake (handshake.ts), whose frames are of kind 1, too. The one who dialled sends requests, the other one
// answers.
import { z } from 'zod'
import { FormatError } from '../../base/format-error.ts'
import { journalLimits } from '../../journal/limits.ts'
import type { Acknowledged, Inventory, Remove, ReplicationMessage, Trim, Write } from '../message.ts'

const jsonKind = 1
const writeKind = 2
const acknowledgedKind = 3
const inventoryKind = 4
const trimKind = 5
const removeKind = 6
/** Kind and fields, without the size in front of them. */
const writeHeadBytes = 24
const acknowledgedBytes = 15
const inventoryHeadBytes = 6
const trimHeadBytes = 9
const removeHeadBytes = 5
const segmentBytes = 18
const cutBytes = 10
const numberBytes = 4
/** Of one write, at most. */
const writeBytes = 4 * 2 ** 20
/** Of any frame, without its size: an inventory of the largest journal. */
export const largestFrameBytes = inventoryHeadBytes + segmentBytes * journalLimits.segments

const whole = z.number().int().min(0)
const word = whole.max(0xffff_ffff)
const name = z.string().min(1).max(255)
const round = z.union([z.literal(1), z.literal(2)])
const position = z.strictObject({ term: word, segment: word, offset: whole })

const jsonMessage = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('promiseRequest'),
    term: word,
    candidate: name,
    position,
    founding: z.boolean(),
    round,
  }),
  z.strictObject({ type: z.literal('promised'), term: word, round }),
  z.strictObject({
    type: z.literal('refused'),
    term: word,
    promised: word,
    reason: z.enum(['term', 'behind', 'empty']),
    position,
  }),
  z.strictObject({ type: z.literal('attach'), term: word }),
  z.strictObject({ type: z.literal('heartbeat'), term: word, inSync: z.boolean() }),
  z.strictObject({ type: z.literal('heartbeatAnswer'), term: word, isVoter: z.boolean() }),
  z.strictObject({ type: z.literal('query') }),
  z.strictObject({
    type: z.literal('answer'),
    promised: word,
    position,
    isVoter: z.boolean(),
    active: name.nullable(),
  }),
])

/** The bytes of a frame, in parts: those of a write are not copied. */
export function encodeMessage(message: ReplicationMessage): readonly Buffer[] {
  switch (message.type) {
    case 'write':
      return encodeWrite(message)
    case 'acknowledged':
      return [encodeAcknowledged(message)]
    case 'inventory':
      return [encodeInventory(message)]
    case 'trim':
      return [encodeTrim(message)]
    case 'remove':
      return [encodeRemove(message)]
    case 'promiseRequest':
    case 'promised':
    case 'refused':
    case 'attach':
    case 'heartbeat':
    case 'heartbeatAnswer':
    case 'query':
    case 'answer':
      return [encodeJson(message)]
  }
}

/** `size` counts from the kind on; what of it does not lie in this buffer follows. */
function begin(kind: number, size: number, term: number, here = size): Buffer {
  const frame = Buffer.allocUnsafe(4 + here)
  frame.writeUInt32BE(size, 0)
  frame[4] = kind
  frame.writeUInt32BE(term, 5)
  return frame
}

function encodeWrite({ term, segment, offset, sync, bytes }: Write): readonly Buffer[] {
  const head = begin(writeKind, writeHeadBytes + bytes.length, term, writeHeadBytes)
  head.writeUInt32BE(segment.number, 9)
  head.writeUInt32BE(segment.term, 13)
  head.writeUInt32BE(segment.salt, 17)
  head.writeUIntBE(offset, 21, 6)
  head[27] = sync ? 1 : 0
  return [head, bytes]
}

function encodeAcknowledged({ term, segment, offset }: Acknowledged): Buffer {
  const frame = begin(acknowledgedKind, acknowledgedBytes, term)
  frame.writeUInt32BE(segment, 9)
  frame.writeUIntBE(offset, 13, 6)
  return frame
}

function encodeInventory({ term, isVoter, segments }: Inventory): Buffer {
  const frame = begin(inventoryKind, inventoryHeadBytes + segments.length * segmentBytes, term)
  frame[9] = isVoter ? 1 : 0
  let at = 4 + inventoryHeadBytes
  for (const { number, term: begun, salt, length } of segments) {
    frame.writeUInt32BE(number, at)
    frame.writeUInt32BE(begun, at + 4)
    frame.writeUInt32BE(salt, at + 8)
    frame.writeUIntBE(length, at + 12, 6)
    at += segmentBytes
  }
  return frame
}

function encodeTrim({ term, cut, drop }: Trim): Buffer {
  const frame = begin(trimKind, trimHeadBytes + cut.length * cutBytes + drop.length * numberBytes, term)
  frame.writeUInt32BE(cut.length, 9)
  let at = 4 + trimHeadBytes
  for (const { number, length } of cut) {
    frame.writeUInt32BE(number, at)
    frame.writeUIntBE(length, at + 4, 6)
    at += cutBytes
  }
  for (const number of drop) at = frame.writeUInt32BE(number, at)
  return frame
}

function encodeRemove({ term, segments }: Remove): Buffer {
  const frame = begin(removeKind, removeHeadBytes + segments.length * numberBytes, term)
  let at = 4 + removeHeadBytes
  for (const number of segments) at = frame.writeUInt32BE(number, at)
  return frame
}

/** A frame of kind 1. */
export function encodeJson(value: object): Buffer {
  const text = JSON.stringify(value)
  const length = Buffer.byteLength(text)
  const frame = Buffer.allocUnsafe(5 + length)
  frame.writeUInt32BE(1 + length, 0)
  frame[4] = jsonKind
  frame.write(text, 5)
  return frame
}

/** What stands in a frame of kind 1, without its size. Throws FormatError REPLICATION_FRAME. */
export function decodeJson(frame: Buffer): unknown {
  if (frame[0] !== jsonKind) throw unreadable(`kind ${frame[0]}, where JSON is expected`)
  try {
    return JSON.parse(frame.toString('utf8', 1))
  } catch {
    throw unreadable('a text that is no JSON')
  }
}

/** A frame without its size; the bytes of a write are a view of it. Throws FormatError REPLICATION_FRAME. */
export function decodeMessage(frame: Buffer): ReplicationMessage {
  switch (frame[0] ?? jsonKind) {
    case writeKind:
      return decodeWrite(frame)
    case acknowledgedKind:
      return decodeAcknowledged(frame)
    case inventoryKind:
      return decodeInventory(frame)
    case trimKind:
      return decodeTrim(frame)
    case removeKind:
      return decodeRemove(frame)
    default:
      return decodeRare(frame)
  }
}

function decodeRare(frame: Buffer): ReplicationMessage {
  const { success, data, error } = jsonMessage.safeParse(decodeJson(frame))
  if (success) return data
  throw unreadable(`a message that is none: ${error.issues[0]?.path.join('.')} ${error.issues[0]?.message}`)
}

function decodeWrite(frame: Buffer): Write {
  const length = frame.length - writeHeadBytes
  if (length <= 0 || length > writeBytes) throw unreadable(`a write of ${length} bytes: writes have 1 to ${writeBytes}`)
  const offset = frame.readUIntBE(17, 6)
  const segment = {
    number: frame.readUInt32BE(5),
    term: frame.readUInt32BE(9),
    salt: frame.readUInt32BE(13),
    length: offset + length,
  }
  const bytes = frame.subarray(writeHeadBytes)
  return { type: 'write', term: frame.readUInt32BE(1), segment, offset, bytes, sync: flag(frame, 23) }
}

function decodeAcknowledged(frame: Buffer): Acknowledged {
  if (frame.length !== acknowledgedBytes) throw unreadable('an acknowledgement of another length')
  const [term, segment, offset] = [frame.readUInt32BE(1), frame.readUInt32BE(5), frame.readUIntBE(9, 6)]
  return { type: 'acknowledged', term, segment, offset }
}

function decodeInventory(frame: Buffer): Inventory {
  const count = countOf(frame, inventoryHeadBytes, segmentBytes, 'an inventory')
  const segments = Array.from({ length: count }, (_, index) => {
    const at = inventoryHeadBytes + index * segmentBytes
    const [number, term, salt] = [frame.readUInt32BE(at), frame.readUInt32BE(at + 4), frame.readUInt32BE(at + 8)]
    return { number, term, salt, length: frame.readUIntBE(at + 12, 6) }
  })
  return { type: 'inventory', term: frame.readUInt32BE(1), segments, isVoter: flag(frame, 5) }
}

function decodeTrim(frame: Buffer): Trim {
  if (frame.length < trimHeadBytes) throw unreadable('a trim of another length')
  const dropsAt = trimHeadBytes + frame.readUInt32BE(5) * cutBytes
  const count = countOf(frame, dropsAt, numberBytes, 'a trim')
  const cut = Array.from({ length: (dropsAt - trimHeadBytes) / cutBytes }, (_, index) => {
    const at = trimHeadBytes + index * cutBytes
    return { number: frame.readUInt32BE(at), length: frame.readUIntBE(at + 4, 6) }
  })
  return { type: 'trim', term: frame.readUInt32BE(1), cut, drop: numbersAt(frame, dropsAt, count) }
}

function decodeRemove(frame: Buffer): Remove {
  const count = countOf(frame, removeHeadBytes, numberBytes, 'a remove')
  return { type: 'remove', term: frame.readUInt32BE(1), segments: numbersAt(frame, removeHeadBytes, count) }
}

/** How many entries lie from `start` on: nothing is allocated for what is only announced. */
function countOf(frame: Buffer, start: number, entryBytes: number, what: string): number {
  const count = (frame.length - start) / entryBytes
  if (count < 0 || !Number.isInteger(count)) throw unreadable(`${what} of another length`)
  return count
}

const numbersAt = (frame: Buffer, start: number, count: number): readonly number[] =>
  Array.from({ length: count }, (_, index) => frame.readUInt32BE(start + index * numberBytes))

function flag(frame: Buffer, at: number): boolean {
  const value = frame[at]!
  if (value > 1) throw unreadable(`${value}, where 0 or 1 is expected`)
  return value === 1
}

const unreadable = (what: string): FormatError =>
  new FormatError('REPLICATION_FRAME', `Cannot read what another member sent: ${what}`)
