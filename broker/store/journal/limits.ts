// Limits of the journal store, each with its reason. Those of the journal itself are in broker/journal/limits.ts.

export const journalStoreLimits = {
  /** Bodies that one read fetches with one request to the disk: large enough for the disk, small enough for memory. */
  readRunBytes: 1024 * 1024,
  /** And how many of them. */
  readRunMessages: 65_536,
  /** Bytes between two wanted records that are read along rather than skipped by another request. */
  readGapBytes: 16 * 1024,
  /** A read that lost a race with the removal of a segment is done again; the second time it finds the new place. */
  readAttempts: 4,
  /** Index entries looked at before the event loop gets a turn (about a millisecond). */
  indexScanEntries: 200_000,
  /** Default of what a journal may take: as ActiveMQ's storeUsage. */
  limitBytes: 100 * 2 ** 30,
  /** Disk that new messages leave free, in full segments: the next one, and what reclaiming tells again. */
  reserveFiles: 2,
  /** And for each message that is there: its removal, in a transaction of its own. */
  removalBytes: 80,
  /** What a message takes besides its body, its producer's id included. */
  messageOverheadBytes: 512,
  /** What it takes at least: for what a queue has of the journal. */
  heldOverheadBytes: 128,
  /** What a queue that is alone leaves to the others, in full segments: one that is written, and one that comes back. */
  fairReserveFiles: 2,
  /** How often the free space of the disk is looked at: others may use the same disk. */
  spaceLookMs: 1000,
  /** At least what a record takes besides its body: header, meta and padding; that of a topic may have a longer meta. */
  recordOverheadBytes: 64,
  /** A closed segment with less than this share of a full one alive is moved on: later, it would hold on to too much. */
  sparseShare: 1 / 4,
  /**
   * With less room than so many full segments, or than half of what a queue that is alone leaves to others, space is got back at
   * any price: those who keep up live on it, and what they leave behind is in the way of their next messages.
   */
  tightFiles: 4,
  tightReserves: 1 / 2,
  /** The price: a segment is moved on, or closed before it is full, for so much of a full one. */
  tightGainShare: 1 / 4,
  /** Telling again may cost this share of what comes back: more, and reclaiming would not make the journal smaller for long. */
  retellShare: 1 / 4,
  /**
   * Messages of a topic that a standby keeps although nobody may want them any more, besides as many as it has: finding that out
   * means to look at all of them.
   */
  uncheckedTopicMessages: 10_000,
  /** Room of a transaction's columns, in messages, that is kept for the next one when it ends: 1.5 MiB. */
  spareTransactionAdds: 65_536,
} as const
