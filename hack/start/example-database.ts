// A Secret that asks for a database of this machine, by the annotation localkube/database, gets one: `npm start` starts the PostgreSQL that
// comes with the development packages, and writes its URL, user and password into the Secret before it is applied.
import { join, resolve } from 'node:path'
import { Service } from '../databases/service.ts'
import type { Manifest, ManifestObject } from './manifests.ts'
import { StartProblem } from './problem.ts'

const annotation = 'localkube/database'
const onlyKind = 'postgresql'

export interface ExampleDatabase {
  /** With what the Secrets have to say. */
  readonly manifests: readonly Manifest[]
  /** For people: where it is, and how long. */
  readonly place: string
  stop(): Promise<void>
}

/** Throws StartProblem on a database that it cannot start. */
export function wantsDatabase(manifests: readonly Manifest[]): boolean {
  const wanted = manifests.filter(({ object }) => databaseOf(object) !== undefined)
  for (const { file, object } of wanted)
    if (databaseOf(object) !== onlyKind)
      throw new StartProblem(
        `Cannot start a database for Secret "${object.metadata.name}" of ${file}: annotation ${annotation} is "${databaseOf(object)}", expected "${onlyKind}".`,
      )
  return wanted.length > 0
}

/** Its data stands below `data`, for the next run; where the server's user cannot get there, in a temporary place. */
export async function startDatabase(manifests: readonly Manifest[], data: string): Promise<ExampleDatabase> {
  const directory = join(resolve(data), 'databases')
  const service = Service.of(onlyKind, directory, true)
  const isKept = service.isReachable
  const server = await (isKept ? service.startHere(true) : service.startTemporary(true)).catch((error: Error) => {
    throw new StartProblem(error.message)
  })
  const { address, user, password } = server
  return {
    manifests: manifests.map((manifest) => withDatabase(manifest, { url: address, username: user, password })),
    place: `${address}${isKept ? '' : ', whose data goes when it ends'}`,
    stop: () => server.stop(),
  }
}

const databaseOf = ({ kind, metadata }: ManifestObject): string | undefined =>
  kind === 'Secret' ? (metadata['annotations'] as Record<string, string> | undefined)?.[annotation] : undefined

function withDatabase({ file, object }: Manifest, data: Readonly<Record<string, string>>): Manifest {
  if (databaseOf(object) === undefined) return { file, object }
  return { file, object: { ...object, stringData: { ...(object['stringData'] as object), ...data } } }
}
