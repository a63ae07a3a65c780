// Addresses of Services: the first free one of a range, or the one asked for.
import { objectOrEmpty } from '../json-value.ts'
import type { ObjectStore } from './object-store.ts'
import { RegistryError } from '../status-error.ts'

/** An allocator over `range` (IPv4 CIDR). What is taken is read from the Services themselves, so nothing can leak. */
export function clusterIpAllocator(
  store: ObjectStore,
  range: string,
): (wanted: string | undefined, holder: string) => string {
  const [base = '', bits = ''] = range.split('/')
  const first = toNumber(base)
  const size = 2 ** (32 - Number(bits))
  if (first === undefined || !(size >= 4 && size <= 2 ** 24))
    throw new Error(
      `Cannot use service range ${range}: expected an IPv4 range of 4 to 2^24 addresses, such as 10.96.0.0/16`,
    )
  let next = 1
  return (wanted, holder) => {
    if (wanted === 'None') return wanted
    const taken = new Set(store.list('/services').map((service) => objectOrEmpty(service['spec'])['clusterIP']))
    if (wanted !== undefined && wanted !== '') {
      const number = toNumber(wanted)
      if (number === undefined || number < first || number >= first + size || taken.has(wanted))
        throw new RegistryError(
          422,
          'Invalid',
          `Service "${holder}" is invalid: spec.clusterIPs: Invalid value: ["${wanted}"]: failed to allocate IP ${wanted}: ${taken.has(wanted) ? 'provided IP is already allocated' : `the provided network does not match the current range (${range})`}`,
        )
      return wanted
    }
    for (let tried = 0; tried < size - 2; tried++) {
      const candidate = toText(first + next)
      next = next >= size - 2 ? 1 : next + 1
      if (!taken.has(candidate)) return candidate
    }
    throw new RegistryError(500, 'InternalError', `failed to allocate a serviceIP: range ${range} is full`)
  }
}

function toNumber(text: string): number | undefined {
  const parts = text.split('.')
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256)) return undefined
  return parts.reduce((sum, part) => sum * 256 + Number(part), 0)
}

const toText = (number: number): string =>
  [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.')
