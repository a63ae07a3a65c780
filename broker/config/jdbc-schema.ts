// The store in a database: `store: {type: JDBC}` of the broker's file. Whoever may read the file need not know the password: URL, user
// name and password may stand in files of their own, as those of a Secret, which are read again for each connection.
import { z } from 'zod'
import { parseDuration, parseSize, sizeHint } from './duration-and-size.ts'
import { lockDuration, lockSchema } from './lock-schema.ts'
import { oneOf } from './schema-parts.ts'

const maxUrlLength = 4096
const maxPrefixLength = 30

const path = z
  .string()
  .max(4096)
  // oxlint-disable-next-line no-control-regex
  .regex(/^[^\x00-\x1f\x7f]+$/, { error: 'expected the path of a file' })
  .optional()

const jdbcUrlPattern = /^jdbc:(postgresql|mysql|mariadb):/

export const jdbcUrl = z.string().max(maxUrlLength).regex(jdbcUrlPattern, {
  error: 'expected jdbc:postgresql://…, jdbc:mysql://… or jdbc:mariadb://…',
})

export const tablePrefix = z
  .string()
  .max(maxPrefixLength)
  .regex(/^[A-Za-z0-9_]*$/, { error: `expected at most ${maxPrefixLength} letters, digits and "_"` })

const credential = z.string().max(1024).optional()

const notBoth = (one: 'username' | 'password'): [(given: Readonly<Record<string, unknown>>) => boolean, object] => [
  (given) => given[one] === undefined || given[`${one}File`] === undefined,
  { path: [one], error: `expected either ${one} or ${one}File` },
]

const leaseSchema = z
  .strictObject({
    /** How long the lock is had after the last renewal: how long a standby waits when the active is gone without a word. */
    duration: lockDuration.default('5s'),
    renewInterval: lockDuration.default('1s'),
  })
  .refine(({ duration, renewInterval }) => parseDuration(duration)! > parseDuration(renewInterval)!, {
    path: ['duration'],
    error: 'expected more than renewInterval',
  })

export const jdbcStoreSchema = z
  .strictObject({
    type: z.literal('JDBC'),
    url: jdbcUrl.optional(),
    urlFile: path,
    username: credential,
    usernameFile: path,
    password: credential,
    passwordFile: path,
    /** PEM file: who may have signed the database's certificate. Left out: as the URL says. */
    caFile: path,
    /** Before the names of all tables. ActiveMQ's own names without one, so that its database can be taken over. */
    tablePrefix: tablePrefix.default(''),
    /** Makes the tables that are not there. */
    createTables: z.boolean().default(true),
    locker: z.enum(['Lease', 'Database']).default('Lease'),
    /** Of the locker Lease. */
    lease: leaseSchema.prefault({}),
    /** keepAlivePeriod: of the locker Database. */
    lock: lockSchema.prefault({}),
    concurrentStoreAndDispatchQueues: z.boolean().default(true),
    /** What messages may take in the database before senders of persistent messages wait: ActiveMQ's storeUsage. */
    limit: z
      .string()
      .refine((text) => (parseSize(text) ?? 0) >= 2 ** 20, { error: `expected ${sizeHint} of at least 1Mi` })
      .default('100Gi'),
  })
  .refine(...oneOf('url', 'urlFile'))
  .refine(...notBoth('username'))
  .refine(...notBoth('password'))
