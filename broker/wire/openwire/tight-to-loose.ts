// Message frames in the tight encoding → the stored form, which is loose. A large body is copied once, or not at all if its
// frame has memory of its own with room around it (frame-splitter.ts): then the loose head and tail are written around the
// body, which stays where it is.
import { compileRewriters, letGo, newRewriting, readFrom, roomFor } from './compile-rewriters.ts'
import { frameRoomBytes, ownsItsMemory } from './frame-splitter.ts'
import { Slab } from './slab.ts'

const rewriters = compileRewriters('tight to loose')
const rewriting = newRewriting()
const slab = new Slab()

/** Type code and length of the boolean stream; from that length on the stream has a longer header. */
const headerBytes = 2
const longBitsHeader = 64

/** Where each field of the message that was rewritten last begins in its stored form. */
export const rewrittenOffsets = rewriting.offsets

/**
 * The stored form of the message in `frame`, in memory of its own; nothing else may be read from the frame then. Null when it
 * is not covered: the frame is unchanged, and the general codec has to do it.
 */
export function storedFormOfTight(frame: Buffer): Buffer | null {
  const code = frame[0]!
  const rewrite = rewriters[code]
  const bitBytes = frame[1] ?? longBitsHeader
  if (rewrite === undefined || bitBytes >= longBitsHeader) return null
  slab.reserve(roomFor(frame.length))
  const r = rewriting
  readFrom(r, frame)
  r.b = 8 * (r.p + headerBytes)
  r.bitsEnd = r.b + 8 * bitBytes
  r.p += headerBytes + bitBytes
  r.s = slab.bytes
  r.sv = slab.view
  r.s[slab.at] = code
  r.o = slab.at + 1
  const isCovered = r.p <= r.end && rewrite(r)
  if (ownsItsMemory(frame)) letGo(r)
  if (!isCovered) return null
  if (r.bodyEnd > 0) return aroundBody(frame)
  const stored = slab.bytes.subarray(slab.at, r.o)
  slab.at = r.o
  return stored
}

/** What was written to the slab is copied, which may be written again then. */
function aroundBody(frame: Buffer): Buffer {
  const { o, bodyStart, bodyEnd, bodyAfter } = rewriting
  const { bytes, at } = slab
  const headLength = bodyAfter - at
  const bodyLength = bodyEnd - bodyStart
  const length = o - at + bodyLength
  const bodyAt = bodyStart - frame.byteOffset
  const start = bodyAt - headLength
  const fits = start >= -frameRoomBytes && start + length <= frame.length + frameRoomBytes
  const staysInPlace = fits && ownsItsMemory(frame)
  const stored = staysInPlace
    ? Buffer.from(frame.buffer, frame.byteOffset + start, length)
    : Buffer.allocUnsafeSlow(length)
  if (!staysInPlace) frame.copy(stored, headLength, bodyAt, bodyAt + bodyLength)
  bytes.copy(stored, 0, at, bodyAfter)
  bytes.copy(stored, headLength + bodyLength, bodyAfter, o)
  return stored
}
