// Values as Java writes them when `+` joins them to a text.
import { numberTypes, opaque, type NumberType, type SelectorValue } from './value.ts'

/** null for what has no text. */
export function javaText(value: SelectorValue, type: NumberType): string | null {
  if (value === null || value === opaque) return null
  if (typeof value !== 'number') return String(value)
  if (type === numberTypes.double) return doubleText(value)
  return type === numberTypes.float ? doubleText(shortestOfFloat(value)) : String(value)
}

/** Double.toString */
function doubleText(value: number): string {
  const size = Math.abs(value)
  if (size === 0) return Object.is(value, 0) ? '0.0' : '-0.0'
  if (!Number.isFinite(value)) return String(value)
  if (size >= 1e-3 && size < 1e7) return withPoint(String(value))
  const [digits, exponent] = value.toExponential().split('e') as [string, string]
  return `${withPoint(digits)}E${exponent.replace('+', '')}`
}

const withPoint = (digits: string): string => (digits.includes('.') ? digits : `${digits}.0`)

/** The number with the fewest digits that is the same float. */
function shortestOfFloat(value: number): number {
  for (let digits = 1; digits < 9; digits++) {
    const shorter = Number(value.toPrecision(digits))
    if (Math.fround(shorter) === value) return shorter
  }
  return value
}
