// Limits that all stores share, each with its reason. What only one of them has is in its own folder.

export const storeLimits = {
  /**
   * Producers whose last sequence is remembered. A client that fails over sends again within seconds, so only producers
   * active shortly before matter; 10,000 of them cost about 1 MB of memory and as much wherever a store writes them down.
   */
  producers: 10_000,
  /**
   * Messages that came over bridges of other brokers, and are known by the next active. Such a broker sends again what it got no answer
   * for: twenty demands with a prefetch of 1000 at most. Each costs about 20 bytes wherever a store writes them down again.
   */
  arrivals: 20_000,
  /**
   * The log is told that a full store has room again when so many times the reserve is free (base/fair-share.ts): at once,
   * and it would be told of each message that is added and removed at the edge.
   */
  roomyReserves: 2,
  /** Bytes of a producer id: three parts of a connection id; longer ones are not made by any client. */
  producerIdBytes: 4096,
  /** Bytes of a queue's or topic's name; the broker refuses names far shorter than this. */
  queueNameBytes: 4096,
  /** Bytes of each part of a subscription's name: clients' ids are host names and numbers, names are chosen by people. */
  subscriptionNameBytes: 4096,
  /** Bytes of a selector: far more than anybody writes, and a subscription still fits into one record of a journal. */
  selectorBytes: 32_768,
  /** Of one topic: a message names those that do not want it, and as many as this fit into one record of a journal. */
  subscriptionsPerTopic: 10_000,
  /**
   * Of a whole store, where what is known of each is written down again and again: as many as that, each with one for each
   * priority (priority-holder.ts).
   */
  subscriptions: 100_000,
  /** Sequences of others between two messages of a topic that a set of its sequences skips rather than begins anew. */
  skippedSequences: 65_536,
  /** How long the write of a dispatched message is put off when acknowledgements come early: the shortest time that a timer has. */
  earlyAcknowledgementMs: 1,
  /** A timed message that is not acknowledged after this long was not early; another one is timed. */
  timedAcknowledgementMs: 1000,
  /** So many early acknowledgements in a row are no chance: from then on writes are put off. */
  enoughEarlyAcknowledgements: 4,
  /** More are not counted: a few waits in vain (each halves the count) end the putting off. */
  mostEarlyAcknowledgements: 16,
  /** Larger messages that consumers have already are written at once: nothing is gained by hoping that they need not be. */
  unwrittenBytes: 1024 * 1024,
} as const
