// The conversations that are recorded; ClientScenes.java and NetworkScenes.java say line by line what is done in each.

/** Name → what happens. */
export const scenes: Readonly<Record<string, string>> = {
  'connect-default': 'connect with default options (tight encoding, cache, stack traces), one session, close',
  'queue-auto-ack': 'a persistent and a non-persistent message, received with auto acknowledge',
  'client-and-individual-ack': 'client acknowledge, one for two of four messages, then individual acknowledge',
  transacted: 'send and receive in transactions: commit, rollback, redelivery, the poison ack, the dead letter read',
  'durable-subscription': 'a durable subscriber with a selector leaves, comes back for a message and unsubscribes',
  browser: 'a queue browser over two messages; the end is a dispatch without message',
  'temp-queue-request-reply': 'request and reply over a temporary queue, between two connections',
  'temp-queue-known-to-late-connection': 'a connection is told about a temporary queue that was there before it',
  'pull-prefetch-0': 'prefetch 0: receive without waiting, with a timeout, and with a message',
  xa: 'XA: start, send, end, prepare, recover, commit; then a branch that did nothing',
  errors: 'a client id that another connection has',
  'composite-and-wildcard': 'a message to a composite destination, a consumer of a wildcard topic',
  'producer-window': 'asynchronous persistent messages with a producer window',
  'expired-on-client': 'a message expires after it was dispatched and before it was received',
  'optimize-acknowledge': 'acknowledgements in batches',
  'topic-dups-ok': 'a topic consumer with lazy acknowledgements',
  'failover-reconnect':
    'a connection with a consumer, a producer, a temporary queue and an open transaction is cut, and restored',
  'network-one-way': 'the bridge of broker localhost (side C) to broker-b (side B) forwards a message',
  'network-duplex': 'a duplex bridge forwards a message in each direction',
  'broker-stop': 'the broker stops under a connected client',
}
