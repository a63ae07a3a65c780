// The Secrets that say where databases are. Of what they hold a hash remains, and whether it will do.
import type { JdbcSpec } from '../api/storage-schema.ts'
import type { BrokerClusterSpec } from '../api/spec-schema.ts'
import { annotations, labels } from '../api/names.ts'
import type { KubeClient } from '../kube/port.ts'
import { isDatabaseUrl, type KnownDatabase, type KnownDatabases, parseNote, urlHash } from '../topology/database.ts'
import { groupsOf } from '../topology/groups.ts'
import type { StatefulSet } from './kinds.ts'
import { readSecret, type SecretProblem } from './secrets.ts'

export interface Databases {
  /** Where a Secret will not do: what its members were made for. */
  readonly known: KnownDatabases
  /** In the order of the groups. */
  readonly problems: readonly SecretProblem[]
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
  const problems: SecretProblem[] = []
  for (const { name, storage } of groupsOf(spec)) {
    if (!storage.jdbc) continue
    const found = await readDatabase(client, namespace, storage.jdbc)
    const database = 'urlHash' in found ? found : asItWas(statefulSets, name)
    if ('reason' in found) problems.push(found)
    if (database) known.set(name, database)
  }
  return { known, problems }
}

async function readDatabase(
  client: KubeClient,
  namespace: string,
  { secretRef: { name }, keys }: JdbcSpec,
): Promise<KnownDatabase | SecretProblem> {
  const answer = await readSecret(client, namespace, name, [keys.url, keys.username, keys.password])
  if (answer.problem) return answer.problem
  const { data } = answer
  const url = Buffer.from(data[keys.url]!, 'base64').toString('utf8')
  if (!isDatabaseUrl(url))
    return {
      reason: 'InvalidSecret',
      message: `Secret ${name}: key ${keys.url} holds no URL of a database; expected jdbc:postgresql://…, jdbc:mysql://… or jdbc:mariadb://…`,
    }
  return { urlHash: urlHash(url), hasCa: data[keys.ca] !== undefined }
}

function asItWas(statefulSets: readonly StatefulSet[], group: string): KnownDatabase | undefined {
  const set = statefulSets.find(({ metadata }) => metadata.labels?.[labels.group] === group)
  const note = set?.metadata.annotations?.[annotations.database]
  return note === undefined ? undefined : parseNote(note)
}
