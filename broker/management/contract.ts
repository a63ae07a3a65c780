// What the admin port of a broker answers: the contract with the operator and with everything else that looks in.
//
//   GET /livez         200 while the event loop turns, whatever the role
//   GET /readyz        200 when the member is healthy in its role (a standby that follows is ready), else 503 and the reason
//   GET /role          {"role": "Active", "term": 4, "brokerName": "orders-bc", "member": "orders-bc-1"}
//   GET /snapshot      BrokerSnapshot as JSON: small, whatever the broker has; what the operator asks in each pass
//   GET /connections   InventoryAnswer of ConnectionRow as JSON
//   GET /destinations  InventoryAnswer of DestinationRow as JSON
//   GET /subscriptions InventoryAnswer of SubscriptionRow as JSON: durable subscriptions, with and without a consumer
//   DELETE /subscriptions?clientId=…&subscriptionName=…
//                      200 when it is deleted with all that waits for it; 404 there is none; 409 it has a consumer, or this
//                      member is not active
//   GET /network-connectors
//                      NetworkAnswer as JSON: network connectors of an active member and their bridges, also those that it accepted
//   POST /network-connectors/{name}/start|stop
//                      200 when it is started or stopped, also when it was before; 404 there is none; 409 this member is not active;
//                      403 a web page asks. Until the member is active again: then it is as configured
//   PUT /drain         DrainRequest as JSON. 200 when it drains, also when it did before; then what is said last counts. 400 the request
//                      says something else; 409 this member is not active; 403 a web page asks. The transport connectors close, so that
//                      clients go to other brokers; bridges of both roles end; all messages of queues are forwarded to the brokers named,
//                      as if they had been sent there. What is left is `drain` of the snapshot
//   DELETE /drain      200 when it takes part again as it is configured, also when it never drained; 409 and 403 as above. A member that
//                      becomes active does not drain, whatever the one before did. These, the connectors and DELETE of a subscription
//                      are the only things here that change anything
//   GET /metrics       Prometheus text
//   GET /watch         200 and then nothing, as long as the process lives: whoever asks learns at once when it has ended
//   GET /watch?roles   the same, but with the answer of /role as a line, now and each time that the role changes. Brokers up to
//                      0.1 did not know this, and answer as to /watch
//   GET /watch?roles&bridges
//                      the same, and a line also each time that a bridge is there, or is no longer. Brokers that know no networks
//                      answer as to /watch
//
// The inventories of an active member come in pages: ?limit=N items at most, ?after=the `next` of the page before. Rows stand
// in the order in which they came to be, so that whatever stays is in one page and no more. A standby has none.

export type BrokerRole = 'Starting' | 'Standby' | 'Active' | 'Stopping'

export interface RoleAnswer {
  readonly role: BrokerRole
  /** The term this member is active in; null unless Active. */
  readonly term: number | null
  readonly brokerName: string
  readonly member: string
}

/**
 * Idle: nothing is amiss. Its connector is stopped; or who was found is this broker itself, or has a bridge of this connector already.
 */
export type NetworkBridgeState = 'Connected' | 'Connecting' | 'Down' | 'Idle'

/** Why there is no bridge, where somebody has to mend it: the other broker refused user name or password; certificates, their files, or TLS on one side only. */
export type NetworkBridgeFailure = 'AuthenticationFailed' | 'TLSFailed'

/** One bridge: each broker that a connector has found has one, and so has each broker that came with a duplex one. */
export interface NetworkBridgeSnapshot {
  /** Name of the network connector; of a duplex bridge that was accepted, its name at the other end. */
  readonly connector: string
  /** What it is to reach: `masterslave:(tcp://b:61616,tcp://c:61616)`; of an accepted one, where it came from. */
  readonly uri: string
  /** It forwards in both directions over one connection. */
  readonly duplex: boolean
  /** The other broker dialled. */
  readonly accepted: boolean
  readonly state: NetworkBridgeState
  /** Why it is not connected, or was not the last time; null when there is nothing to tell. */
  readonly reason: string | null
  /** What kind of reason that is; null for all others. Brokers of older releases do not say. */
  readonly failure?: NetworkBridgeFailure | null
  /** Broker at the other end, the last one known. */
  readonly remoteBrokerName: string | null
  readonly remoteBrokerId: string | null
  /** `tcp://10.0.0.7:61616` */
  readonly remoteAddress: string | null
  /** Since when it is in this state, RFC 3339. */
  readonly since: string
  /** Bridges before this one. */
  readonly restarts: number
  readonly demandSubscriptions: number
  /** Messages that went to the other broker since this member became active. */
  readonly forwarded: number
  /** Messages that came over it in the other direction; duplex only. */
  readonly received: number
}

export interface BrokerSnapshot extends RoleAnswer {
  readonly version: string
  readonly brokerId: string
  /** RFC 3339. */
  readonly startedAt: string
  readonly activeSince: string | null
  readonly store: {
    readonly type: 'Memory' | 'Journal' | 'JDBC' | 'Replicated'
    readonly messages: number
    readonly bytesUsed: number
    readonly recoveryMs: number | null
    /** What a standby has not read yet of what the active has written; null when that is not known, or means nothing. */
    readonly lagBytes: number | null
    /** Why the storage is not this member's: it belongs to another broker. Then the role is Starting. */
    readonly refusal: string | null
  }
  readonly lock: {
    readonly type: 'None' | 'File' | 'Lease' | 'Database' | 'ZooKeeper' | 'KubernetesLease'
    readonly holder: string | null
    readonly term: number | null
    /** Why the lock cannot even be tried at this moment, whoever has it; null when it can, and from brokers before 0.2. */
    readonly trouble?: string | null
  }
  readonly memory: { readonly used: number; readonly limit: number }
  /** On disk, of what did not fit into memory; a limit of 0: there is none. */
  readonly temp: { readonly messages: number; readonly used: number; readonly limit: number }
  readonly transportConnectors: readonly {
    readonly name: string
    readonly protocol: 'OpenWire'
    readonly port: number
    readonly open: boolean
    readonly connections: number
  }[]
  /** Left out by brokers that know no networks, and by members that are not active. */
  readonly networkBridges?: readonly NetworkBridgeSnapshot[]
  /** Left out unless this member drains. */
  readonly drain?: DrainSnapshot
  /** Left out unless the store is replicated. */
  readonly replication?: ReplicationSnapshot
}

/** What a member of a replicated store knows of the copies. */
export interface ReplicationSnapshot {
  /** An active: it serves. A standby: it has what the active has, and could take over now. */
  readonly inSync: boolean
  /** Its copy counts for a quorum; one that began with an empty disk does not until it has been in sync. */
  readonly isVoter: boolean
  /** So many members, itself included, make an active. */
  readonly quorum: number
  readonly replicas: number
  /** Why nobody can be elected, or an active cannot confirm, at this moment. Left out when nothing is amiss. */
  readonly trouble?: { readonly kind: ReplicationTrouble; readonly reason: string }
  /** The other members as an active sees them; left out by all others. */
  readonly members?: readonly {
    readonly name: string
    readonly connected: boolean
    readonly inSync: boolean
    /** What it has not got yet. */
    readonly lagBytes: number
  }[]
}

export type ReplicationTrouble = 'ZooKeeperUnreachable' | 'QuorumLost' | 'ApiServerUnreachable'

export interface DrainRequest {
  /**
   * Where messages go: at least one URI as in a network connector (`masterslave:(tcp://b:61616,tcp://c:61616)`), a bridge for each. With more
   * than one, whoever takes a message first gets it.
   */
  readonly to: readonly string[]
}

export interface DrainSnapshot {
  readonly to: readonly string[]
  /** RFC 3339. */
  readonly since: string
  /** Messages of queues that are still here, also those under way whose answer has not come. 0: all others have what this member had. */
  readonly messagesRemaining: number
  /** Messages that wait for durable subscriptions here. They are for those subscribers only, and are not forwarded. */
  readonly messagesOfSubscriptions: number
  /** Why nothing goes out, in one sentence; null when something does, or nothing has to. */
  readonly reason: string | null
}

export interface NetworkAnswer {
  readonly connectors: readonly { readonly name: string; readonly duplex: boolean; readonly started: boolean }[]
  readonly bridges: readonly NetworkBridgeSnapshot[]
}

export interface InventoryAnswer<Row> {
  readonly items: readonly Row[]
  /** For `?after=`; null when there is nothing more. */
  readonly next: string | null
}

export interface ConnectionRow {
  readonly connectionId: string
  readonly clientId: string
  readonly remoteAddress: string
  readonly connector: string
  readonly consumers: number
  readonly producers: number
  /** It is another broker's bridge; left out else. */
  readonly networkConnection?: boolean
}

export interface DestinationRow {
  readonly name: string
  readonly kind: 'queue' | 'topic' | 'temp-queue' | 'temp-topic'
  readonly size: number
  readonly inFlight: number
  /** Of `size`: what the broker delivers again, but not yet. */
  readonly awaitingRedelivery: number
  /** Groups of messages that one of its consumers owns. */
  readonly messageGroups: number
  /** Of `size`: what waits and nobody who is there takes, neither a consumer nor a bridge; all that waits while nobody is there. */
  readonly withoutConsumer: number
  readonly enqueued: number
  readonly dequeued: number
  readonly consumers: number
  readonly producers: number
}

export interface SubscriptionRow {
  readonly topic: string
  readonly clientId: string
  readonly subscriptionName: string
  readonly selector: string | null
  readonly noLocal: boolean
  /** It has a consumer. */
  readonly active: boolean
  /** Stored messages that it has not acknowledged. */
  readonly pending: number
  readonly inFlight: number
}

export const adminPaths = {
  livez: '/livez',
  readyz: '/readyz',
  role: '/role',
  snapshot: '/snapshot',
  connections: '/connections',
  destinations: '/destinations',
  subscriptions: '/subscriptions',
  networkConnectors: '/network-connectors',
  drain: '/drain',
  metrics: '/metrics',
  watch: '/watch',
} as const

/** Behind the path of `watch`. */
export const rolesQuery = 'roles'
export const rolesAndBridgesQuery = 'roles&bridges'
