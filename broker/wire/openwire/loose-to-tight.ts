// The stored form of a message, which is loose, → the frame of a MessageDispatch in the tight encoding, without making values
// of the fields; or the frame of the message alone:
//
//   size:int32 21 bits:boolean stream  commandId:int32=0 consumerId destination  message  redeliveryCounter:int32
//   size:int32 type bits:boolean stream  the message's fields
//
// The bits of the dispatch itself come first and are always as many, so that those of a message have their place before it
// is known for whom they are.
import type { ConsumerId, DestinationStructure } from './commands.ts'
import { typeCodes } from './commands.ts'
import { compileRewriters, letGo, maxBitBytes, newRewriting, readFrom, roomFor } from './compile-rewriters.ts'
import { OpenWireCodec } from './openwire-codec.ts'
import { Slab } from './slab.ts'
import { initialWireFormat, maxVersion } from './wire-format.ts'

/** What is written in place of what the stored form has. */
export interface SentNumbers {
  readonly brokerSequenceId: number
  readonly brokerOutTime: number
}

const sizeBytes = 4
const counterBytes = 4

/** responseRequired; consumerId: present, a text (two), two numbers (two each); destination: present, a text. */
const headerBits = 11

/** The message is present; it is not a copy that was marshalled before. */
const presenceBits = 2

const codec = new OpenWireCodec({ ...initialWireFormat, version: maxVersion, tightEncodingEnabled: true })

/** What does not change between the dispatches to one consumer from one destination. Keep one for each such pair. */
export class TightDispatchTemplate {
  readonly bits: Buffer
  /** commandId, consumerId and destination. */
  readonly data: Buffer

  constructor(consumerId: ConsumerId, destination: DestinationStructure) {
    const frame = codec.encode({
      kind: 'MessageDispatch',
      commandId: 0,
      responseRequired: false,
      consumerId,
      destination,
      message: null,
      redeliveryCounter: 0,
    })
    const dataAt = sizeBytes + 2 + ((headerBits + 1 + 7) >> 3)
    this.bits = frame.subarray(sizeBytes + 2, dataAt)
    this.data = frame.subarray(dataAt, frame.length - counterBytes)
  }
}

const rewriters = compileRewriters('loose to tight')
const rewriting = newRewriting()
const slab = new Slab()

/**
 * The message that was rewritten last, and where in the slab what comes from it stands: one message goes to many consumers of
 * a topic, one after the other. Not for large ones: to rewrite one again costs little beside sending it.
 */
let held: Buffer | null = null
let heldStart = 0
let heldEnd = 0

/**
 * The frame with size prefix, as buffers to be written one after the other. A large body is a view of `stored`, everything else
 * is copied. Null when the message is not covered: the general codec has to do it.
 */
export function encodeTightDispatch(
  template: TightDispatchTemplate,
  stored: Buffer,
  sent: SentNumbers,
  redeliveryCounter: number,
): Buffer[] | null {
  const { data } = template
  const headerRoom = sizeBytes + 2 + maxBitBytes + data.length
  const isHeld =
    stored === held &&
    rewriting.brokerSequenceId === sent.brokerSequenceId &&
    rewriting.brokerOutTime === sent.brokerOutTime
  const source = slab.bytes
  slab.reserve(headerRoom + roomFor(stored.length) + counterBytes)
  const messageAt = slab.at + headerRoom
  if (isHeld) {
    source.copy(slab.bytes, messageAt, heldStart, heldEnd)
    rewriting.o = messageAt + heldEnd - heldStart
    if (slab.bytes !== source) held = null
  } else if (!rewrite(stored, messageAt, sent, headerBits + presenceBits)) return null
  const start = writeHeader(template, messageAt)
  const { bodyEnd, o } = rewriting
  slab.bytes.writeInt32BE(redeliveryCounter, o)
  slab.at = o + counterBytes
  if (bodyEnd === 0) {
    slab.bytes.writeInt32BE(slab.at - start - sizeBytes, start)
    return [slab.bytes.subarray(start, slab.at)]
  }
  return partsAround(start)
}

/** The frame of the message alone, as bare ones go from broker to broker; the rest as `encodeTightDispatch`. */
export function encodeTightMessage(stored: Buffer, sent: SentNumbers): Buffer[] | null {
  const headerRoom = sizeBytes + 1 + maxBitBytes
  slab.reserve(headerRoom + roomFor(stored.length))
  // Its type code stands before the bits here: they take the place that it has in a dispatch.
  const messageAt = slab.at + headerRoom
  if (!rewrite(stored, messageAt, sent, 0)) return null
  held = null
  const { bits, b, bodyEnd, o } = rewriting
  const bitBytes = (b + 7) >> 3
  const bitsAt = messageAt + 1 - bitBytes
  for (let index = 0; index < bitBytes; index++) slab.bytes[bitsAt + index] = bits[index]!
  slab.bytes[bitsAt - 1] = bitBytes
  slab.bytes[bitsAt - 2] = stored[0]!
  const start = bitsAt - 2 - sizeBytes
  slab.at = o
  if (bodyEnd > 0) return partsAround(start)
  slab.bytes.writeInt32BE(o - start - sizeBytes, start)
  return [slab.bytes.subarray(start, o)]
}

/** `firstBit`: bits that stand before those of the message. */
function rewrite(
  stored: Buffer,
  messageAt: number,
  { brokerSequenceId, brokerOutTime }: SentNumbers,
  firstBit: number,
): boolean {
  held = null
  const code = stored[0]!
  const rewriter = rewriters[code]
  if (rewriter === undefined) return false
  const r = rewriting
  readFrom(r, stored)
  r.p += 1
  r.brokerSequenceId = brokerSequenceId
  r.brokerOutTime = brokerOutTime
  for (let index = r.b >> 3; index >= 0; index--) r.bits[index] = 0
  if (firstBit > 0) r.bits[headerBits >> 3] = 1 << (headerBits & 7)
  r.b = firstBit
  r.s = slab.bytes
  r.sv = slab.view
  r.s[messageAt] = code
  r.o = messageAt + 1
  if (!rewriter(r)) {
    // It does not say how many bits it wrote before it gave up.
    r.bits.fill(0)
    letGo(r)
    return false
  }
  if (r.bodyEnd > 0) return true
  held = stored
  heldStart = messageAt
  heldEnd = r.o
  return true
}

/** Writes everything before the message but the size, up to `messageAt`; returns where it begins. */
function writeHeader({ bits: ownBits, data }: TightDispatchTemplate, messageAt: number): number {
  const { bytes } = slab
  const { bits, b } = rewriting
  const bitBytes = (b + 7) >> 3
  const dataAt = messageAt - data.length
  data.copy(bytes, dataAt)
  const bitsAt = dataAt - bitBytes
  for (let index = 0; index < bitBytes; index++) bytes[bitsAt + index] = bits[index]!
  for (let index = 0; index < ownBits.length; index++) bytes[bitsAt + index]! |= ownBits[index]!
  bytes[bitsAt - 1] = bitBytes
  bytes[bitsAt - 2] = typeCodes.MessageDispatch
  return bitsAt - 2 - sizeBytes
}

function partsAround(start: number): Buffer[] {
  const { bytes, at } = slab
  const { f, bodyStart, bodyEnd, bodyAfter } = rewriting
  bytes.writeInt32BE(at - start - sizeBytes + bodyEnd - bodyStart, start)
  letGo(rewriting)
  return [bytes.subarray(start, bodyAfter), f.subarray(bodyStart, bodyEnd), bytes.subarray(bodyAfter, at)]
}
