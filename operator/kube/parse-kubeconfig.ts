// Reads kubeconfig files as text: which cluster and which user the chosen context names. What the values mean (files to
// be read, programs to be run) is for kube-config.ts. Only the fields that are understood are taken; those that would
// change who we are or whom we talk to, and are not understood, are refused.
import { load } from 'js-yaml'
import { errorMessage } from '../../broker/base/errors.ts'

export class KubeconfigError extends Error {
  override readonly name = 'KubeconfigError'
}

/** One file of $KUBECONFIG; the first file that says something wins. */
export interface KubeconfigFile {
  readonly path: string
  readonly text: string
}

type Fields = Readonly<Record<string, unknown>>

export interface KubeconfigChoice {
  readonly namespace: string | undefined
  readonly cluster: Fields & { readonly server: string }
  readonly user: Fields
  /** The files that cluster and user stand in: relative paths in them are relative to these. */
  readonly clusterFile: string
  readonly userFile: string
}

interface Entry {
  readonly file: string
  readonly value: Fields
}

/** Throws KubeconfigError, which names the file and what is missing. */
export function parseKubeconfig(files: readonly KubeconfigFile[], contextName: string | undefined): KubeconfigChoice {
  const parsed = files.map((file) => ({ path: file.path, root: parseRoot(file) }))
  const named = contextName ?? parsed.map(({ root }) => root['current-context']).find((name) => isText(name))
  const where = files.map((file) => file.path).join(', ')
  if (!isText(named)) throw refuse(where, 'it has no current-context; name one with --context')

  const find = (list: string, field: string, name: unknown, wantedBy: string): Entry => {
    for (const { path, root } of parsed) {
      const entries = Array.isArray(root[list]) ? (root[list] as Fields[]) : []
      const entry = entries.find((candidate) => candidate?.['name'] === name)
      if (entry) return { file: path, value: (entry[field] ?? {}) as Fields }
    }
    throw refuse(where, `${wantedBy} ${JSON.stringify(name)}, which is not in ${list}`)
  }
  const context = find('contexts', 'context', named, 'the chosen context is').value
  const cluster = find('clusters', 'cluster', context['cluster'], `context ${named} names cluster`)
  const user: Entry = isText(context['user'])
    ? find('users', 'user', context['user'], `context ${named} names user`)
    : { file: cluster.file, value: {} }
  const server = cluster.value['server']
  if (!isText(server) || !/^https?:\/\//.test(server))
    throw refuse(cluster.file, `server of cluster ${String(context['cluster'])} is not an http(s) URL`)
  return {
    namespace: isText(context['namespace']) ? context['namespace'] : undefined,
    cluster: { ...cluster.value, server },
    user: user.value,
    clusterFile: cluster.file,
    userFile: user.file,
  }
}

export const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''

export const refuse = (file: string, problem: string): KubeconfigError =>
  new KubeconfigError(`Cannot use kubeconfig ${file}: ${problem}`)

function parseRoot({ path, text }: KubeconfigFile): Fields {
  let root: unknown
  try {
    root = load(text)
  } catch (error) {
    throw refuse(path, `it is not YAML: ${errorMessage(error)}`)
  }
  if (typeof root !== 'object' || root === null || Array.isArray(root)) throw refuse(path, 'it is not a YAML mapping')
  return root as Fields
}
