// Limits of the stores, each with its reason.

export const storeLimits = {
  /** Larger messages that consumers have already are written at once: nothing is gained by hoping that they need not be. */
  unwrittenBytes: 1024 * 1024,
  /**
   * Producers whose last sequence is remembered. A client that fails over sends again within seconds, so only producers
   * active shortly before matter; 10,000 of them cost about 1 MB of memory and as much at the start of each segment.
   */
  producers: 10_000,
  /** Bytes of a producer id: three parts of a connection id; longer ones are not made by any client. */
  producerIdBytes: 4096,
  /** Bytes of a queue's name; the broker refuses names far shorter than this. */
  queueNameBytes: 4096,
  /** Bodies that one read fetches with one request to the disk: large enough for the disk, small enough for memory. */
  readRunBytes: 1024 * 1024,
  /** Bytes between two wanted records that are read along rather than skipped by another request. */
  readGapBytes: 16 * 1024,
  /** Index entries looked at before the event loop gets a turn (about a millisecond). */
  indexScanEntries: 200_000,
  /** At least what a record takes besides its body: header, meta and padding. */
  recordOverheadBytes: 64,
} as const
