// A pattern of LIKE: % stands for any characters, _ for one, and after the escape character both stand for themselves, as that
// one does (ActiveMQ: ComparisonExpression.LikeExpression). Where something else follows the escape character, it is one like
// others.
//
// It looks for the first fit of what stands between two %, and never takes an earlier one back: no pattern takes more than the
// product of both lengths.
import { selectorLimits } from './limits.ts'
import type { Truth } from './value.ts'

const anyOne = -1
const anyMany = -2

export class LikePattern {
  /** Code units, or one of the two above. */
  readonly #parts: readonly number[]
  readonly #simple: ((text: string) => boolean) | null

  constructor(pattern: string, escape: string | null) {
    this.#parts = partsOf(pattern, escape)
    this.#simple = simpleForm(this.#parts)
  }

  /** Unknown when it would take too long. */
  matches(text: string): Truth {
    return this.#simple ? this.#simple(text) : fits(this.#parts, text)
  }
}

function partsOf(pattern: string, escape: string | null): number[] {
  const parts: number[] = []
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at]!
    const next = pattern[at + 1]
    if (character === escape && next !== undefined && (next === '_' || next === '%' || next === escape)) {
      parts.push(next.charCodeAt(0))
      at++
    } else if (character === '_') parts.push(anyOne)
    else if (character !== '%') parts.push(character.charCodeAt(0))
    else if (parts.at(-1) !== anyMany) parts.push(anyMany)
  }
  return parts
}

/** Of patterns with % at their ends only. */
function simpleForm(parts: readonly number[]): ((text: string) => boolean) | null {
  const first = parts[0] === anyMany
  const last = parts.length > 1 && parts.at(-1) === anyMany
  const inner = parts.slice(first ? 1 : 0, last ? -1 : undefined)
  if (inner.some((part) => part < 0)) return null
  const text = inner.map((unit) => String.fromCharCode(unit)).join('')
  if (first && (last || text === '')) return (value) => value.includes(text)
  if (first) return (value) => value.endsWith(text)
  if (last) return (value) => value.startsWith(text)
  return (value) => value === text
}

function fits(parts: readonly number[], text: string): Truth {
  let steps = selectorLimits.likeSteps + selectorLimits.likeStepsPerCharacter * text.length
  let part = 0
  let at = 0
  /** Where to go on when the parts behind the last % do not fit. */
  let partAfterMany = -1
  let atOfMany = 0
  while (at < text.length || part < parts.length) {
    if (steps-- === 0) return null
    const wanted = parts[part]
    if (wanted === anyMany) {
      if (++part === parts.length) return true
      partAfterMany = part
      atOfMany = at
    } else if (at < text.length && wanted === anyOne) {
      at += widthAt(text, at)
      part++
    } else if (at < text.length && wanted === text.charCodeAt(at)) {
      at++
      part++
    } else {
      if (partAfterMany < 0 || atOfMany >= text.length) return false
      atOfMany += widthAt(text, atOfMany)
      at = atOfMany
      part = partAfterMany
    }
  }
  return true
}

/** A character beyond the BMP is one, in two units. */
const widthAt = (text: string, at: number): number => (text.codePointAt(at)! > 0xffff ? 2 : 1)
