// The store that is copied between members: `store: {type: Replicated}` of the broker's file, with ActiveMQ's words for it.
import { z } from 'zod'
import { durationHint, parseDuration, parseSize, sizeHint } from './duration-and-size.ts'

const maxReplicas = 9

const path = z
  .string()
  .max(4096)
  // oxlint-disable-next-line no-control-regex
  .regex(/^[^\x00-\x1f\x7f]+$/, { error: 'expected the path of a file' })
  .optional()

const secret = z.string().min(1).max(1024).optional()

const bindPattern = /^tcp:\/\/(\[[0-9a-fA-F:.]+\]|[^\s:/[\]]+):(\d{1,5})$/

/** Host and port of `tcp://host:port`; undefined: it is none. */
export function parseBind(text: string): { readonly host: string; readonly port: number } | undefined {
  const [, host, digits] = bindPattern.exec(text) ?? []
  const port = Number(digits)
  return host === undefined || !(port <= 65_535) ? undefined : { host: host.replace(/^\[(.*)\]$/, '$1'), port }
}

const syncModeNames = ['local_mem', 'local_disk', 'remote_mem', 'remote_disk', 'quorum_mem', 'quorum_disk'] as const
type SyncModeName = (typeof syncModeNames)[number]

/** Of a list with commas; undefined: something in it is none. */
export function parseSyncModes(text: string): readonly SyncModeName[] | undefined {
  const modes = text.split(',').map((mode) => syncModeNames.find((name) => name === mode.trim()))
  return modes.includes(undefined) ? undefined : (modes as SyncModeName[])
}

const addressPattern = /^[^\s,/]+(,[^\s,/]+)*(\/[^\s]*)?$/

const shortestSessionMs = 1000

export const replicatedStoreSchema = z
  .strictObject({
    type: z.literal('Replicated'),
    /** How many members there are: a quorum of them has to be there. */
    replicas: z
      .int()
      .min(3)
      .max(maxReplicas)
      .refine((replicas) => replicas % 2 === 1, {
        error: 'expected an odd number: an even one survives no more failures',
      })
      .default(3),
    /** Where the other members reach this one. */
    bind: z
      .string()
      .refine((text) => parseBind(text) !== undefined, { error: 'expected tcp://host:port' })
      .default('tcp://0.0.0.0:61619'),
    /** Name of this machine for the other members. Default: its own. */
    hostname: z.string().min(1).max(253).optional(),
    /** What an answer waits for. */
    sync: z
      .string()
      .refine((text) => parseSyncModes(text) !== undefined, {
        error: `expected one of ${syncModeNames.join(', ')}, or a list of them`,
      })
      .default('quorum_disk'),
    /** Of members that are as far as each other the one with the larger weight becomes the active. */
    weight: z.int().min(0).max(1_000_000).default(1),
    /** What all members know and strangers do not. */
    securityToken: secret,
    securityTokenFile: path,
    zkAddress: z
      .string()
      .max(4096)
      .regex(addressPattern, { error: 'expected host:port,host:port … and perhaps a path behind the last' })
      .default('127.0.0.1:2181'),
    zkPath: z
      .string()
      .max(1024)
      .regex(/^(\/[^/\s]+)+$/, { error: 'expected a path such as /flotilla/orders' })
      .default('/default'),
    zkPassword: secret,
    zkPasswordFile: path,
    zkSessionTimeout: z
      .string()
      .refine((text) => (parseDuration(text) ?? 0) >= shortestSessionMs, {
        error: `expected ${durationHint}, of at least 1s`,
      })
      .default('4s'),
    /** Size at which a journal segment is closed and the next begun. */
    maxFileLength: z
      .string()
      .refine((text) => parseSize(text) !== undefined, { error: `expected ${sizeHint}` })
      .default('32Mi'),
    concurrentStoreAndDispatchQueues: z.boolean().default(true),
    /** What the journal may take on each member's disk before senders of persistent messages wait: ActiveMQ's storeUsage. */
    limit: z
      .string()
      .refine((text) => parseSize(text) !== undefined, { error: `expected ${sizeHint}` })
      .default('100Gi'),
  })
  .refine(({ securityToken, securityTokenFile }) => securityToken === undefined || securityTokenFile === undefined, {
    path: ['securityToken'],
    error: 'expected either securityToken or securityTokenFile',
  })
  .refine(({ zkPassword, zkPasswordFile }) => zkPassword === undefined || zkPasswordFile === undefined, {
    path: ['zkPassword'],
    error: 'expected either zkPassword or zkPasswordFile',
  })
  .refine(({ maxFileLength, limit }) => parseSize(limit)! >= 4 * parseSize(maxFileLength)!, {
    path: ['limit'],
    error: 'expected at least 4 times maxFileLength, or no space would ever come back',
  })
