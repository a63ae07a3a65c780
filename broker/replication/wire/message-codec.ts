// Messages between the members of a replicated store as bytes. This comment is the protocol's specification.
//
//   frame        := size:4 kind:1 body        size counts kind and body; all integers are unsigned and big-endian
//   kind 1       JSON: every message but the two that are many (message.ts has their shapes)
//   kind 2       write:        term:4 number:4 segmentTerm:4 salt:4 offset/8:4 sync:1 bytes
//   kind 3       acknowledged: term:4 segment:4 offset:6
//
// A connection begins with the handshake (handshake.ts), whose frames are of kind 1, too. The one who dialled sends requests, the other one
// answers.
import { z } from 'zod'
import { FlotillaError } from '../../base/errors.ts'
import type { ReplicationMessage } from '../message.ts'

const jsonKind = 1
const writeKind = 2
const acknowledgedKind = 3
const writeHeadBytes = 22
const acknowledgedBytes = 15

const whole = z.number().int().min(0)
const word = whole.max(0xffff_ffff)
const name = z.string().min(1).max(255)
const position = z.strictObject({ term: word, segment: word, offset: whole })
const segment = z.strictObject({ number: word, term: word, salt: word, length: whole })

const jsonMessage = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('promiseRequest'), term: word, candidate: name, position, founding: z.boolean() }),
  z.strictObject({ type: z.literal('promised'), term: word }),
  z.strictObject({
    type: z.literal('refused'),
    term: word,
    promised: word,
    reason: z.enum(['term', 'behind', 'empty']),
    position,
  }),
  z.strictObject({ type: z.literal('attach'), term: word }),
  z.strictObject({ type: z.literal('inventory'), term: word, segments: z.array(segment), isVoter: z.boolean() }),
  z.strictObject({
    type: z.literal('trim'),
    term: word,
    cut: z.array(z.strictObject({ number: word, length: whole })),
    drop: z.array(word),
  }),
  z.strictObject({ type: z.literal('remove'), term: word, segments: z.array(word) }),
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
  if (message.type === 'write') {
    const { term, segment: of, offset, sync, bytes } = message
    const head = Buffer.allocUnsafe(4 + writeHeadBytes)
    head.writeUInt32BE(writeHeadBytes + bytes.length, 0)
    head[4] = writeKind
    head.writeUInt32BE(term, 5)
    head.writeUInt32BE(of.number, 9)
    head.writeUInt32BE(of.term, 13)
    head.writeUInt32BE(of.salt, 17)
    head.writeUInt32BE(offset / 8, 21)
    head[25] = sync ? 1 : 0
    return [head, bytes]
  }
  if (message.type === 'acknowledged') {
    const frame = Buffer.allocUnsafe(4 + acknowledgedBytes)
    frame.writeUInt32BE(acknowledgedBytes, 0)
    frame[4] = acknowledgedKind
    frame.writeUInt32BE(message.term, 5)
    frame.writeUInt32BE(message.segment, 9)
    frame.writeUIntBE(message.offset, 13, 6)
    return [frame]
  }
  return [encodeJson(message)]
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

/** What stands in a frame of kind 1, without its size. Throws FlotillaError REPLICATION_FRAME. */
export function decodeJson(frame: Buffer): unknown {
  if (frame[0] !== jsonKind) throw unreadable(`kind ${frame[0]}, where JSON is expected`)
  try {
    return JSON.parse(frame.toString('utf8', 1))
  } catch {
    throw unreadable('a text that is no JSON')
  }
}

/** A frame without its size; the bytes of a write are a view of it. Throws FlotillaError REPLICATION_FRAME. */
export function decodeMessage(frame: Buffer): ReplicationMessage {
  if (frame[0] === writeKind) return decodeWrite(frame)
  if (frame[0] === acknowledgedKind) return decodeAcknowledged(frame)
  const { success, data, error } = jsonMessage.safeParse(decodeJson(frame))
  if (success) return data
  throw unreadable(`a message that is none: ${error.issues[0]?.path.join('.')} ${error.issues[0]?.message}`)
}

function decodeWrite(frame: Buffer): ReplicationMessage {
  if (frame.length <= writeHeadBytes || frame[21]! > 1) throw unreadable('a write without its fields')
  const offset = frame.readUInt32BE(17) * 8
  const bytes = frame.subarray(writeHeadBytes)
  const segment = {
    number: frame.readUInt32BE(5),
    term: frame.readUInt32BE(9),
    salt: frame.readUInt32BE(13),
    length: offset + bytes.length,
  }
  return { type: 'write', term: frame.readUInt32BE(1), segment, offset, bytes, sync: frame[21] === 1 }
}

function decodeAcknowledged(frame: Buffer): ReplicationMessage {
  if (frame.length !== acknowledgedBytes) throw unreadable('an acknowledgement of another length')
  const [term, segment, offset] = [frame.readUInt32BE(1), frame.readUInt32BE(5), frame.readUIntBE(9, 6)]
  return { type: 'acknowledged', term, segment, offset }
}

const unreadable = (what: string): FlotillaError =>
  new FlotillaError('REPLICATION_FRAME', `Cannot read what another member sent: ${what}`)
