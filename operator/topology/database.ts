// The database of a group: what its brokers are told of it, and what of it a member is restarted for. URL, user and password
// reach a member as files, which it reads anew for each connection: they are in no object that the operator writes.
import type { JdbcSpec } from '../api/storage-schema.ts'
import { jdbcUrl } from '../../broker/config/jdbc-schema.ts'
import type { BrokerConfigInput } from '../../broker/config/schema.ts'
import { contentHash } from './content-hash.ts'

/** What the Secret of a group says, without what nobody is to know. */
export interface KnownDatabase {
  /** Hash of the URL without user and password: another one is another database, or another way to it. */
  readonly urlHash: string
  /** It has the certificates of who may have signed that of the database. */
  readonly hasCa: boolean
}

/** By name of the group; one whose Secret is not known yet is left out. */
export type KnownDatabases = ReadonlyMap<string, KnownDatabase>

/** Of a Secret, in the directory where a member finds its database. */
export interface DatabaseFile {
  readonly key: string
  readonly path: string
}

type StoreConfig = NonNullable<BrokerConfigInput['store']>

/** Files by their names alone: where they are is the working directory of the process. */
export const planDatabaseStore = (
  { tablePrefix, createTables, locker, lease, lock }: JdbcSpec,
  known: KnownDatabase | undefined,
): StoreConfig => ({
  type: 'JDBC',
  urlFile: fileNames.url,
  usernameFile: fileNames.username,
  passwordFile: fileNames.password,
  ...(known?.hasCa && { caFile: fileNames.ca }),
  tablePrefix,
  createTables,
  locker,
  lease,
  lock,
})

export const planDatabaseFiles = ({ keys }: JdbcSpec, known: KnownDatabase | undefined): DatabaseFile[] => [
  { key: keys.url, path: fileNames.url },
  { key: keys.username, path: fileNames.username },
  { key: keys.password, path: fileNames.password },
  ...(known?.hasCa ? [{ key: keys.ca, path: fileNames.ca }] : []),
]

const fileNames = { url: 'url', username: 'username', password: 'password', ca: 'ca.crt' } as const

/** As far as the operator can tell. */
export const isDatabaseUrl = (text: string): boolean => jdbcUrl.safeParse(text.trim()).success

/** As it is noted on the StatefulSet: it stands as long as the Secret cannot be read. */
export const noteOf = ({ urlHash: hash, hasCa }: KnownDatabase): string => (hasCa ? `${hash},ca` : hash)

export function parseNote(note: string): KnownDatabase {
  const [hash = '', ca] = note.split(',')
  return { urlHash: hash, hasCa: ca === 'ca' }
}

/**
 * Who may see StatefulSets may not see Secrets, and could try passwords on a hash of them. Without them a password that changes
 * inside the URL is also what it is elsewhere: read anew, and nothing to restart for.
 */
export const urlHash = (url: string): string =>
  contentHash(
    url
      .trim()
      .replace(/^(jdbc:\w+:\/*)[^/?#]*@/, '$1')
      .replaceAll(/([?&;,(])[\w.]*(user|password)[\w.]*=[^&;,)]*/gi, '$1'),
  )
