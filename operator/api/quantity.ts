// Kubernetes quantities (`500m`, `1.5Gi`, `2`): the one place of the operator that reads and compares them. Sizes as the
// broker's configuration takes them are the broker's (broker/config/duration-and-size.ts).

/** What a resource may be asked for in, as a pattern of the CRD. */
export const quantityPattern = /^[0-9]+(\.[0-9]+)?(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$/
/** The same without thousandths: there is no half byte of a volume. */
export const capacityPattern = /^[0-9]+(\.[0-9]+)?(k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$/

const unit: Readonly<Record<string, number>> = {
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
}

/** A quantity as a number (`500m` is 0.5); NaN if it is none. */
export function parseQuantity(quantity: string | number): number {
  const text = String(quantity)
  if (!quantityPattern.test(text)) return Number.NaN
  const [, amount, suffix] = /^([0-9.]+)(.*)$/.exec(text)!
  return Number(amount) * (suffix === '' ? 1 : unit[suffix!]!)
}

/** False, too, when one of them is no quantity. */
export const isLarger = (quantity: string | number, than: string | number): boolean =>
  parseQuantity(quantity) > parseQuantity(than)

/** The same amount, however it is written: the API server gives back another form than it was given. */
export const isSameQuantity = (one: string | number, other: string | number): boolean =>
  parseQuantity(one) === parseQuantity(other)
