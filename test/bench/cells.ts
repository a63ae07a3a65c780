// The cells of the bench: what is driven, what is measured, and what we want to reach against the best peer.
import { mebibytes, type RoomLimits } from '../support/room-limits.ts'

/** One value that a run measures. */
export type Figure =
  | 'rate'
  | 'cpuPer100k'
  | 'peakMemoryMiB'
  | 'syncsPer1000'
  | 'shareOfDisk'
  | 'p50Ms'
  | 'p99Ms'
  | 'answerP50Ms'
  | 'answerP99Ms'
  | 'fillRate'
  | 'drainRate'
  | 'timeMs'
  | 'readyMs'
  | 'shareBeside'
  | 'stalledPairs'
  | 'kibPer1000Changes'
  | 'cpuPer1000Changes'
  | 'stuck'
  | 'lost'
  | 'packetsPerMessage'
  | 'commitsPerMessage'
  | 'databaseCpuPer100k'

export const figures: Readonly<Record<Figure, { readonly title: string; readonly better: 'higher' | 'lower' }>> = {
  rate: { title: 'messages/s', better: 'higher' },
  cpuPer100k: { title: 'broker CPU s per 100,000', better: 'lower' },
  peakMemoryMiB: { title: 'peak resident MiB', better: 'lower' },
  syncsPer1000: { title: 'syncs per 1,000', better: 'lower' },
  /** Of the appends that one program alone gets done there, each with its own fdatasync before the next: see disk-rate.ts. */
  shareOfDisk: { title: "share of the disk's sync rate", better: 'higher' },
  p50Ms: { title: 'p50 ms', better: 'lower' },
  p99Ms: { title: 'p99 ms', better: 'lower' },
  answerP50Ms: { title: 'answer p50 ms', better: 'lower' },
  answerP99Ms: { title: 'answer p99 ms', better: 'lower' },
  fillRate: { title: 'filled/s', better: 'higher' },
  drainRate: { title: 'drained/s', better: 'higher' },
  timeMs: { title: 'ms', better: 'lower' },
  /** Of a standby that has come back, beside the time until it is in sync. */
  readyMs: { title: 'ms until it has read all', better: 'lower' },
  /** Of the rate that the pairs have alone: see neighbours-answer.ts. */
  shareBeside: { title: 'share of the rate alone', better: 'higher' },
  stalledPairs: { title: 'pairs that stand still', better: 'lower' },
  /** Of a mesh, for 1,000 consumers that came or left. */
  kibPer1000Changes: { title: 'KiB between brokers per 1,000', better: 'lower' },
  cpuPer1000Changes: { title: 'broker CPU s per 1,000', better: 'lower' },
  stuck: { title: 'messages stuck', better: 'lower' },
  lost: { title: 'messages lost', better: 'lower' },
  /** Of a broker whose store is a database; a message is sent and consumed. */
  packetsPerMessage: { title: 'round trips per message', better: 'lower' },
  commitsPerMessage: { title: 'commits per message', better: 'lower' },
  databaseCpuPer100k: { title: 'database CPU s per 100,000', better: 'lower' },
}

/** `ratio`: ours divided by the best peer's; `absolute`: ours alone. At least or at most, as is better for the figure. */
export interface Goal {
  readonly figure: Figure
  readonly ratio?: number
  readonly absolute?: number
}

export interface LoadOptions {
  readonly producers: number
  readonly consumers: number
  readonly topic?: boolean
  /** Of a topic: each consumer has a durable subscription. */
  readonly durable?: boolean
  readonly persistent?: boolean
  readonly transaction?: number
  /** Each consumer has one of so many selectors, of which each message matches one. */
  readonly selectors?: number
  /** So many groups have the messages in turn. */
  readonly groups?: number
  /** The messages have the ten priorities in turn. */
  readonly priorities?: boolean
  readonly size: number
  /** Messages on their way at which producers pause; without consumers they never do. */
  readonly outstanding: number
  /** Messages per second of all producers; as fast as they can without it. */
  readonly rate?: number
  /** Bridges between the broker of the producers and that of the consumers; with 2 there is a third broker between them. */
  readonly hops?: 1 | 2
}

/** Pairs measured alone, and again beside somebody who makes trouble: see java/driver/Neighbours.java and Troublemaker.java. */
export interface NeighboursOptions {
  /**
   * flood: a sender to a queue that nobody consumes. stuck: the same with a consumer that took its prefetch and acknowledges
   * nothing. deaf: with a client that subscribed and reads nothing from its socket. nobody: how far the second window differs
   * from the first by itself.
   */
  readonly troublemaker: 'flood' | 'stuck' | 'deaf' | 'nobody'
  /** Of the troublemaker; of the pairs there are all kinds. */
  readonly topic?: boolean
  readonly persistent?: boolean
  readonly limits: RoomLimits
  /** What the sender is let send as fast as it can, unless it is blocked before; after that it goes on slowly. */
  readonly upToMiB: number
}

/** Consumers that come, go and move between brokers of which each is linked to each other: see java/driver/Mesh.java. */
export interface MeshOptions {
  readonly brokers: number
  readonly queues: number
  readonly consumers: number
  /** A second: of a consumer to another broker, or away for a while, or back. */
  readonly moves: number
  /** Sent a second in the second part, to all brokers together. */
  readonly messages: number
}

export type Procedure =
  | { readonly kind: 'load'; readonly load: LoadOptions }
  | { readonly kind: 'backlog' }
  /** A queue of `messages`, looked at by a browser so many times. */
  | { readonly kind: 'browse'; readonly messages: number; readonly rounds: number }
  | { readonly kind: 'start'; readonly backlog: boolean }
  | { readonly kind: 'takeover' }
  /** A queue of so many bytes; one copy of it is away for so long, while messages come and go. */
  | { readonly kind: 'rejoin'; readonly bytes: number; readonly awayMs: number }
  | { readonly kind: 'neighbours'; readonly neighbours: NeighboursOptions }
  | ({ readonly kind: 'mesh' } & MeshOptions)

export interface Cell {
  readonly id: string
  readonly title: string
  readonly procedure: Procedure
  readonly goals: readonly Goal[]
  /** Shown beside the goals. */
  readonly also?: readonly Figure[]
  readonly syncDelayMs?: number
  /** No broker gives a persistent message to a consumer before it is stored; otherwise each does as it does by default. */
  readonly storesFirst?: boolean
  /** Queues give messages of higher priority first; Artemis always does. */
  readonly prioritizedMessages?: boolean
  /** Peers that are left out, as the cell asks for something they do not have in this form. */
  readonly without?: readonly string[]
}

/** Bytes that may be on their way: small against every memory limit, large against every prefetch window. */
const outstandingBytes = 10_000 * 1024

function load(options: Partial<LoadOptions> & Pick<LoadOptions, 'producers' | 'consumers'>): Procedure {
  const size = options.size ?? 1024
  return { kind: 'load', load: { size, outstanding: Math.floor(outstandingBytes / size), ...options } }
}

function goals(rate: number, cpu: number, ...more: Goal[]): Goal[] {
  return [{ figure: 'rate', ratio: rate }, { figure: 'cpuPer100k', ratio: cpu }, ...more]
}

const roomLimits = mebibytes(64, 256, 256)
/** More than a broker takes that keeps to its limits. */
const moreThanEverything = 64 + 256 + 128
/** Memory is full, the temp store is not. */
const moreThanMemory = 64 + 64
/** The whole process: the limit, what it takes with 82 busy connections and no limit reached, and room for its collector. */
const neighboursMemoryMiB = 400

function neighbours(
  what: string,
  title: string,
  options: Omit<NeighboursOptions, 'limits' | 'upToMiB'> & Partial<NeighboursOptions>,
): Cell {
  return {
    id: `neighbours-${what}`,
    title: `20 pairs beside ${title}`,
    procedure: { kind: 'neighbours', neighbours: { limits: roomLimits, upToMiB: moreThanEverything, ...options } },
    goals: [
      { figure: 'shareBeside', absolute: 0.8 },
      { figure: 'stalledPairs', absolute: 0 },
      { figure: 'peakMemoryMiB', absolute: neighboursMemoryMiB },
    ],
  }
}

/** CPU, memory and syncs are those of all brokers of the chain together. */
function hops(id: string, title: string, rate: number, options: Parameters<typeof load>[0]): Cell {
  return { id, title, procedure: load(options), goals: goals(rate, 1 / 3), without: ['artemis'] }
}

export const cells: readonly Cell[] = [
  {
    id: 'queue-1x1',
    title: 'queue, non-persistent, 1/1',
    procedure: load({ producers: 1, consumers: 1 }),
    goals: goals(1.4, 0.4),
  },
  {
    id: 'queue-4x4',
    title: 'queue, non-persistent, 4/4',
    procedure: load({ producers: 4, consumers: 4 }),
    goals: goals(1.4, 0.4),
  },
  {
    id: 'persistent-1x1',
    title: 'queue, persistent, sync sends, 1/1',
    procedure: load({ producers: 1, consumers: 1, persistent: true }),
    goals: goals(1, 0.5, { figure: 'shareOfDisk', absolute: 0.8 }),
  },
  {
    id: 'persistent-4x4',
    title: 'queue, persistent, sync sends, 4/4',
    procedure: load({ producers: 4, consumers: 4, persistent: true }),
    goals: goals(1.5, 0.4),
  },
  {
    id: 'persistent-16x16',
    title: 'queue, persistent, sync sends, 16/16',
    procedure: load({ producers: 16, consumers: 16, persistent: true }),
    goals: goals(2.5, 0.4),
  },
  {
    id: 'persistent-16x16-slow-disk',
    title: 'the same 16/16, each sync delayed by 5 ms',
    procedure: load({ producers: 16, consumers: 16, persistent: true }),
    goals: goals(2, 0.4),
    syncDelayMs: 5,
  },
  {
    id: 'unconsumed-1',
    title: 'queue, persistent, sync sends that nobody consumes, 1/0',
    procedure: load({ producers: 1, consumers: 0, persistent: true }),
    // The share is of what one fdatasync after the other allows on this disk, which no single sender can go beyond.
    goals: goals(1.5, 0.6, { figure: 'shareOfDisk', absolute: 0.8 }),
  },
  {
    id: 'unconsumed-4',
    title: 'queue, persistent, sync sends that nobody consumes, 4/0',
    procedure: load({ producers: 4, consumers: 0, persistent: true }),
    goals: goals(2, 0.6),
  },
  {
    id: 'unconsumed-16',
    title: 'queue, persistent, sync sends that nobody consumes, 16/0',
    procedure: load({ producers: 16, consumers: 0, persistent: true }),
    goals: goals(1.5, 0.6),
  },
  // Artemis has no such setting and needs none: its PostOfficeImpl adds a message to its queues when the journal has it.
  {
    id: 'store-first-1x1',
    title: 'queue, persistent, stored before dispatch, 1/1',
    procedure: load({ producers: 1, consumers: 1, persistent: true }),
    goals: goals(1.3, 0.6),
    storesFirst: true,
  },
  {
    id: 'store-first-16x16',
    title: 'queue, persistent, stored before dispatch, 16/16',
    procedure: load({ producers: 16, consumers: 16, persistent: true }),
    goals: goals(2, 0.6),
    storesFirst: true,
  },
  {
    id: 'transacted-1x1',
    title: 'queue, persistent, transactions of 100, 1/1',
    procedure: load({ producers: 1, consumers: 1, persistent: true, transaction: 100 }),
    goals: goals(1.5, 0.5),
  },
  {
    id: 'transacted-4x4',
    title: 'queue, persistent, transactions of 100, 4/4',
    procedure: load({ producers: 4, consumers: 4, persistent: true, transaction: 100 }),
    goals: goals(1.5, 0.5),
  },
  {
    id: 'topic-1x10',
    title: 'topic 1 → 10, non-persistent, deliveries',
    procedure: load({ producers: 1, consumers: 10, topic: true }),
    goals: goals(1.3, 0.5),
  },
  {
    id: 'durable-1x4',
    title: 'topic 1 → 4 durable subscribers, persistent, deliveries',
    procedure: load({ producers: 1, consumers: 4, topic: true, durable: true, persistent: true }),
    goals: goals(2, 1 / 3),
  },
  {
    id: 'selectors-4x10',
    title: 'queue, non-persistent, 4 / 10 consumers with a selector each',
    procedure: load({ producers: 4, consumers: 10, selectors: 10 }),
    goals: goals(1.5, 0.5),
  },
  {
    id: 'groups-4x4',
    title: 'queue, non-persistent, 100 message groups, 4/4',
    procedure: load({ producers: 4, consumers: 4, groups: 100 }),
    goals: goals(1.3, 0.5),
  },
  {
    id: 'prioritized-4x4',
    title: 'queue, non-persistent, ten priorities, 4/4',
    procedure: load({ producers: 4, consumers: 4, priorities: true }),
    goals: goals(1.3, 0.5),
    prioritizedMessages: true,
  },
  {
    id: 'browse',
    title: 'browser of a queue of 100,000 persistent messages (ActiveMQ: maxBrowsePageSize=100000)',
    procedure: { kind: 'browse', messages: 100_000, rounds: 3 },
    goals: goals(1.5, 0.5),
  },
  {
    id: 'queue-10k',
    title: 'queue, non-persistent, 10 KiB, 1/1',
    procedure: load({ producers: 1, consumers: 1, size: 10 * 1024 }),
    goals: goals(1.3, 0.6),
  },
  {
    id: 'queue-100k',
    title: 'queue, non-persistent, 100 KiB, 1/1',
    procedure: load({ producers: 1, consumers: 1, size: 100 * 1024 }),
    goals: goals(1.3, 0.6),
  },
  {
    id: 'latency',
    title: 'latency at 1,000 persistent messages/s, 4/4',
    procedure: load({ producers: 4, consumers: 4, persistent: true, rate: 1000 }),
    goals: [
      { figure: 'p50Ms', ratio: 0.7 },
      { figure: 'p99Ms', ratio: 0.5 },
      { figure: 'cpuPer100k', ratio: 0.5 },
    ],
    also: ['answerP50Ms', 'answerP99Ms'],
  },
  {
    id: 'backlog',
    title: 'backlog, transactions of 100, 1/1: fill, then drain',
    procedure: { kind: 'backlog' },
    goals: [
      { figure: 'fillRate', ratio: 1.3 },
      { figure: 'drainRate', ratio: 1.5 },
      { figure: 'cpuPer100k', ratio: 0.5 },
      { figure: 'peakMemoryMiB', ratio: 1 / 3 },
    ],
  },
  {
    id: 'start-empty',
    title: 'start to first message, empty store',
    procedure: { kind: 'start', backlog: false },
    goals: [{ figure: 'timeMs', ratio: 0.4 }],
  },
  {
    id: 'start-backlog',
    title: 'start to first message with that backlog, after SIGKILL',
    procedure: { kind: 'start', backlog: true },
    goals: [{ figure: 'timeMs', ratio: 0.4 }],
  },
  {
    id: 'takeover',
    title: 'takeover after SIGKILL as a producer sees it (ActiveMQ: lockAcquireSleepInterval=500)',
    procedure: { kind: 'takeover' },
    goals: [
      { figure: 'p50Ms', absolute: 300 },
      { figure: 'p99Ms', absolute: 1000 },
    ],
    without: ['artemis'],
  },
  neighbours('nobody', 'nobody', { troublemaker: 'nobody' }),
  neighbours('flood-memory', 'a flood that is not persistent, memory full, temp store not', {
    troublemaker: 'flood',
    upToMiB: moreThanMemory,
  }),
  neighbours('flood-temp', 'a flood that is not persistent, temp store full', { troublemaker: 'flood' }),
  neighbours('flood-store', 'a persistent flood, store full', { troublemaker: 'flood', persistent: true }),
  neighbours('stuck-temp', 'a stuck consumer of a queue, temp store full', { troublemaker: 'stuck' }),
  neighbours('stuck-store', 'a stuck consumer of a persistent queue, store full', {
    troublemaker: 'stuck',
    persistent: true,
  }),
  neighbours('stuck-topic', 'a stuck subscriber of a topic', { troublemaker: 'stuck', topic: true }),
  neighbours('deaf-temp', 'a client that reads nothing from a queue, temp store full', { troublemaker: 'deaf' }),
  neighbours('deaf-store', 'a client that reads nothing from a persistent queue, store full', {
    troublemaker: 'deaf',
    persistent: true,
  }),
  neighbours('deaf-topic', 'a client that reads nothing from a topic', { troublemaker: 'deaf', topic: true }),
  hops('hop-1x1', 'one hop, queue, non-persistent, 1/1, both brokers', 2, { producers: 1, consumers: 1, hops: 1 }),
  hops('hop-persistent-1x1', 'one hop, queue, persistent, sync sends, 1/1, both brokers', 2, {
    producers: 1,
    consumers: 1,
    persistent: true,
    hops: 1,
  }),
  hops('hop-persistent-16x16', 'one hop, queue, persistent, sync sends, 16/16, both brokers', 3, {
    producers: 16,
    consumers: 16,
    persistent: true,
    hops: 1,
  }),
  hops('two-hops-persistent-4x4', 'two hops, queue, persistent, sync sends, 4/4, all three brokers', 2, {
    producers: 4,
    consumers: 4,
    persistent: true,
    hops: 2,
  }),
  {
    id: 'mesh',
    title:
      'mesh of 5 brokers, 200 queues, 2,000 consumers that come, go and move (messageTTL=-1; ActiveMQ: replayWhenNoConsumers)',
    procedure: { kind: 'mesh', brokers: 5, queues: 200, consumers: 2000, moves: 50, messages: 200 },
    goals: [
      { figure: 'kibPer1000Changes', ratio: 0.5 },
      { figure: 'cpuPer1000Changes', ratio: 0.5 },
      { figure: 'stuck', absolute: 0 },
      { figure: 'lost', absolute: 0 },
    ],
    without: ['artemis'],
  },
]
