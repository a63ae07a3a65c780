// Frames of SPDY/3.1, as far as `kubectl port-forward` speaks it: control frames begin with 0x8003 and their type, data frames
// with the number of their stream; both go on with a byte of flags and a length of three bytes.
// Not here: what streams do with them (spdy-session.ts).
import { createInflate, type Inflate } from 'node:zlib'
import { maxSpdyControlFrameBytes } from '../limits.ts'
import { headerDictionary } from './spdy-dictionary.ts'

export const frameTypes = {
  synStream: 1,
  synReply: 2,
  rstStream: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  headers: 8,
} as const
const finFlag = 1

const headLength = 8
const version = 3
const streamIdMask = 0x7fff_ffff

export type Frame =
  | { readonly kind: 'data'; readonly stream: number; readonly fin: boolean; readonly content: Buffer }
  | { readonly kind: 'control'; readonly type: number; readonly fin: boolean; readonly content: Buffer }

/** Cuts bytes into frames. Throws on what is no SPDY/3. */
export class FrameReader {
  #held: Buffer = Buffer.alloc(0)

  push(bytes: Buffer): Frame[] {
    this.#held = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes])
    const frames: Frame[] = []
    for (let frame = this.#next(); frame; frame = this.#next()) frames.push(frame)
    return frames
  }

  #next(): Frame | undefined {
    const held = this.#held
    if (held.length < headLength) return undefined
    const word = held.readUInt32BE(0)
    const isControl = word > streamIdMask
    const length = held.readUIntBE(5, 3)
    if (isControl && ((word >>> 16) & 0x7fff) !== version) throw new Error('Cannot read frame: it is not of SPDY/3')
    if (isControl && length > maxSpdyControlFrameBytes)
      throw new Error(`Cannot read frame of ${length} bytes: largest control frame is ${maxSpdyControlFrameBytes}`)
    if (held.length < headLength + length) return undefined
    const content = held.subarray(headLength, headLength + length)
    this.#held = held.subarray(headLength + length)
    const fin = (held[4]! & finFlag) !== 0
    return isControl
      ? { kind: 'control', type: word & 0xffff, fin, content }
      : { kind: 'data', stream: word, fin, content }
  }
}

export function encodeData(stream: number, content: Buffer, fin: boolean): Buffer {
  const head = Buffer.alloc(headLength)
  head.writeUInt32BE(stream)
  head.writeUInt8(fin ? finFlag : 0, 4)
  head.writeUIntBE(content.length, 5, 3)
  return Buffer.concat([head, content])
}

export function encodeControl(type: number, ...words: readonly (number | Buffer)[]): Buffer {
  const content = Buffer.concat(words.map((word) => (typeof word === 'number' ? uint32(word) : word)))
  const head = Buffer.alloc(headLength)
  head.writeUInt16BE(0x8000 | version)
  head.writeUInt16BE(type, 2)
  head.writeUIntBE(content.length, 5, 3)
  return Buffer.concat([head, content])
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

/** All header blocks of one direction are one zlib stream. */
export class HeaderReader {
  readonly #inflate: Inflate = createInflate({ dictionary: headerDictionary })

  constructor() {
    // The failing write says it, too.
    this.#inflate.on('error', () => {})
  }

  async read(block: Buffer): Promise<Map<string, string>> {
    await new Promise<void>((resolve, reject) => {
      this.#inflate.write(block, (error) => (error ? reject(error) : resolve()))
    })
    return parseHeaders((this.#inflate.read() as Buffer | null) ?? Buffer.alloc(0))
  }

  close(): void {
    this.#inflate.destroy()
  }
}

function parseHeaders(bytes: Buffer): Map<string, string> {
  let at = 0
  const number = (): number => {
    at += 4
    return bytes.readUInt32BE(at - 4)
  }
  const text = (): string => {
    const length = number()
    if (at + length > bytes.length) throw new Error('Cannot read headers: a length reaches behind their end')
    at += length
    return bytes.toString('latin1', at - length, at)
  }
  const headers = new Map<string, string>()
  for (let left = number(); left > 0; left--) headers.set(text(), text())
  return headers
}

/**
 * Header blocks without headers: nothing that is answered here carries any. Compressed by hand, as stored blocks, because zlib
 * would do it asynchronously: first the head of a zlib stream that names the dictionary, each time the count of zero, then
 * the empty block by which a reader knows that it has everything.
 */
export class EmptyHeadersWriter {
  #begun = false

  next(): Buffer {
    const head = this.#begun ? Buffer.alloc(0) : Buffer.from('78bbe3c6a7c2', 'hex')
    this.#begun = true
    return Buffer.concat([head, Buffer.from('000400fbff00000000000000ffff', 'hex')])
  }
}
