// What is asked of ZooKeeper: the port between the elector and its connection. Paths are below the chroot of the address.

export interface Stat {
  readonly version: number
  /** Session whose node it is; 0n: it is not ephemeral. */
  readonly ephemeralOwner: bigint
}

export type ZooKeeperErrorCode =
  | 'NO_NODE'
  | 'NODE_EXISTS'
  | 'BAD_VERSION'
  | 'NOT_EMPTY'
  | 'NO_AUTH'
  | 'AUTH_FAILED'
  | 'INVALID_ACL'
  /** Nobody knows whether it was done. */
  | 'CONNECTION_LOSS'
  | 'SESSION_EXPIRED'
  | 'CLOSED'
  | 'OTHER'

export interface ZooKeeperErrorShape extends Error {
  readonly zooKeeperCode: ZooKeeperErrorCode
}

/**
 * Connected: a session is there. Suspended: the connection is lost; the session lives on until its time-out, and is taken up again on
 * any server of the list. Expired: its ephemeral nodes are gone, or will be, because a server says so or none has taken it for long; a new session
 * follows by itself, without watches.
 */
export type SessionState = 'Connecting' | 'Connected' | 'Suspended' | 'Expired' | 'Closed'

export interface ZooKeeperClient {
  readonly state: SessionState
  /** Why it is not connected, for people; undefined while it is. */
  readonly trouble: string | undefined
  /** What the servers have agreed to, in milliseconds. */
  readonly sessionTimeoutMs: number
  onState(listener: (state: SessionState) => void): void
  /**
   * The path of the node, which has a number at its end when `sequential`. ACL: creator only when authenticated, else anybody.
   * After CONNECTION_LOSS a node may be there that nobody has been told the name of: whoever makes sequential ones puts something in the
   * data that is its own, and looks for it among the children before it makes another one.
   */
  create(path: string, data: Buffer, kind: 'persistent' | 'ephemeral' | 'ephemeral_sequential'): Promise<string>
  /**
   * Makes what is not there of a path; persistent nodes. Those above the last one are for others as well: without the password anybody
   * may list them, and make nodes of their own in them.
   */
  ensure(path: string): Promise<void>
  get(path: string, changed?: () => void): Promise<{ readonly data: Buffer; readonly stat: Stat }>
  exists(path: string, changed?: () => void): Promise<Stat | undefined>
  children(path: string, changed?: () => void): Promise<readonly string[]>
  /** version -1: whatever it is. */
  set(path: string, data: Buffer, version: number): Promise<Stat>
  delete(path: string, version: number): Promise<void>
  /** Ends the session, which frees its ephemeral nodes at once. */
  close(): Promise<void>
}
// A watch (`changed`) calls once, also when the session that it was set in is taken up again by another server and it changed meanwhile.
