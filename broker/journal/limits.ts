// Limits of the journal, each with its reason.

export const journalLimits = {
  /** Default size of a segment: as ActiveMQ's journalMaxFileLength. Small enough to come back soon, large enough to be few. */
  maxFileLength: 32 * 1024 * 1024,
  /** Smallest segment that can be asked for: below it, headers outweigh records. */
  minFileLength: 4096,
  /** Largest segment that can be asked for: positions are counted in units of 8 bytes in 32 bits. */
  maxFileLengthAllowed: 16 * 1024 * 1024 * 1024,
  /** Largest record: a frame of 100 MiB, twice that with what is wrapped around it; recovery holds one in memory. */
  recordBytes: 256 * 1024 * 1024,
  /** Meta has a 16-bit length. */
  metaBytes: 65_535,
  /** Segments of one journal: 32 TiB with the default size; the header of the newest lists them all (16 MiB). */
  segments: 1_048_576,
  /** Bodies from here on are written from where they are; smaller ones are copied, which is cheaper than another vector. */
  copiedBodyBytes: 32 * 1024,
  /** Memory in which small records of one write are gathered. */
  chunkBytes: 256 * 1024,
  /** Chunks kept for the next writes. */
  spareChunks: 16,
  /** Bytes of a segment that recovery reads at once. */
  scanBytes: 1024 * 1024,
  /** Space set aside in a segment at first: there before the next write, and a broker with little to store takes little. */
  firstSpaceBytes: 64 * 1024,
  /**
   * And at most at once, each time twice as much, when no more than the last step or half of this is left: at 30 MB/s that
   * lasts for 60 ms, in which the next is there.
   */
  spaceBytes: 4 * 1024 * 1024,
  /** What a standby reads first of a segment that may have nothing new. */
  firstScanBytes: 16 * 1024,
  /** What nobody waits for (acknowledgements that need no answer) is on disk after this long: it may come again after a crash before. */
  lazyWriteMs: 10,
  /** How often a standby looks for what the active has written: it reads what it has missed when it takes over. */
  followIntervalMs: 100,
  /** When a write that found no space is tried again: it comes from whoever else fills the disk, or makes it larger. */
  spaceRetryMs: 500,
  /** Summaries that are being loaded while one is visited: a few percent of a segment each. */
  summariesAhead: 8,
  /** How often a check begins anew: a running broker removes files under its eyes, each time there is less to remove. */
  checkAttempts: 10,
  /** Segments that are kept open for reading. */
  openFiles: 64,
} as const
