// How room is shared by holders of which nobody knows how many there are: each may have at most `alpha` times what is free
// (dynamic thresholds: Choudhury and Hahne, "Dynamic queue length thresholds for shared-memory packet switches", 1998).
//
// With alpha = (limit - reserve) / reserve one holder alone gets all but the reserve. Every further one that fills its share
// leaves less to each, but never nothing: what is free is what those live on that hold next to nothing, because whoever takes
// from them keeps up. It only counts; who waits for what stands elsewhere.

export interface FairShare {
  /** What a holder that is alone leaves to the others. */
  readonly reserveBytes: number
  /** Whether every holder may take so much, whatever it has: saves looking that up. */
  allowsAnybody(newBytes: number, freeBytes: number): boolean
  /**
   * Whether a holder that has `ownBytes` may take `newBytes` more. One without anything always may when nobody else has
   * anything, even beyond the limit: what is larger would wait for ever. (Beyond a limit of 0 nobody may.)
   */
  allows(ownBytes: number, newBytes: number, freeBytes: number): boolean
}

/** Share of the limit that a holder which is alone leaves to the others. */
const reserveShare = 0.1
/** However much a reserve should be at least, it is no more than this share of the limit. */
const largestReserveShare = 1 / 4

/** `leastBytes`: below it a reserve is of no use to the others. */
export const fairReserve = (limitBytes: number, leastBytes = 0): number =>
  Math.min(Math.max(reserveShare * limitBytes, leastBytes), largestReserveShare * limitBytes)

export function fairShare(limitBytes: number, reserveBytes: number): FairShare {
  const shareable = limitBytes - reserveBytes
  return {
    reserveBytes,
    allowsAnybody: (newBytes, freeBytes) => freeBytes - newBytes >= reserveBytes,
    allows(ownBytes, newBytes, freeBytes) {
      if (ownBytes === 0) return newBytes <= freeBytes || (freeBytes >= limitBytes && limitBytes > 0)
      const left = freeBytes - newBytes
      return left >= 0 && (ownBytes + newBytes) * reserveBytes <= shareable * left
    },
  }
}
