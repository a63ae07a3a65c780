// Who this broker is to clients and to other brokers.

export interface BrokerIdentity {
  readonly brokerName: string
  /** New at each start, like ActiveMQ's: `ID:<host>-<port>-<time>-0:1`; or the configured one, which a member that takes over has, too. */
  readonly brokerId: string
  /** A URL that clients can dial. */
  readonly brokerUrl: string
}
