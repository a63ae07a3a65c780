// Limits of what selectors keep.

export const selectionLimits = {
  /** A longer property is read by each selector anew: what is kept of one message must not hold the memory of many. */
  keptCharacters: 1024,
} as const
