// Limits of connections, each with its reason.

export const connectionLimits = {
  /** Each consumer is asked on every message of its queue; clients have one per session or listener. */
  maximumConsumersPerConnection: 10_000,
  maximumProducersPerConnection: 10_000,
  /**
   * Characters of the selectors of all consumers of a connection: every message of their queues is held against all of them, at some
   * nanoseconds for each character. Ten thousand consumers with a hundred characters each have their place.
   */
  maximumSelectorCharactersPerConnection: 2 ** 20,
  /** One per reply queue; clients that make one per request forget to delete them, and should hear of it. */
  maximumTemporaryDestinationsPerConnection: 10_000,
  /** Sends of one connection held back while memory is full, before its socket is not read any more. */
  heldBackBytes: 256 * 2 ** 10,
  /** The same for a connection that holds deliveries: the acknowledgements that free memory come behind its sends. */
  heldBackBytesOfConsumers: 2 * 2 ** 20,
  /**
   * The same for another broker's bridge, which sends as much as its demand's prefetch permits without an answer: thirty full
   * demands of a thousand small messages that find no room at the same time.
   */
  heldBackBytesOfNetworks: 32 * 2 ** 20,
  /** Of all bridges together: beyond it each has what consumers have, because anybody can say that it is a bridge. */
  heldBackBytesOfAllNetworks: 256 * 2 ** 20,
  /**
   * A connection that holds deliveries and is not read for so long may be what everybody waits for: its held back sends
   * are refused and it is read again.
   */
  blockedConsumerTimeoutMs: 30_000,
  /** Bytes given to the store but not durable, per connection, before its socket is not read until the disk catches up. */
  unsyncedBytes: 16 * 2 ** 20,
} as const

export const networkLimits = {
  /**
   * Messages that came over bridges and would be known again: what all bridges of other brokers may have under way, with a prefetch of
   * 1000 for each of fifty destinations. Some 200 bytes each.
   */
  rememberedArrivals: 50_000,
  /** Of the producer's id in the id of such a message: a longer one is made by no client, and has no place in stores. */
  arrivalIdCharacters: 1000,
} as const

export const flowLimits = {
  /** So many destinations without room are asked again with every acknowledgement; more would slow acknowledgements down. */
  linesRelievedAtOnce: 16,
  /** More of them are asked again together, this long after something has changed. */
  relieveManyLinesMs: 2,
  /** Share of memory that a topic leaves to others when its subscribers do not keep up: one alone may have half of it. */
  topicReserveShare: 0.5,
  /** The same for a queue while there is no temp store: what does not fit in memory waits with its sender. */
  queueReserveShare: 0.1,
  /** Bytes on their way to the temp store, of all queues, as a share of memory and at most; senders wait until they are written. */
  unspilledShare: 1 / 8,
  unspilledBytes: 16 * 2 ** 20,
  /** What of it one queue alone has to leave to others. */
  unspilledReserveShare: 0.5,
} as const

export const unsupportedLimits = {
  /** For each feature, log lines about destinations: whoever reads a hundred of them needs no more, and clients name them. */
  maximumToldDestinations: 100,
} as const
