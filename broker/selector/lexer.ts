// Selector text → tokens (ActiveMQ: the tokens of SelectorParser.jj).
//
//   keywords     NOT AND OR BETWEEN LIKE ESCAPE IN IS TRUE FALSE NULL XPATH XQUERY, in any case
//   identifiers  as in Java, in their own case
//   strings      'text', '' for a quote
//   integers     decimal, hexadecimal 0x1f, octal 017, each with or without L
//   floats       5.5 5. .5 5E10, with or without F or D
//   symbols      = <> < <= > >= + - * / % ( ) ,
//   comments     /* … */, and -- to the end of a line that is not the last: in the last one it is two minus signs
import { numberTypes, type NumberType } from './value.ts'
import { SelectorError } from './selector-error.ts'

export interface Token {
  readonly kind: 'keyword' | 'identifier' | 'string' | 'number' | 'symbol' | 'end'
  /** Keywords in capitals; of strings and numbers what stands in the selector. */
  readonly text: string
  readonly position: number
  /** Of a string what it means; integers as bigint. */
  readonly value: string | number | bigint
  readonly numberType: NumberType
}

const keywords: ReadonlySet<string> = new Set(
  'NOT AND OR BETWEEN LIKE ESCAPE IN IS TRUE FALSE NULL XPATH XQUERY'.split(' '),
)
const space = /[ \t\n\r\f]*/y
/** Java's letters (Character.isJavaIdentifierStart and -Part). */
const identifier = /[\p{L}\p{Nl}\p{Sc}\p{Pc}][\p{L}\p{Nl}\p{Sc}\p{Pc}\p{Mn}\p{Mc}\p{Nd}]*/uy
const symbol = /<>|<=|>=|[=<>+\-*/%(),]/y
const notInName = '(?![A-Za-z0-9_$])'
const hexadecimal = new RegExp(`0[xX]([0-9a-fA-F]+)(?:[lL]${notInName})?`, 'y')
const float = new RegExp(
  `(?:(?:[0-9]+\\.[0-9]*|\\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+)(?:[fFdD]${notInName})?|[0-9]+[fFdD]${notInName}`,
  'y',
)
const octal = new RegExp(`0([0-7]*)(?:[lL]${notInName})?`, 'y')
const decimal = new RegExp(`([1-9][0-9]*)(?:[lL]${notInName})?`, 'y')

export class Lexer {
  readonly #text: string
  readonly #lastLineEnd: number
  #position: number

  /** Begins at `position`. */
  constructor(text: string, position: number) {
    this.#text = text
    this.#lastLineEnd = Math.max(text.lastIndexOf('\n'), text.lastIndexOf('\r'))
    this.#position = position
  }

  /** @throws {SelectorError} for what begins no token. */
  next(): Token {
    this.#skipSpace()
    const position = this.#position
    if (position === this.#text.length) return { ...plain, kind: 'end', text: '', position }
    if (this.#text[position] === "'") return this.#string(position)
    const name = this.#match(identifier)
    if (name) {
      const word = name[0].toUpperCase()
      return keywords.has(word)
        ? { ...plain, kind: 'keyword', text: word, position }
        : { ...plain, kind: 'identifier', text: name[0], position }
    }
    const number = this.#number(position)
    if (number) return number
    const found = this.#match(symbol)
    if (found) return { ...plain, kind: 'symbol', text: found[0], position }
    throw new SelectorError(
      this.#text,
      position,
      `a name, value or operator was expected, found ${shown(this.#text, position)}`,
    )
  }

  #skipSpace(): void {
    for (;;) {
      this.#match(space)
      const at = this.#position
      if (this.#text.startsWith('--', at) && at < this.#lastLineEnd) {
        while (!/[\n\r]/.test(this.#text[this.#position]!)) this.#position++
      } else if (this.#text.startsWith('/*', at)) {
        const end = this.#text.indexOf('*/', at + 2)
        if (end < 0) throw new SelectorError(this.#text, at, 'a comment begins that has no end: */ was expected')
        this.#position = end + 2
      } else return
    }
  }

  #string(position: number): Token {
    let value = ''
    for (let at = position + 1; ;) {
      const quote = this.#text.indexOf("'", at)
      if (quote < 0) throw new SelectorError(this.#text, position, "a string begins that has no end: ' was expected")
      value += this.#text.slice(at, quote)
      at = quote + 1
      if (this.#text[at] === "'") {
        value += "'"
        at++
        continue
      }
      this.#position = at
      return { ...plain, kind: 'string', text: this.#text.slice(position, at), position, value }
    }
  }

  #number(position: number): Token | null {
    const found = this.#match(hexadecimal)
    if (found) return this.#integer(position, found[0], BigInt(`0x${found[1]}`))
    const real = this.#match(float)
    if (real) {
      const value = Number(real[0].replace(/[fFdD]$/, ''))
      const isFloat = /[fF]$/.test(real[0])
      return {
        kind: 'number',
        text: real[0],
        position,
        value: isFloat ? Math.fround(value) : value,
        numberType: isFloat ? numberTypes.float : numberTypes.double,
      }
    }
    const eights = this.#match(octal)
    if (eights) return this.#integer(position, eights[0], BigInt(eights[1] === '' ? 0 : `0o${eights[1]}`))
    const tens = this.#match(decimal)
    return tens && this.#integer(position, tens[0], this.#decimal(position, tens[1]!))
  }

  #decimal(position: number, digits: string): bigint {
    if (digits.length > mostDigits) throw tooLarge(this.#text, position)
    return BigInt(digits)
  }

  #integer(position: number, text: string, value: bigint): Token {
    if (value > largestAfterMinus) throw tooLarge(this.#text, position)
    const isInt = value <= largestInt && !/[lL]$/.test(text)
    return {
      kind: 'number',
      text,
      position,
      value,
      numberType: isInt ? numberTypes.int : numberTypes.long,
    }
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#position
    const found = pattern.exec(this.#text)
    if (found) this.#position += found[0].length
    return found
  }
}

const plain = { value: '', numberType: numberTypes.none } as const

const largestInt = 2n ** 31n - 1n
/** -9223372036854775808 is a long, without its sign it is none. */
export const largestAfterMinus = 2n ** 63n
const mostDigits = 19

export const tooLarge = (text: string, position: number): SelectorError =>
  new SelectorError(text, position, 'a number was expected that a long can hold: -2^63 to 2^63-1')

/** The character there, as a user sees it. */
const shown = (text: string, position: number): string => `'${String.fromCodePoint(text.codePointAt(position)!)}'`
