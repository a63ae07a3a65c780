// Connections between the members of a replicated store: the port between the driver and the network.
//
// Each member dials every other one; what it sends on its own behalf (promiseRequest, attach, trim, write, remove, heartbeat, query) goes
// over the connection that it has dialled, in order; answers go back over the connection that asked.
import type { ReplicationMessage } from './message.ts'
import type { Peer } from './peer.ts'

export interface TransportListener {
  /** This member's connection to that one is there (both have proven the token), or gone. */
  connected(member: string): void
  disconnected(member: string, reason: string): void
  /** In the order in which they were sent, for each direction of each connection. */
  received(from: string, message: ReplicationMessage): void
}

export interface ReplicationTransport {
  /** Begins to listen; resolves with host:port under which others find it. Rejects when it cannot listen. */
  open(listener: TransportListener): Promise<string>
  /** Dials those that are new, forgets those that are not there any more. Tries again and again. */
  peers(peers: readonly Peer[]): void
  /** Left out when there is no connection that it could go over. */
  send(to: string, message: ReplicationMessage): void
  /** Cuts the connections with this member; the dialled one is made again. */
  disconnect(member: string, reason: string): void
  close(): Promise<void>
}
