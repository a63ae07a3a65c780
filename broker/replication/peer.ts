/** Another member of a replicated store, and where its replication is found. */
export interface Peer {
  readonly member: string
  /** host:port */
  readonly address: string
}
