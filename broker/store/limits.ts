// Limits of the stores, each with its reason.

export const storeLimits = {
  /** How long the write of a dispatched message is put off when acknowledgements come early: the shortest time that a timer has. */
  earlyAcknowledgementMs: 1,
  /** A timed message that is not acknowledged after this long was not early; another one is timed. */
  timedAcknowledgementMs: 1000,
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
  /** And how many of them. */
  readRunMessages: 65_536,
  /** A read that lost a race with the removal of a segment is done again; the second time it finds the new place. */
  readAttempts: 4,
  /** Bytes between two wanted records that are read along rather than skipped by another request. */
  readGapBytes: 16 * 1024,
  /** Index entries looked at before the event loop gets a turn (about a millisecond). */
  indexScanEntries: 200_000,
  /** Default of what a store may take: as ActiveMQ's storeUsage. */
  limitBytes: 100 * 2 ** 30,
  /** Disk that new messages leave free, in full segments: the next one, and what reclaiming tells again. */
  reserveFiles: 2,
  /** And for each message that is there: its removal, in a transaction of its own. */
  removalBytes: 80,
  /** What a message takes besides its body, its producer's id included. */
  messageOverheadBytes: 512,
  /** How often the free space of the disk is looked at: others may use the same disk. */
  spaceLookMs: 1000,
  /** At least what a record takes besides its body: header, meta and padding. */
  recordOverheadBytes: 64,
} as const
