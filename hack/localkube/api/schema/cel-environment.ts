// The CEL of x-kubernetes-validations: the standard library plus the functions of Kubernetes that rules use most.
// Not there: optional types (`?.`, optionalOldSelf), two-variable comprehensions, url(), ip(), cidr(), format(), sets.*, math.*.
import { Environment } from '@marcbachmann/cel-js'
import { compareQuantities, parseQuantity, type Quantity } from '../../base/quantity.ts'

/** A quantity as rules see it. */
class CelQuantity {
  readonly value: Quantity

  constructor(value: Quantity) {
    this.value = value
  }
}

const nano = 1_000_000_000n

export function buildCelEnvironment(): Environment {
  const environment = new Environment({ homogeneousAggregateLiterals: false })
    .registerVariable('self', 'dyn')
    .registerVariable('oldSelf', 'dyn')
    .registerType('Quantity', CelQuantity)
  registerQuantities(environment)
  registerStrings(environment)
  registerLists(environment)
  return environment
}

function registerQuantities(environment: Environment): void {
  const read = (text: string): CelQuantity => {
    const value = parseQuantity(text)
    if (!value) throw new Error(`quantity(${JSON.stringify(text)}): not a quantity`)
    return new CelQuantity(value)
  }
  const of = (nanos: bigint): CelQuantity => new CelQuantity({ nanos, format: 'decimal' })
  const compare = (left: CelQuantity, right: CelQuantity): number => compareQuantities(left.value, right.value)
  environment
    .registerFunction('quantity(string): Quantity', read)
    .registerFunction('isQuantity(string): bool', (text: string) => parseQuantity(text) !== undefined)
    .registerFunction(
      'Quantity.isGreaterThan(Quantity): bool',
      (left: CelQuantity, right: CelQuantity) => compare(left, right) > 0,
    )
    .registerFunction(
      'Quantity.isLessThan(Quantity): bool',
      (left: CelQuantity, right: CelQuantity) => compare(left, right) < 0,
    )
    .registerFunction('Quantity.compareTo(Quantity): int', (left: CelQuantity, right: CelQuantity) =>
      BigInt(compare(left, right)),
    )
    .registerFunction('Quantity.sign(): int', (one: CelQuantity) =>
      one.value.nanos > 0n ? 1n : one.value.nanos < 0n ? -1n : 0n,
    )
    .registerFunction('Quantity.isInteger(): bool', (one: CelQuantity) => one.value.nanos % nano === 0n)
    .registerFunction('Quantity.asInteger(): int', (one: CelQuantity) => one.value.nanos / nano)
    .registerFunction('Quantity.asApproximateFloat(): double', (one: CelQuantity) => Number(one.value.nanos) / 1e9)
    .registerFunction('Quantity.add(Quantity): Quantity', (left: CelQuantity, right: CelQuantity) =>
      of(left.value.nanos + right.value.nanos),
    )
    .registerFunction('Quantity.sub(Quantity): Quantity', (left: CelQuantity, right: CelQuantity) =>
      of(left.value.nanos - right.value.nanos),
    )
    .registerOperator('Quantity == Quantity', (left: CelQuantity, right: CelQuantity) => compare(left, right) === 0)
}

function registerStrings(environment: Environment): void {
  environment
    .registerFunction('string.replace(string, string): string', (text: string, from: string, to: string) =>
      text.replaceAll(from, () => to),
    )
    .registerFunction(
      'string.charAt(int): string',
      (text: string, index: bigint) => Array.from(text)[Number(index)] ?? '',
    )
    .registerFunction(
      'string.find(string): string',
      (text: string, pattern: string) => new RegExp(pattern).exec(text)?.[0] ?? '',
    )
    .registerFunction(
      'string.findAll(string): list',
      (text: string, pattern: string) => text.match(new RegExp(pattern, 'g')) ?? [],
    )
}

type Ordered = bigint | number | string

function registerLists(environment: Environment): void {
  const least = (values: Ordered[]): Ordered => values.reduce((left, right) => (right < left ? right : left))
  const greatest = (values: Ordered[]): Ordered => values.reduce((left, right) => (right > left ? right : left))
  const sum = (values: (bigint | number)[]): bigint | number =>
    values.every((value) => typeof value === 'bigint')
      ? values.reduce((left, right) => left + right, 0n)
      : values.reduce<number>((left, right) => left + Number(right), 0)
  const notEmpty =
    <T>(name: string, combine: (values: T[]) => T) =>
    (values: T[]): T => {
      if (values.length === 0) throw new Error(`${name} called on an empty list`)
      return combine(values)
    }
  environment
    .registerFunction('list.isSorted(): bool', (values: Ordered[]) =>
      values.every((value, index) => index === 0 || values[index - 1]! <= value),
    )
    .registerFunction('list.sum(): dyn', sum)
    .registerFunction('list.min(): dyn', notEmpty('min', least))
    .registerFunction('list.max(): dyn', notEmpty('max', greatest))
    .registerFunction('list.indexOf(dyn): int', (values: unknown[], value: unknown) => BigInt(values.indexOf(value)))
    .registerFunction('list.lastIndexOf(dyn): int', (values: unknown[], value: unknown) =>
      BigInt(values.lastIndexOf(value)),
    )
}
