// What a transport connector and the sessions of any protocol know of each other. A connector has sockets and knows no
// protocol; a session has a protocol and knows no sockets. OpenWire's sessions are in openwire/; STOMP's, AMQP's and MQTT's
// will stand beside them.

/** The accepted socket, as its session sees it. */
export interface SessionOutput {
  /** Queues bytes; they leave together with everything else of this turn of the event loop. */
  write(bytes: Buffer): void
  /** Bytes queued and not yet taken by the operating system. */
  readonly bufferedBytes: number
  /** Bytes taken since the connection began. */
  readonly sentBytes: number
  pauseReading(): void
  resumeReading(): void
  /** Sends what is queued, then closes. */
  end(): void
  /** Closes at once; what is queued is lost. */
  destroy(): void
}

export interface AcceptedConnection {
  readonly output: SessionOutput
  /** `tcp://10.0.0.7:51234` */
  readonly remoteAddress: string
  readonly connectorName: string
  /** The broker ended the connection because of what the peer did. */
  readonly dropped: (reason: string) => void
}

/** One per accepted connection. What its peer sends may end this connection and nothing else: no call throws. */
export interface Session {
  /** Its peer is another broker: over its connection come answers, too. Left out: it is not. */
  readonly ofBridge?: boolean
  /** Called once, before any other. */
  start(): void
  /** Bytes that arrived, in memory that may be used again once this returns. */
  receive(bytes: Buffer): void
  /** The socket took bytes. */
  drained(): void
  /** The socket is gone, or is to go: the region forgets everything that came over it. Idempotent. */
  close(): void
  /** Ends without telling the region, which is given up together with its store. */
  abandon(): void
}

export interface SessionFactory {
  createSession(connection: AcceptedConnection): Session
}
