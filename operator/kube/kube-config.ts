// Where the API server is and how to prove who we are: from a kubeconfig, or from what Kubernetes gives to each pod.
//
// Certificates, tokens and passwords are handled here. Programs and providers that hand out credentials are left to
// @kubernetes/client-node, which is loaded only then, because loading it takes longer than everything else at start.
import { readFile } from 'node:fs/promises'
import type { RequestOptions } from 'node:https'
import { homedir } from 'node:os'
import { delimiter, dirname, join, resolve } from 'node:path'
import type { Clock } from '../../broker/base/clock.ts'
import { errorCode, errorMessage } from '../../broker/base/errors.ts'
import {
  isText,
  type KubeconfigChoice,
  type KubeconfigFile,
  KubeconfigError,
  parseKubeconfig,
  refuse,
} from './parse-kubeconfig.ts'
import { tokenFileRereadMs } from './limits.ts'

export interface ClusterAccess {
  /** Base URL, maybe with a path. */
  readonly server: string
  /** The namespace of the context or of the pod; `default` if none is named. */
  readonly namespace: string
  readonly tls: {
    readonly ca?: string | Buffer
    readonly cert?: string | Buffer
    readonly key?: string | Buffer
    readonly servername?: string
    readonly rejectUnauthorized?: boolean
  }
  /** Request headers that say who we are. `fresh` after a 401: what is remembered is no longer good. */
  credentials(fresh: boolean): Promise<Record<string, string>>
}

export interface ClusterAccessOptions {
  /** A file. Default: $KUBECONFIG, the service account of the pod, ~/.kube/config; the first that is there. */
  readonly kubeconfig?: string | undefined
  /** Default: the current context. */
  readonly context?: string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  readonly clock: Clock
  /** Default: where Kubernetes mounts it. For tests. */
  readonly serviceAccountFolder?: string
}

const serviceAccountFolder = '/var/run/secrets/kubernetes.io/serviceaccount'

/** Throws KubeconfigError, which says what was looked for and where. */
export async function loadClusterAccess(options: ClusterAccessOptions): Promise<ClusterAccess> {
  const { env, context, clock } = options
  if (isText(options.kubeconfig)) return fromFiles([options.kubeconfig], context, clock)
  const listed = (env['KUBECONFIG'] ?? '').split(delimiter).filter(isText)
  if (listed.length > 0) return fromFiles(listed, context, clock)
  const folder = options.serviceAccountFolder ?? serviceAccountFolder
  if (isText(env['KUBERNETES_SERVICE_HOST'])) return inCluster(env, folder, clock)
  const home = join(env['HOME'] ?? homedir(), '.kube', 'config')
  try {
    return await fromFiles([home], context, clock)
  } catch (error) {
    if (!(error instanceof KubeconfigError) || errorCode(error.cause) !== 'ENOENT') throw error
    throw new KubeconfigError(
      `Cannot find a Kubernetes cluster: no --kubeconfig, no KUBECONFIG, not in a pod, and no file ${home}`,
    )
  }
}

async function inCluster(env: ClusterAccessOptions['env'], folder: string, clock: Clock): Promise<ClusterAccess> {
  const host = env['KUBERNETES_SERVICE_HOST']!
  const port = env['KUBERNETES_SERVICE_PORT'] ?? '443'
  const tokenFile = join(folder, 'token')
  const credentials = tokenFromFile(tokenFile, clock)
  await credentials(false)
  return {
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    namespace: (await readOptional(join(folder, 'namespace')))?.trim() || 'default',
    tls: { ca: await read(join(folder, 'ca.crt'), tokenFile) },
    credentials,
  }
}

async function fromFiles(paths: readonly string[], context: string | undefined, clock: Clock): Promise<ClusterAccess> {
  const files: KubeconfigFile[] = []
  for (const path of paths) files.push({ path, text: (await read(path, path)).toString('utf8') })
  const choice = parseKubeconfig(files, context)
  const { cluster, user, clusterFile, userFile } = choice
  if (isText(cluster['proxy-url'])) throw refuse(clusterFile, 'proxy-url is not supported')
  if (isText(user['as']) || user['as-uid'] || user['as-groups'] || user['as-user-extra'])
    throw refuse(userFile, 'impersonation (as, as-uid, as-groups, as-user-extra) is not supported')
  const ca = await dataOrFile(cluster, 'certificate-authority', clusterFile)
  const cert = await dataOrFile(user, 'client-certificate', userFile)
  const key = await dataOrFile(user, 'client-key', userFile)
  const plugin = user['exec'] || user['auth-provider'] ? await pluginCredentials(choice) : undefined
  return {
    server: cluster.server,
    namespace: choice.namespace ?? 'default',
    tls: {
      ...(ca ? { ca } : {}),
      ...(cert ? { cert } : {}),
      ...(key ? { key } : {}),
      ...(isText(cluster['tls-server-name']) ? { servername: cluster['tls-server-name'] } : {}),
      ...(cluster['insecure-skip-tls-verify'] === true ? { rejectUnauthorized: false } : {}),
      ...plugin?.tls,
    },
    credentials: plugin?.credentials ?? staticCredentials(choice, clock),
  }
}

function staticCredentials({ user, userFile }: KubeconfigChoice, clock: Clock): ClusterAccess['credentials'] {
  if (isText(user['tokenFile'])) return tokenFromFile(resolve(dirname(userFile), user['tokenFile']), clock)
  if (isText(user['token'])) return always({ authorization: `Bearer ${user['token']}` })
  if (!isText(user['username'])) return always({})
  const password = isText(user['password']) ? user['password'] : ''
  return always({ authorization: `Basic ${Buffer.from(`${user['username']}:${password}`).toString('base64')}` })
}

const always = (headers: Record<string, string>) => () => Promise.resolve(headers)

/** Kubernetes replaces the token in the file long before it expires, so it is read again from time to time. */
function tokenFromFile(path: string, clock: Clock): ClusterAccess['credentials'] {
  let token: string | undefined
  let readAtMs = 0
  return async (fresh) => {
    if (token === undefined || fresh || clock.monotonicMs() - readAtMs >= tokenFileRereadMs) {
      token = (await read(path, path)).toString('utf8').trim()
      readAtMs = clock.monotonicMs()
    }
    return { authorization: `Bearer ${token}` }
  }
}

/** A client certificate that a program hands out is taken once, at start; a token is asked for whenever the last one has expired. */
async function pluginCredentials(choice: KubeconfigChoice): Promise<Pick<ClusterAccess, 'tls' | 'credentials'>> {
  const { KubeConfig } = await import('@kubernetes/client-node')
  const open = () => {
    const config = new KubeConfig()
    config.loadFromString(
      JSON.stringify({
        clusters: [{ name: 'cluster', cluster: { server: choice.cluster.server, 'insecure-skip-tls-verify': true } }],
        users: [{ name: 'user', user: { exec: choice.user['exec'], 'auth-provider': choice.user['auth-provider'] } }],
        contexts: [{ name: 'context', context: { cluster: 'cluster', user: 'user' } }],
        'current-context': 'context',
      }),
    )
    return config
  }
  let config = open()
  const ask = async (): Promise<RequestOptions> => {
    const options: RequestOptions = {}
    try {
      await config.applyToHTTPSOptions(options)
    } catch (error) {
      throw refuse(choice.userFile, `its exec or auth-provider failed: ${errorMessage(error).trim()}`)
    }
    return options
  }
  const first = await ask()
  return {
    tls: {
      ...(first.cert ? { cert: first.cert as string } : {}),
      ...(first.key ? { key: first.key as string } : {}),
    },
    async credentials(fresh) {
      if (fresh) config = open()
      const headers = (await ask()).headers as Record<string, string> | undefined
      return headers?.['Authorization'] ? { authorization: headers['Authorization'] } : {}
    },
  }
}

/** The value of `<field>-data` (base64), or the contents of the file that `<field>` names. */
async function dataOrFile(
  fields: Readonly<Record<string, unknown>>,
  field: string,
  file: string,
): Promise<Buffer | undefined> {
  const data = fields[`${field}-data`]
  if (isText(data)) return Buffer.from(data, 'base64')
  const path = fields[field]
  return isText(path) ? read(resolve(dirname(file), path), file) : undefined
}

async function read(path: string, kubeconfig: string): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (error) {
    const problem = `Cannot use kubeconfig ${kubeconfig}: cannot read ${path}: ${errorMessage(error)}`
    throw new KubeconfigError(problem, { cause: error })
  }
}

async function readOptional(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch {
    return undefined
  }
}
