// How room is shared by holders of which nobody knows how many there are: each may have at most `alpha` times what is free
// (dynamic thresholds: Choudhury and Hahne, "Dynamic queue length thresholds for shared-memory packet switches", 1998).
//
// One holder alone gets all but the reserve. Every further one that fills its share at the same pace leaves less to each. One that
// comes later finds only a share of what the others left, and the next one of that: so the second half of the reserve is a
// pool from which those take who hold little, because whoever takes from them keeps up. No flood gets into it, whenever it
// came. It only counts; who waits for what stands elsewhere.

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

/** The share of a reserve that is for those who hold little, and what share of that is little. */
const poolShare = 1 / 2
const littleShare = 1 / 16

export function fairShare(limitBytes: number, reserveBytes: number): FairShare {
  const shareableBytes = limitBytes - reserveBytes
  const poolBytes = poolShare * reserveBytes
  const littleBytes = littleShare * poolBytes
  return {
    reserveBytes,
    allowsAnybody: (newBytes, freeBytes) => freeBytes - newBytes >= reserveBytes,
    allows(ownBytes, newBytes, freeBytes) {
      if (ownBytes === 0) return newBytes <= freeBytes || (freeBytes >= limitBytes && limitBytes > 0)
      const heldBytes = ownBytes + newBytes
      if (heldBytes <= littleBytes) return newBytes <= freeBytes
      const leftBytes = freeBytes - newBytes - poolBytes
      return leftBytes >= 0 && heldBytes * (reserveBytes - poolBytes) <= shareableBytes * leftBytes
    },
  }
}
