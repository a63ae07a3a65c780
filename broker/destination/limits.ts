// Limits and sizes of destinations and subscriptions, each with its reason. What a client can make grow has a limit here.

export const destinationLimits = {
  /** A destination costs about 2 KiB of memory for ever: names made from data (one per order …) must not fill it. */
  maximumDestinations: 100_000,
  /** Temporary ones of all connections, counted apart: whoever fills the one must not take the other from everybody. */
  maximumTemporaryDestinations: 100_000,
  /**
   * Clients that subscribe under ever new names, and never unsubscribe, must not fill the store; and each may be asked about every
   * message. Each counts once, and once for each of its topics: no more than a store takes (broker/store/limits.ts), in which one to one
   * topic is one, or one for each priority.
   */
  maximumDurableSubscriptions: 10_000,
  /** Characters of a durable subscription's name, and of the client id that it belongs to: both stand in the store for each. */
  maximumSubscriptionNameLength: 1000,
  /** Waiting messages kept in memory per queue: enough to fill one stock prefetch window at once. */
  windowMessages: 1000,
  /** Below this many waiting messages the next page is read from the store, so that acks find work ready. */
  pageLowWaterMessages: 200,
  /** One read of the store: large enough to be worth a read, small enough not to hold the event loop. */
  pageMessages: 500,
  pageBytes: 4 * 2 ** 20,
  /** Read even when memory is full, so that stored messages keep moving. */
  pageBytesUnderPressure: 64 * 2 ** 10,
  /** What a browser has read and its client has no room for yet; many browsers may stand still. Some hundred messages of 1 KiB. */
  browsePageBytes: 512 * 2 ** 10,
  /** Above this share of the memory limit, bodies that are on disk leave memory (ActiveMQ: cursorMemoryHighWaterMark). */
  bodyHighWaterShare: 0.7,
  /** Of it, what those leave to others who keep more than a little: floods that come one after the other would take it all. */
  bodyPoolShare: 0.1,
  /** That much anybody may keep as long as there is any: what is on its way between a sender and a consumer who keeps up. */
  littleShare: 0.005,
  /** Pages kept per queue for consumers that do not want every message, each where one of them ran full. */
  lookedPages: 4,
  /** After so many pages that were looked through at once, others get their turn: about 10,000 messages. */
  lookPagesAtOnce: 20,
  /** After a failed read of the store, before the next try. */
  readRetryMs: 1000,
  /** Unacknowledged messages of one consumer, whatever window it asks for: about 150 bytes each. */
  maximumInFlightPerConsumer: 250_000,
  /** The same for all consumers of a connection together: about 200 MB. */
  maximumInFlightPerConnection: 1_000_000,
  /** How far a client can widen a prefetch window by what it has delivered: it stays a small integer. */
  maxWindowExtension: 2 ** 30,
  /** Above this share of the memory limit, a consumer whose client does not read loses its oldest topic messages. */
  congestedTopicMemoryShare: 0.5,
  /** Topic messages waiting beyond the prefetch when the consumer names no limit: ten times ActiveMQ's shipped 1000. */
  defaultPendingMessageLimit: 10_000,
  /** The most a consumer may ask for with maximumPendingMessageLimit. */
  maximumPendingMessageLimit: 1_000_000,
  /**
   * The same of advisories for another broker's bridge, which would never hear again of what is lost: as many consumers as it remembers
   * (network/demand/limits.ts), some 600 bytes each. One that does not read at all is ended long before.
   */
  pendingAdvisoriesOfBridge: 250_000,
  /** Message ids remembered to keep a message from entering the dead letter queue twice (ActiveMQ: 64 × 2048). */
  deadLetterAuditDepth: 16_384,
  /**
   * Messages that wait until the broker delivers them again, of all queues: some 250 bytes each without their bodies. More
   * are delivered early.
   */
  maximumAwaitingRedelivery: 100_000,
  /** A delay that grows with each redelivery stays a time that somebody may live to see. */
  longestRedeliveryDelayMs: 365 * 86_400_000,
  /** Messages that bridges may not have yet are looked at again not more often than so: all of them are. */
  networkRetryMs: 100,
  /** Timers of Node know 24 days; whoever waits longer looks again. */
  longestTimerMs: 86_400_000,
  /**
   * Groups of messages of one queue of which nothing is in flight, and whose owner is remembered: some 250 bytes each and
   * their ids. (ActiveMQ: 1024 groups in its map "cached", in flight or not.)
   */
  idleMessageGroups: 16_384,
  /** So many are forgotten at once: to find the first of a set, whoever takes them one by one walks past all that were taken. */
  forgottenMessageGroups: 1024,
  /** How long what waits is held back for consumers that are expected, when nobody says (ActiveMQ: Queue.iterate). */
  dispatchStartsMs: 1000,
  /** Characters of a JMSXGroupID that is kept as it is: it may have 65,535 bytes. */
  messageGroupIdLength: 256,
  /** How often waiting messages are looked through for expired ones, where no policy says so (ActiveMQ: expireMessagesPeriod). */
  expirySweepMs: 30_000,
  /** Messages of a destination in the store that one sweep looks through, likewise (ActiveMQ: maxExpirePageSize, 400). */
  expirySweepMessages: 5000,
  /** After so many messages that durable subscriptions have lost at once, others get their turn: some milliseconds. */
  expiriesAtOnce: 500,
  /** What topics keep for subscribers that come later, all together, as a share of memory: nobody has asked for it yet. */
  recoveryMemoryShare: 0.1,
  /** What of it one topic alone leaves to the others. */
  recoveryReserveShare: 0.25,
} as const
