// The broker's configuration file: shape, defaults, limits. Shared with the operator, which writes such files.
// Paths stand in the file only in sslContext: the data directory is the argument --data-directory, so that the same file serves
// a container and a process on a laptop.
import { z } from 'zod'
import { deadLetterRuleFields, defaultDeadLetterQueue } from './dead-letter-schema.ts'
import { destinationSettings } from './destination-schema.ts'
import { jdbcStoreSchema } from './jdbc-schema.ts'
import { lockSchema } from './lock-schema.ts'
import { brokerId, clusterClientFields, networkConnectorsSchema } from './network-schema.ts'
import { replicatedStoreSchema } from './replicated-schema.ts'
import { redeliveryPluginSchema } from './redelivery-schema.ts'
import { sslContextSchema } from './ssl-schema.ts'
import { durationHint, isNoTempLimit, parseDuration, parseSize, sizeHint } from './duration-and-size.ts'

const name = z.string().regex(/^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/, {
  error: 'expected 1 to 63 letters, digits, ".", "_" or "-", first and last a letter or digit',
})
const duration = z.string().refine((text) => parseDuration(text) !== undefined, { error: `expected ${durationHint}` })
const size = z.string().refine((text) => parseSize(text) !== undefined, { error: `expected ${sizeHint}` })
const smallestMemoryLimit = 2 ** 20
const memoryLimit = z
  .string()
  .refine((text) => /^([1-9]|[1-8]\d|90)%$/.test(text) || (parseSize(text) ?? 0) >= smallestMemoryLimit, {
    error: `expected 1% to 90% of the memory available to the process, or ${sizeHint} of at least 1Mi`,
  })
export const defaultTempLimit = '50Gi'
const smallestTempLimit = 4 * 2 ** 20
const tempLimit = z.string().refine((text) => isNoTempLimit(text) || (parseSize(text) ?? 0) >= smallestTempLimit, {
  error: `expected ${sizeHint} of at least 4Mi, or 0 for none`,
})
const port = z.int().min(0).max(65_535)

/** One segment is being written, one is moved on from, and it takes a closed one to get any space back. */
const smallestLimitFiles = 4

const journalStoreSchema = z
  .strictObject({
    type: z.literal('Journal'),
    /** Size at which a journal segment is closed and the next begun. */
    maxFileLength: size.default('32Mi'),
    /** Whether a waiting consumer gets a persistent message of a queue while it is being written, or when it is durable. */
    concurrentStoreAndDispatchQueues: z.boolean().default(true),
    /** What the journal may take on disk before senders of persistent messages wait: ActiveMQ's storeUsage. */
    limit: size.default('100Gi'),
    lock: lockSchema.prefault({}),
  })
  .refine(({ maxFileLength, limit }) => parseSize(limit)! >= smallestLimitFiles * parseSize(maxFileLength)!, {
    path: ['limit'],
    error: `expected at least ${smallestLimitFiles} times maxFileLength, or no space would ever come back`,
  })

const memoryStoreSchema = z.strictObject({
  type: z.literal('Memory'),
  /** What persistent messages may take before their senders wait. Default: the memory limit. */
  limit: size
    .refine((text) => parseSize(text)! >= smallestMemoryLimit, { error: `expected ${sizeHint} of at least 1Mi` })
    .optional(),
})

const storeSchema = z.discriminatedUnion(
  'type',
  [memoryStoreSchema, journalStoreSchema, jdbcStoreSchema, replicatedStoreSchema],
  {
    error: (issue) =>
      issue.code === 'invalid_union' ? 'expected one of "Journal"|"JDBC"|"Replicated"|"Memory"' : undefined,
  },
)

const transportConnectorSchema = z.strictObject({
  name,
  protocol: z.literal('OpenWire').default('OpenWire'),
  host: z.string().min(1).default('0.0.0.0'),
  /** 0 = any free port. */
  port: port.default(61_616),
  maximumConnections: z.int().min(1).max(100_000).default(1000),
  maxFrameSize: size.default('100Mi'),
  /** 0s switches the inactivity monitor off. */
  maxInactivityDuration: duration.default('30s'),
  /** Offered to clients, who may decline. Loose frames pass untouched, but cost a Java client more than tight ones cost us. */
  tightEncodingEnabled: z.boolean().default(true),
  /** Off by default: with the cache each message has to be decoded and encoded again. */
  cacheEnabled: z.boolean().default(false),
  ...clusterClientFields,
})

export const brokerConfigSchema = z.strictObject({
  /** The same on all members of a group. */
  brokerName: name.default('localhost'),
  /** Who this broker is to others; the same on all members of a group, then messages know it again after a failover. Default: a new one at each start. */
  brokerId: brokerId.optional(),
  store: storeSchema.prefault({ type: 'Journal' }),
  memoryLimit: memoryLimit.default('60%'),
  /** What non-persistent messages that do not fit into memory may take on disk: ActiveMQ's tempUsage. 0: they wait instead. */
  tempLimit: tempLimit.default(defaultTempLimit),
  /** When memory or store are full: refuse a send at once with ResourceAllocationException, instead of letting it wait. */
  sendFailIfNoSpace: z.boolean().default(false),
  /** The same after this time; 0s = let it wait. */
  sendFailIfNoSpaceAfterTimeout: duration.default('0s'),
  transportConnectors: z
    .array(transportConnectorSchema)
    .min(1)
    .max(16)
    .prefault([{ name: 'openwire' }]),
  networkConnectors: networkConnectorsSchema,
  /** Certificates for what network connectors dial with ssl://. */
  sslContext: sslContextSchema.optional(),
  admin: z.strictObject({ host: z.string().min(1).default('0.0.0.0'), port: port.default(8161) }).prefault({}),
  /** The strategy of destinations whose policy has none. */
  deadLetter: z
    .strictObject({
      queue: z.string().min(1).max(250).default(defaultDeadLetterQueue),
      ...deadLetterRuleFields,
    })
    .prefault({}),
  /** Left out: what a client gives up becomes a dead letter at once. */
  redeliveryPlugin: redeliveryPluginSchema.optional(),
  ...destinationSettings,
  logLevel: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
})

/** As written by a person or by the operator: defaults may be left out. */
export type BrokerConfigInput = z.input<typeof brokerConfigSchema>
/** With every default filled in. */
export type BrokerConfig = z.output<typeof brokerConfigSchema>
export type TransportConnectorConfig = BrokerConfig['transportConnectors'][number]
export type NetworkConnectorConfig = BrokerConfig['networkConnectors'][number]
export type SslContextConfig = NonNullable<BrokerConfig['sslContext']>
