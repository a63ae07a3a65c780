// What a broker process of a test or of the bench may take: the same three limits for all brokers that are compared.
import type { BrokerConfigInput } from '../../broker/config/schema.ts'

const mebibyte = 2 ** 20
/** Segments of the store: small enough that a small store has several. */
const largestSegment = 32 * mebibyte
const segmentsOfStore = 8

export interface RoomLimits {
  readonly memoryBytes: number
  /** For messages that are not persistent and find no room in memory. */
  readonly tempBytes: number
  readonly storeBytes: number
}

export const mebibytes = (memory: number, temp: number, store: number): RoomLimits => ({
  memoryBytes: memory * mebibyte,
  tempBytes: temp * mebibyte,
  storeBytes: store * mebibyte,
})

/** As our broker is told. */
export function limitedConfig({ memoryBytes, tempBytes, storeBytes }: RoomLimits): BrokerConfigInput {
  const maxFileLength = Math.min(largestSegment, storeBytes / segmentsOfStore)
  return {
    memoryLimit: size(memoryBytes),
    tempLimit: size(tempBytes),
    store: { type: 'Journal', maxFileLength: size(maxFileLength), limit: size(storeBytes) },
  }
}

const size = (bytes: number): string => `${bytes / 1024}Ki`
