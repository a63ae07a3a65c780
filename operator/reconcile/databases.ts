// The Secrets that say where databases are. They are read when somebody looks at their cluster and are not kept: of what they
// hold a hash remains, and whether it will do. No watch brings them, because who may watch one may watch all of them.
import type { JdbcSpec } from '../api/storage-schema.ts'
import type { BrokerClusterSpec } from '../api/spec-schema.ts'
import type { ConditionReason } from '../api/conditions.ts'
import { annotations, labels } from '../api/names.ts'
import { KubeApiError } from '../kube/errors.ts'
import type { KubeClient, KubeObject } from '../kube/port.ts'
import { secrets } from '../kube/resource-types.ts'
import { isDatabaseUrl, type KnownDatabase, type KnownDatabases, parseNote, urlHash } from '../topology/database.ts'
import { groupsOf } from '../topology/groups.ts'
import type { StatefulSet } from './kinds.ts'

interface Secret extends KubeObject {
  data?: Record<string, string>
}

/** Why a Secret will not do. It names the Secret and its keys, never what they hold. */
export interface DatabaseProblem {
  readonly reason: Extract<ConditionReason<'StorageReady'>, 'UnknownSecret' | 'InvalidSecret'>
  readonly message: string
}

export interface Databases {
  /** Where a Secret will not do: what its members were made for. */
  readonly known: KnownDatabases
  /** In the order of the groups. */
  readonly problems: readonly DatabaseProblem[]
}

export const noDatabases: Databases = { known: new Map(), problems: [] }

/** Rejects with the errors of the client, except that a Secret may not be read: that is told as one that will not do. */
export async function readDatabases(
  client: KubeClient,
  namespace: string,
  spec: BrokerClusterSpec,
  statefulSets: readonly StatefulSet[],
): Promise<Databases> {
  const known = new Map<string, KnownDatabase>()
  const problems: DatabaseProblem[] = []
  for (const { name, storage } of groupsOf(spec)) {
    if (!storage.jdbc) continue
    const found = judgeSecret(await readSecret(client, namespace, storage.jdbc.secretRef.name), storage.jdbc)
    const database = 'urlHash' in found ? found : asItWas(statefulSets, name)
    if ('reason' in found) problems.push(found)
    if (database) known.set(name, database)
  }
  return { known, problems }
}

async function readSecret(
  client: KubeClient,
  namespace: string,
  name: string,
): Promise<Secret | KubeApiError | undefined> {
  try {
    return await client.get<Secret>(secrets, { namespace, name })
  } catch (error) {
    if (error instanceof KubeApiError && error.code === 403) return error
    throw error
  }
}

function judgeSecret(
  secret: Secret | KubeApiError | undefined,
  { secretRef: { name }, keys }: JdbcSpec,
): KnownDatabase | DatabaseProblem {
  const accepted = `expected one with the keys ${keys.url}, ${keys.username} and ${keys.password}`
  const unknown = (message: string): DatabaseProblem => ({ reason: 'UnknownSecret', message })
  if (!secret) return unknown(`There is no Secret ${name}; ${accepted}`)
  if (secret instanceof KubeApiError) return unknown(`Secret ${name} cannot be read: ${secret.message}`)
  const { data = {} } = secret
  const missing = [keys.url, keys.username, keys.password].filter((key) => data[key] === undefined)
  if (missing.length > 0)
    return unknown(`Secret ${name} has no key ${missing.join(' and no key ')}: it has ${listOf(data)}; ${accepted}`)
  const url = Buffer.from(data[keys.url]!, 'base64').toString('utf8')
  if (!isDatabaseUrl(url))
    return {
      reason: 'InvalidSecret',
      message: `Secret ${name}: key ${keys.url} holds no URL of a database; expected jdbc:postgresql://…, jdbc:mysql://… or jdbc:mariadb://…`,
    }
  return { urlHash: urlHash(url), hasCa: data[keys.ca] !== undefined }
}

/** Secrets may have a thousand keys, and a message is to be read. */
const listedKeys = 10

function listOf(data: Readonly<Record<string, string>>): string {
  const keys = Object.keys(data).sort()
  if (keys.length === 0) return 'none'
  const more = keys.length > listedKeys ? ` and ${keys.length - listedKeys} more` : ''
  return `${keys.slice(0, listedKeys).join(', ')}${more}`
}

function asItWas(statefulSets: readonly StatefulSet[], group: string): KnownDatabase | undefined {
  const set = statefulSets.find(({ metadata }) => metadata.labels?.[labels.group] === group)
  const note = set?.metadata.annotations?.[annotations.database]
  return note === undefined ? undefined : parseNote(note)
}
