// Limits of what is stored in tables, each with its reason.

export const tableLimits = {
  /** ActiveMQ's tables: VARCHAR(250) for containers, client ids, names of subscriptions, ids of producers, selectors. */
  columnCharacters: 250,
  /** PostgreSQL: the largest key of a B-tree is 2704 bytes, with what it says of itself. MySQL: 3072 bytes. */
  subscriptionKeyBytes: 2600,
  /**
   * PostgreSQL: a parameter has 1 GiB at most, and all those of a statement have 2 GiB; each is copied some times. A blob comes back in
   * hexadecimal digits, and a string of JavaScript ends before 512 MiB.
   */
  postgresBlobBytes: 255 * 1024 * 1024,
  postgresBatchBytes: 512 * 1024 * 1024,
  /**
   * Of a batch with its proof in the same statement: meanwhile nobody can renew the lease, and a larger one may take longer than a lease
   * has (200 MiB: 8 s). It is several statements, of which the last one has the proof.
   */
  postgresQuickBytes: 32 * 1024 * 1024,
  postgresQuickRows: 20_000,
  /** Between two of them: an event loop that is busy takes less. */
  postgresOpenMs: 10_000,
  /** What every server takes in a packet as it comes (max_allowed_packet), until this one has said what it takes. */
  mysqlSmallestPacket: 1024 * 1024,
  /** Of a packet, for what the protocol and the driver have in it; the text has to be less. */
  mysqlPacketHead: 1024,
  /** Of a packet, for what is in it beside blobs: names of tables and columns, the proof of the writer, the text of a large row. */
  mysqlPacketReserve: 16 * 1024,
  /** What a text has at most, whatever a packet may: a string of JavaScript ends at 512 MiB, and half of it is copied some times. */
  mysqlLargestText: 256 * 1024 * 1024,
  /**
   * Of a batch with its proof in the same text: from the proof on nobody can renew the lease, and a larger one may take longer than
   * a lease has (100,000 removals: 5 s). It is several texts, of which the last one has the proof.
   */
  mysqlQuickText: 16 * 1024 * 1024,
  mysqlQuickRows: 20_000,
  /** Between two texts of a batch: an event loop that is busy takes less. In seconds, as MySQL counts. */
  mysqlOpenSeconds: 10,
  /** Of one INSERT: as many rows as a statement is worth, and not more than a server wants to parse at once. */
  mysqlInsertCharacters: 256 * 1024,
  /** MySQL: range_optimizer_max_mem_size has room for some ten thousand keys. MariaDB: in_predicate_conversion_threshold is 1000. */
  mysqlListedRows: 500,
  /** Texts of one session; each costs the server some 100 kB. A broker's traffic makes a dozen. */
  preparedStatements: 64,
  /** Messages in a page when all are read: a few MB at most, and a page takes some hundredths of a second. */
  scannedRows: 20_000,
  /** MySQL reads a blob to tell its length: a page may have as many bytes of them as a slow disk gives within some seconds. */
  mysqlScannedBytes: 256 * 1024 * 1024,
  /** The first page, which knows nothing of sizes; and the largest, which may come upon far larger ones than the page before it. */
  mysqlFirstRows: 500,
  mysqlScannedRows: 2000,
  /** Of a page, those that tell how large the next ones are. */
  mysqlTellingRows: 50,
} as const

export const sqlStoreLimits = {
  /** What a message takes besides its bytes: the other columns of its row, and its entries in ActiveMQ's seven indexes. */
  messageOverheadBytes: 512,
  /** Bytes of messages in one batch: a round trip that takes tens of milliseconds; of MySQL a packet of twice that, in text. */
  batchBytes: 4 * 2 ** 20,
  /** What a row counts besides: as StoreTables.largestBatch has it. */
  rowBytes: 500,
  /** What a stored message may become larger by: the cause in a dead letter's properties, the brokers that it has passed. */
  grownBytes: 64 * 1024,
  /** Rows in one batch: as long. */
  batchRows: 10_000,
  /** Removals of a whole queue that are one batch; of a larger one a crash in between may leave a part. */
  removedAtOnce: 100_000,
  /** What nobody waits for is written after this long: it may come again after a crash before. */
  lazyWriteMs: 50,
  /** The first pause before a batch that conflicted with somebody else's transaction is sent again; each further one is twice as long. */
  conflictPauseMs: 5,
  /** After so many attempts (about 5 s in all) somebody holds on to our rows: another member is to try. */
  conflictAttempts: 10,
  /** When a batch that found no space is tried again. */
  spaceRetryMs: 1000,
  /** A statement that is not answered after this long never is: no batch and no page takes longer, and the lock was lost long before. */
  answerTimeoutMs: 60_000,
  /** How old a session becomes that nobody uses yet: new credentials hold for it then, and routers forget idle connections later. */
  keptMs: 5 * 60_000,
  /** After such a session was lost, or could not be had, before it is tried again. */
  keptRetryMs: 3000,
  /** For such a session to answer when it is wanted, before it is taken for dead and a new one is made. */
  keptAnswerMs: 500,
  /** Before a table counts as never to be rewritten: a large one on a slow disk takes many minutes. */
  mendTimeoutMs: 30 * 60_000,
  /** When a store that is closed gives up what it still writes: nobody was told of it. Less than a member waits for its store (member/limits.ts). */
  closeMs: 5000,
  /** Bytes of all open transactions, which are in memory until they are committed, at most; a broker with less memory says less. */
  uncommittedBytes: 512 * 2 ** 20,
  /** Bytes of pages that are read ahead; about a page for each of tens of consumers that come by one after the other. */
  readAheadBytes: 32 * 2 ** 20,
  /** Owners of which it is known where they read last: the others read one page more before they are read ahead for. */
  pagesKnown: 10_000,
  /** Messages that are missing and were told of: more is no news. */
  missingKnown: 10_000,
} as const
