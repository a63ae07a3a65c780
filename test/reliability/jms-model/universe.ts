// The destinations of the model, and what is configured for them: where a message goes that is sent to one of them, who of the
// consumers may have it, what becomes of one that is given up. Each rule stands here as ActiveMQ's users know it, not as
// the broker carries it out.
import type { Destination } from '../../../broker/message/destination.ts'
import type { WorldOptions } from '../queue-world.ts'

export const deadLetterQueue = 'ActiveMQ.DLQ'
const individualDeadLetters = 'DLQ.Q.2'

/** Where letters go: several of one message, if it died in several places. */
export const isForLetters = (queue: string): boolean => queue === deadLetterQueue || queue === individualDeadLetters

export const virtualTopic = 'VirtualTopic.V'
const virtualQueues = [`Consumer.A.${virtualTopic}`, `Consumer.B.${virtualTopic}`] as const

/** Where messages of groups are sent to. Dead letters keep their groups. */
export const groupedQueue = 'M.1'

/** They go by the priority of their messages. */
export const prioritizedQueue = 'P.1'
export const prioritizedTopic = 'PT'
export const isPrioritized = ({ name }: Destination): boolean => name === prioritizedQueue || name === prioritizedTopic

/** They go when nobody uses them. */
export const isPurged = (queue: string): boolean => queue.startsWith('G.')

export const queueNames = [
  'Q.1',
  'Q.2',
  'R.1',
  'G.1',
  'G.2',
  'X.1',
  groupedQueue,
  prioritizedQueue,
  ...virtualQueues,
  deadLetterQueue,
  individualDeadLetters,
] as const
export const topicNames = ['T.1', 'T.2', virtualTopic, 'CT', prioritizedTopic] as const

const queue = (name: string): Destination => ({ kind: 'queue', name })
const topic = (name: string): Destination => ({ kind: 'topic', name })

/** What clients send to: the more often, the more of it is asked. */
export const sentTo: readonly Destination[] = [
  ...['Q.1', 'Q.1', 'Q.2', 'R.1', 'R.1', 'R.1', 'G.1', 'X.1', 'CQ', 'Q.1,topic://T.1', 'Q.2,Q.1'].map(queue),
  ...['T.1', 'T.1', 'T.1', 'T.2', virtualTopic, virtualTopic, 'CT', 'T.1,T.2', 'T.2,queue://R.1'].map(topic),
]

export const consumedQueues: readonly Destination[] = [
  ...queueNames,
  'Q.1',
  'R.1',
  'Q.*',
  'Q.1,R.1',
  groupedQueue,
  groupedQueue,
  `${groupedQueue},R.1`,
  prioritizedQueue,
  `${prioritizedQueue},Q.2`,
  'Q.2,topic://T.2',
  'Q.>',
].map(queue)

export const subscribedTopics: readonly Destination[] = [
  'T.1',
  'T.1',
  'T.2',
  'T.*',
  'T.1,T.2',
  virtualTopic,
  'CT',
  prioritizedTopic,
  prioritizedTopic,
  `T.2,${prioritizedTopic}`,
].map(topic)

const policy = {
  maximumRedeliveries: 2,
  initialRedeliveryDelayMs: 1000,
  redeliveryDelayMs: 1000,
  maximumRedeliveryDelayMs: null,
  useExponentialBackOff: true,
  backOffMultiplier: 2,
  useCollisionAvoidance: false,
  collisionAvoidancePercent: 15,
}

/** What the broker's file would say. */
export const configured = {
  virtualDestinations: [
    {
      kind: 'virtualTopic',
      name: 'VirtualTopic.>',
      prefix: 'Consumer.*.',
      postfix: '',
      local: false,
      selectorAware: false,
      dropOnResourceLimit: false,
    },
    {
      kind: 'compositeQueue',
      name: 'CQ',
      forwardOnly: true,
      sendWhenNotMatched: false,
      forwardTo: [
        { destination: queue('Q.1'), selector: null },
        { destination: topic('T.1'), selector: null },
        { destination: queue('Q.2'), selector: 'color > 1' },
      ],
    },
    {
      kind: 'compositeTopic',
      name: 'CT',
      forwardOnly: false,
      sendWhenNotMatched: false,
      forwardTo: [{ destination: queue('Q.2'), selector: null }],
    },
  ],
  redelivery: {
    policies: [{ kind: 'queue', pattern: 'R.>', ...policy }],
    defaultPolicy: null,
    sendToDlqIfMaxRetriesExceeded: true,
    fallbackToDeadLetter: true,
  },
  deadLetterPolicies: [
    {
      kind: 'queue',
      pattern: 'Q.2',
      deadLetterStrategy: {
        kind: 'individual',
        queuePrefix: 'DLQ.',
        queueSuffix: '',
        topicPrefix: 'DLQ.',
        topicSuffix: '',
        useQueueForQueueMessages: true,
        useQueueForTopicMessages: true,
        processExpired: true,
        processNonPersistent: true,
      },
    },
    { kind: 'queue', pattern: 'X.>', deadLetterStrategy: { kind: 'discarding' } },
  ],
  priorityPolicies: [
    { kind: 'queue', pattern: prioritizedQueue, prioritizedMessages: true },
    { kind: 'topic', pattern: prioritizedTopic, prioritizedMessages: true },
  ],
  inactiveDestinations: {
    purgePeriodMs: 3000,
    maxPurgedPerSweep: 0,
    policies: [{ kind: 'queue', pattern: 'G.>', gcInactiveDestinations: true, inactiveTimeoutBeforeGCMs: 2000 }],
  },
} as const satisfies WorldOptions['configured']

/** The destinations that get a message, each once. `exists`: which queues of virtual topics there are. */
export function leadsTo(sentTo: Destination, color: number, exists: (queue: string) => boolean): Destination[] {
  const reached = new Map<string, Destination>()
  const follow = (destination: Destination): void => {
    for (const next of forwards(destination, color, exists)) follow(next)
    if (destination.name !== 'CQ') reached.set(`${destination.kind} ${destination.name}`, destination)
  }
  for (const member of membersOf(sentTo)) follow(member)
  return [...reached.values()]
}

function forwards({ name }: Destination, color: number, exists: (queue: string) => boolean): Destination[] {
  if (name === 'CQ') return [queue('Q.1'), topic('T.1'), ...(color > 1 ? [queue('Q.2')] : [])]
  if (name === 'CT') return [queue('Q.2')]
  return name === virtualTopic ? virtualQueues.filter(exists).map(queue) : []
}

export const membersOf = ({ kind, name }: Destination): Destination[] =>
  name.split(',').map((part) => {
    const [, prefix, rest] = /^(?:(queue|topic):\/\/)?(.*)$/.exec(part)!
    return { kind: (prefix ?? kind) as Destination['kind'], name: rest! }
  })

/** Whether a consumer of `asked`, which may be a list, or have wildcards, is one of this destination. */
export const reaches = (asked: Destination, { kind, name }: Destination): boolean =>
  membersOf(asked).some(
    (member) =>
      member.kind === kind &&
      (member.name === name || (/[*>]$/.test(member.name) && name.startsWith(member.name.slice(0, -1)))),
  )

/** Messages of one destination are in order among those of one lane. */
export function laneOf(
  destination: Destination,
  { priority, group }: { readonly priority: number; readonly group: string | null },
): string {
  if (isPrioritized(destination)) return `priority ${priority}`
  return destination.kind === 'queue' && group !== null ? `group ${group}` : ''
}

export interface LetterRules {
  readonly processExpired: boolean
  readonly processNonPersistent: boolean
}

/** The queue that a message becomes a dead letter in; null when it is dropped. */
export function letterPlace(
  { name }: Destination,
  persistent: boolean,
  reason: 'poison' | 'expired',
  rules: LetterRules,
): string | null {
  if (name === 'Q.2') return individualDeadLetters
  if (name.startsWith('X.') || name === deadLetterQueue) return null
  if (reason === 'expired' && !rules.processExpired) return null
  return persistent || rules.processNonPersistent ? deadLetterQueue : null
}

/** After how long a message that was given up comes again by the broker; null: not any more. */
export const delayBeforeNext = ({ name }: Destination, redeliveries: number): number | null =>
  name.startsWith('R.') && redeliveries < policy.maximumRedeliveries
    ? policy.initialRedeliveryDelayMs * policy.backOffMultiplier ** redeliveries
    : null

/** A selector, and what it means. */
export interface Wish {
  readonly selector: string
  wants(message: { readonly color: number; readonly persistent: boolean }): boolean
}

export const wishes: readonly Wish[] = [
  { selector: 'color = 1', wants: ({ color }) => color === 1 },
  { selector: 'color > 1', wants: ({ color }) => color > 1 },
  { selector: 'color = 0 OR color = 3', wants: ({ color }) => color === 0 || color === 3 },
  { selector: "JMSDeliveryMode = 'PERSISTENT' AND color <> 2", wants: (m) => m.persistent && m.color !== 2 },
]
