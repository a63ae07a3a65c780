// Messages from the tight encoding into the loose one and back without making values of their fields: two functions for each
// layout of messages, generated as text from the table of schema.ts. Each is one straight line over the fields, with its
// state in local variables: some two hundred calls for each message would cost ten times as much as what they do.
//
// Covered is what clients send. Structures that hardly ever stand in a message, and everything that is malformed, end the
// function with false: the general codec does it then, and says what is wrong. The layout is that of versions 10 to 12.
import { dataViewOf } from '../../marshal/data-view.ts'
import { isModifiedUtf8 } from '../../marshal/modified-utf8.ts'
import { maxTightStringBytes } from './limits.ts'
import type { FieldSchema } from './schema.ts'
import { codesOf, structures, wireFields } from './schema.ts'

/**
 * One message on its way. A large body stays in what is read: the first byte field that is large enough. Everything else is
 * copied, one behind the other.
 */
export interface Rewriting {
  /** What is read, from `p` to `end`, as bytes and as a view. */
  f: Buffer
  fv: DataView
  p: number
  end: number
  /** The boolean stream: read from `f`, or written to `bits`; from bit `b` on, counted from the start of the array. */
  readonly bits: Uint8Array
  b: number
  bitsEnd: number
  /** What is written, from `o` on, as bytes and as a view, with room for `roomFor` what is read. */
  s: Buffer
  sv: DataView
  o: number
  /** Where the body lies in `f`, and where in `s` it belongs. Without one all are 0. */
  bodyStart: number
  bodyEnd: number
  bodyAfter: number
  /** Where each field begins in the loose form, counted from its type code. */
  readonly offsets: Int32Array
  /** Written in place of the numbers that stand in the loose form. */
  brokerSequenceId: number
  brokerOutTime: number
}

/** Rewrites what stands behind the type code of a message. False: not covered, and what was written means nothing. */
export type Rewriter = (rewriting: Rewriting) => boolean

/** Everything of a message but its body: ids, names, properties. What has more is not covered. */
const smallBytes = 16 * 1024

/** Room for the fields of fixed length, and for what a boolean stream turns into: half before the last text, half behind it. */
const fixedBytes = 4 * 1024

/** From here on a byte field is the body: above it one copy costs more than three entries in a vectored write. */
const bodyBytes = 4096

/** A boolean stream of more bytes has a longer header; messages have some ten. */
export const maxBitBytes = 63

const firstVersion = 10
const lastVersion = 12

/** Bytes that must be free in `s` for a message of `length` bytes. */
export const roomFor = (length: number): number => Math.min(length, smallBytes) + fixedBytes

const nothing = Buffer.allocUnsafeSlow(0)
const viewOfNothing = new DataView(nothing.buffer)

export const newRewriting = (): Rewriting => ({
  f: nothing,
  fv: viewOfNothing,
  p: 0,
  end: 0,
  bits: new Uint8Array(maxBitBytes),
  b: 0,
  bitsEnd: 8 * maxBitBytes,
  s: nothing,
  sv: viewOfNothing,
  o: 0,
  bodyStart: 0,
  bodyEnd: 0,
  bodyAfter: 0,
  offsets: new Int32Array(wireFields('Message').length + 1),
  brokerSequenceId: 0,
  brokerOutTime: 0,
})

/**
 * Lets `rewriting` read `source`. Frames mostly come out of one buffer, and small stored forms share pages: the views are kept.
 */
export function readFrom(rewriting: Rewriting, source: Buffer): void {
  const { buffer, byteOffset } = source
  if (rewriting.f.buffer !== buffer) {
    rewriting.f = Buffer.from(buffer)
    rewriting.fv = dataViewOf(source)
  }
  rewriting.p = byteOffset
  rewriting.end = byteOffset + source.length
}

/** A large frame must not stay in memory because it was the last one. */
export function letGo(rewriting: Rewriting): void {
  rewriting.f = nothing
  rewriting.fv = viewOfNothing
}

/** By type code; undefined for what is no message. */
export function compileRewriters(direction: 'tight to loose' | 'loose to tight'): readonly (Rewriter | undefined)[] {
  const rewriters: (Rewriter | undefined)[] = Array.from({ length: 256 }, () => undefined)
  const known = new Map<string, Rewriter>()
  for (const code of codesOf('Message')) {
    const text = source(nameOf(code), direction === 'tight to loose' ? toLoose : toTight)
    const rewriter = known.get(text) ?? evaluate(text)
    known.set(text, rewriter)
    rewriters[code] = rewriter
  }
  return rewriters
}

const nameOf = (code: number): string => Object.keys(structures).find((name) => structures[name]!.code === code)!

function evaluate(text: string): Rewriter {
  // Made of the table and of the lines below; nothing from outside reaches it.
  // oxlint-disable-next-line typescript/no-implied-eval
  const make = new Function('copyText', 'copyBytes', 'isModifiedUtf8', `'use strict'; return ${text}`)
  return make(copyText, copyBytes, isModifiedUtf8) as Rewriter
}

/** The lines for each kind of field. */
interface Lines {
  readonly bool: string
  readonly byte: string
  readonly int: string
  readonly long: (high: string, low: string) => string
  readonly string: string
  readonly bytes: string
  /** An expression: whether a structure or an array is present. */
  readonly present: string
  /** What is noted of field `index`, or behind the last. */
  readonly atField: (index: number) => string
}

function source(name: string, lines: Lines): string {
  const fields = wireFields(name).map((field, index) => `${lines.atField(index)}; ${fieldLines(field, lines)}`)
  return `(r) => {
    const { f, fv, end, bits, s, sv, offsets } = r
    let { p, b, o } = r
    // From where in s the offsets count: the type code is written; a body moves what comes behind it.
    let base = o - 1
    const limit = s.length - ${fixedBytes / 2}
    r.bodyStart = r.bodyEnd = r.bodyAfter = 0
    ${fields.join('\n')}
    ${lines.atField(fields.length)}
    r.p = p; r.b = b; r.o = o
    return p === end && b <= r.bitsEnd
  }`
}

function fieldLines({ name, kind, type, since, until }: FieldSchema, lines: Lines): string {
  if (since > firstVersion || until < lastVersion) throw new RangeError(`${name} is not the same in all versions`)
  switch (kind) {
    case 'bool':
    case 'byte':
    case 'int':
    case 'string':
    case 'bytes':
      return lines[kind]
    case 'long':
      return name === 'brokerSequenceId' || name === 'brokerOutTime'
        ? lines.long(`Math.floor(r.${name} / 0x100000000)`, `r.${name} >>> 0`)
        : lines.long('fv.getInt32(p)', 'fv.getUint32(p + 4)')
    case 'nested':
    case 'cached':
      return `if (${lines.present}) { ${structureLines(type!, lines)} }`
    case 'array':
      return `if (${lines.present}) {
        if (p + 2 > end) return false
        let count = fv.getInt16(p)
        sv.setInt16(o, count); o += 2; p += 2
        if (count < 0) return false
        for (; count > 0; count--) {
          if (o > limit || b > r.bitsEnd) return false
          if (${lines.present}) { ${structureLines(type!, lines)} }
        }
      }`
    case 'const8':
    case 'throwable':
      throw new RangeError(`${name} cannot stand in a message`)
  }
}

/** Its type code and fields; gives up for all but one structure where the types that are possible differ in their fields. */
function structureLines(type: string, lines: Lines): string {
  // Advisories have them, and nobody else.
  if (type === 'DataStructure') return 'return false'
  // XA transactions are refused.
  const codes = codesOf(type === 'TransactionId' ? 'LocalTransactionId' : type)
  const fields = codes.map((code) =>
    wireFields(Object.entries(structures).find(([, entry]) => entry.code === code)![0]),
  )
  if (new Set(fields.map((list) => JSON.stringify(list))).size !== 1) throw new RangeError(`${type} has many layouts`)
  const isKnown = `f[p] >= ${Math.min(...codes)} && f[p] <= ${Math.max(...codes)}`
  return `if (!(${isKnown})) return false; s[o++] = f[p++]; ${fields[0]!.map((field) => fieldLines(field, lines)).join('\n')}`
}

const copyInt = 'if (p + 4 > end) return false; sv.setInt32(o, fv.getInt32(p)); o += 4; p += 4'

/** `length` bytes, which are there, become the body or are copied. */
const copyOrKeep = `if (length < 0 || length > end - p) return false
  if (length >= ${bodyBytes} && r.bodyEnd === 0) {
    r.bodyStart = p; r.bodyEnd = p + length; r.bodyAfter = o
    base -= length
  } else {
    if (o + length > limit) return false
    copyBytes(f, p, s, o, length)
    o += length
  }
  p += length`

const readBit = '((f[b >> 3] >> (b++ & 7)) & 1)'

const toLoose: Lines = {
  bool: `s[o++] = ${readBit}`,
  byte: 's[o++] = f[p++]',
  int: copyInt,
  // Two bits say how many bytes there are: none, four, two or eight.
  long: () => `{
    const wide = ${readBit}, other = ${readBit}
    if (p + (other ? (wide ? 8 : 2) : (wide ? 4 : 0)) > end) return false
    if (!other) { sv.setInt32(o, 0); sv.setInt32(o + 4, wide ? fv.getInt32(p) : 0); p += wide ? 4 : 0 }
    else if (wide) { sv.setInt32(o, fv.getInt32(p)); sv.setInt32(o + 4, fv.getInt32(p + 4)); p += 8 }
    else { sv.setInt32(o, 0); sv.setInt32(o + 4, fv.getUint16(p)); p += 2 }
    o += 8
  }`,
  // ASCII, as the second bit calls it, are bytes that stand for other characters than the same bytes do in the loose encoding.
  string: `if (s[o++] = ${readBit}) {
    const isAscii = ${readBit}
    const copied = copyText(f, fv, p, end, s, sv, o, limit)
    if (copied === 0) return false
    if (copied < 0 && (isAscii || !isModifiedUtf8(s, o + 2, o - copied))) return false
    const length = Math.abs(copied)
    o += length; p += length
  }`,
  bytes: `if (s[o++] = ${readBit}) { ${copyInt}; const length = fv.getInt32(p - 4); ${copyOrKeep} }`,
  present: `(s[o++] = ${readBit})`,
  atField: (index) => `offsets[${index}] = o - base`,
}

const writeBit = (value: string): string => `bits[b >> 3] |= ${value} << (b++ & 7)`

const toTight: Lines = {
  bool: writeBit('(f[p++] ? 1 : 0)'),
  byte: 's[o++] = f[p++]',
  int: copyInt,
  long: (high, low) => `{
    if (p + 8 > end) return false
    const high = ${high}, low = ${low}
    p += 8
    if (high !== 0) { ${writeBit('1')}; ${writeBit('1')}; sv.setInt32(o, high); sv.setInt32(o + 4, low); o += 8 }
    else if (low > 0xffff) { ${writeBit('1')}; b++; sv.setUint32(o, low); o += 4 }
    else if (low > 0) { b++; ${writeBit('1')}; sv.setUint16(o, low); o += 2 }
    else b += 2
  }`,
  string: `if (f[p++]) {
    const copied = copyText(f, fv, p, end, s, sv, o, limit)
    const length = Math.abs(copied)
    if (copied === 0 || length > ${maxTightStringBytes + 2}) return false
    ${writeBit('1')}; ${writeBit('(copied > 0 ? 1 : 0)')}
    o += length; p += length
  } else b++`,
  bytes: `if (f[p++]) { ${writeBit('1')}; ${copyInt}; const length = fv.getInt32(p - 4); ${copyOrKeep} } else b++`,
  present: `(f[p++] ? (${writeBit('1')}, true) : (b++, false))`,
  atField: () => '',
}

/**
 * Copies a text with its length of two bytes. Returns how many bytes these are, as a negative number when not all of them are
 * ASCII; 0 when they are not there or have no room.
 */
function copyText(
  f: Buffer,
  fv: DataView,
  p: number,
  end: number,
  s: Buffer,
  sv: DataView,
  o: number,
  limit: number,
): number {
  if (p + 2 > end) return 0
  const length = 2 + fv.getUint16(p)
  if (p + length > end || o + length > limit) return 0
  sv.setUint16(o, length - 2)
  let at = 2
  let seen = 0
  for (; at + 4 <= length; at += 4) {
    const four = fv.getInt32(p + at)
    sv.setInt32(o + at, four)
    seen |= four
  }
  for (; at < length; at++) seen |= s[o + at] = f[p + at]!
  return (seen & 0x8080_8080) === 0 ? length : -length
}

/** Up to here a loop beats the call into the runtime. */
const loopedBytes = 48

function copyBytes(f: Buffer, p: number, s: Buffer, o: number, length: number): void {
  if (length > loopedBytes) f.copy(s, o, p, p + length)
  else for (let index = 0; index < length; index++) s[o + index] = f[p + index]!
}
