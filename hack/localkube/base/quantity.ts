// Kubernetes quantities (`500m`, `1Gi`, `2e3`): parsing, comparing, dividing, and the canonical form that the real server
// stores.
// Exact: a quantity is a whole number of nano-units. Finer fractions are rounded up, as the real server does.

export interface Quantity {
  readonly nanos: bigint
  readonly format: 'binary' | 'decimal' | 'exponent'
}

const grammar = /^([+-]?)(\d*)(?:\.(\d*))?(?:(Ki|Mi|Gi|Ti|Pi|Ei)|([numkMGTPE]?)|[eE]([+-]?\d{1,2}))$/
const nano = 1_000_000_000n
const binaryExponents: Readonly<Record<string, bigint>> = { Ki: 10n, Mi: 20n, Gi: 30n, Ti: 40n, Pi: 50n, Ei: 60n }
const decimalSuffixes = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'] as const

/** Undefined if the text is not a quantity. */
export function parseQuantity(text: string): Quantity | undefined {
  const match = grammar.exec(text)
  if (!match) return undefined
  const [, sign, whole = '', fraction = '', binary, decimal, exponent] = match
  if (whole === '' && fraction === '') return undefined
  let scaled = BigInt(whole + fraction || '0') * nano
  let divisor = 10n ** BigInt(fraction.length)
  if (binary !== undefined) scaled <<= binaryExponents[binary]!
  else {
    const power = exponent === undefined ? (decimalSuffixes.indexOf((decimal ?? '') as '') - 3) * 3 : Number(exponent)
    if (power >= 0) scaled *= 10n ** BigInt(power)
    else divisor *= 10n ** BigInt(-power)
  }
  const nanos = (scaled + divisor - 1n) / divisor
  const format = binary !== undefined ? 'binary' : exponent !== undefined ? 'exponent' : 'decimal'
  return { nanos: sign === '-' ? -nanos : nanos, format }
}

export const compareQuantities = (left: Quantity, right: Quantity): number =>
  left.nanos < right.nanos ? -1 : left.nanos > right.nanos ? 1 : 0

/** How often `divisor` fits into `amount`, rounded up, as the downward API gives resources. A divisor of nothing counts as 1. */
export function divideRoundingUp(amount: Quantity, divisor: Quantity): bigint {
  const unit = divisor.nanos === 0n ? nano : divisor.nanos
  return (amount.nanos + unit - 1n) / unit
}

/** The shortest exact form, in the notation it was written in: `1000m` → `1`, `1024Mi` → `1Gi`, `0.5` → `500m`. */
export function formatQuantity(quantity: Quantity): string {
  const { nanos } = quantity
  if (nanos === 0n) return '0'
  const size = nanos < 0n ? -nanos : nanos
  const sign = nanos < 0n ? '-' : ''
  if (quantity.format === 'binary' && size % nano === 0n && size >= 1024n * nano)
    return sign + formatBinary(size / nano)
  let power = -9
  let value = size
  while (power < 18 && value % 1000n === 0n) {
    value /= 1000n
    power += 3
  }
  if (quantity.format === 'exponent') return `${sign}${value}${power === 0 ? '' : `e${power}`}`
  return `${sign}${value}${decimalSuffixes[power / 3 + 3]}`
}

function formatBinary(value: bigint): string {
  let rest = value
  let suffix = ''
  for (const name of Object.keys(binaryExponents)) {
    if (rest % 1024n !== 0n) break
    rest /= 1024n
    suffix = name
  }
  return `${rest}${suffix}`
}

/** The canonical form of a quantity given as text or number; anything else is returned as it is, for the validator to refuse. */
export function canonicalQuantity(value: unknown): unknown {
  if (typeof value !== 'string' && typeof value !== 'number') return value
  const quantity = parseQuantity(String(value))
  return quantity ? formatQuantity(quantity) : value
}
