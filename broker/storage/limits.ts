// Limits of storage, each with its reason.

export const storageLimits = {
  /** Share of its limit that a segment of the temp store has: one message that stays holds on to no more for long. */
  tempFileShare: 1 / 16,
  /** Smallest segment of the temp store: files are few. */
  smallestTempFileBytes: 2 ** 20,
  /** Largest: as the journal's. */
  largestTempFileBytes: 32 * 2 ** 20,
  /** Share of the disk, as far as it is free or the temp store's, that is left to the store: what is in there has been promised. */
  leftToStoreShare: 0.1,
  /** When a directory for which there was no space is tried again. */
  spaceRetryMs: 500,
  /** Opening takes milliseconds: one that has not come to its end after this, when it is closed, waits for space. */
  openingMs: 1000,
  /** Share of the memory limit that open transactions may have, where the store keeps them in memory: as much is left for messages. */
  uncommittedShare: 0.5,
  /** How often a directory is emptied into which its old owner still puts files: a segment in seconds, so that twice is enough. */
  removalAttempts: 10,
} as const
