// The stand-in for a Kubernetes cluster, put together: API server, controllers and a kubelet whose pods are processes.
// For people without a cluster, and for tests. It is no sandbox: pods are processes of the user who starts it.
//
// Layout of the data directory: api/ (the objects), volumes/ (PersistentVolumes), kubelet/ (see kubelet.ts),
// localkube.pid (which process uses it).
import { readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { type ApiServer, createApiServer } from './api-server.ts'
import { openFileLog } from './api/storage/file-log.ts'
import type { Faults } from './api/http/http-server.ts'
import { buildKubeconfig } from './api/http/kubeconfig.ts'
import type { Registry } from './api/registry.ts'
import { type Clock, systemClock } from './base/clock.ts'
import { createEventRecorder } from './controllers/event-recorder.ts'
import { startControllers } from './controllers/start-controllers.ts'
import { createVolumeDirectories } from './controllers/volume-directories.ts'
import type { Images } from './kubelet/images.ts'
import { startKubelet } from './kubelet/kubelet.ts'
import { hasLoopbackRange } from './kubelet/pod-addresses.ts'
import { processStartTime } from './kubelet/process-table.ts'
import { type Log, messageOf } from './base/log.ts'
import { makeDirectory } from './base/make-directory.ts'

export type { Images } from './kubelet/images.ts'

interface LocalKubeOptions {
  /** Everything is below it; the same directory brings the same cluster back. Created if need be. */
  readonly dataDirectory: string
  /** 0 = any free port. The server listens on 127.0.0.1 only. */
  readonly apiPort: number
  /** What pods can run: image reference without tag and digest → command. */
  readonly images: Images
  /** Where a kubeconfig for this cluster is written (mode 600). */
  readonly kubeconfigPath: string
  readonly log: Log
  readonly clock?: Clock
  /** Whether pods get ports of 127.0.0.1 instead of addresses of their own. Default: where the system has no others. */
  readonly remapPorts?: boolean
  /** For tests: asked before each request to the API server. */
  readonly faults?: Faults
}

export interface LocalKube {
  readonly registry: Registry
  readonly serverUrl: string
  readonly kubeconfigPath: string
  /** Environment with which a Node process outside of pods resolves cluster names and reaches pods, as from `namespace`. */
  networkEnvironment(namespace: string): Record<string, string>
  /** Ends every pod process and the server. The objects stay on disk; the next start runs the pods again. */
  stop(): Promise<void>
}

/** A stand-in that cannot start; `code` says why. */
export class LocalKubeError extends Error {
  override readonly name = 'LocalKubeError'
  readonly code: 'DATA_DIRECTORY' | 'DATA_DIRECTORY_IN_USE' | 'API_PORT' | 'KUBECONFIG'

  constructor(code: LocalKubeError['code'], message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
  }
}

/** Resolves when the API answers and the pods of an earlier run are being started. Throws LocalKubeError. */
export async function startLocalKube(options: LocalKubeOptions): Promise<LocalKube> {
  const data = openDataDirectory(resolve(options.dataDirectory))
  const kubeconfigPath = resolve(options.kubeconfigPath)
  const unlock = lockDirectory(data)
  const clock = options.clock ?? systemClock
  let api: ApiServer | undefined
  try {
    const remapPorts = options.remapPorts ?? !(await hasLoopbackRange())
    api = createApiServer({
      log: openFileLog(join(data, 'api')),
      now: () => new Date(clock.nowMs()),
      ...(options.faults && { faults: options.faults }),
    })
    const address = await listen(api, options.apiPort)
    writeKubeconfig(kubeconfigPath, address.url)
    return runCluster({ ...options, kubeconfigPath, clock, remapPorts }, data, api, address, unlock)
  } catch (error) {
    await api?.close()
    unlock()
    throw error
  }
}

/** Its path without symbolic links: paths in arguments of pods are compared with it. */
function openDataDirectory(path: string): string {
  try {
    // Secrets are in it, as objects and as files of volumes.
    for (const directory of [join(path, 'api'), join(path, 'kubelet')]) makeDirectory(directory, 0o700)
    return realpathSync(path)
  } catch (error) {
    throw unusable(path, error)
  }
}

const unusable = (data: string, error: unknown): LocalKubeError =>
  new LocalKubeError('DATA_DIRECTORY', `Cannot use data directory ${data}: ${messageOf(error)}`, error)

interface ApiAddress {
  readonly host: string
  readonly port: number
  readonly url: string
}

async function listen(api: ApiServer, port: number): Promise<ApiAddress> {
  try {
    return await api.listen('127.0.0.1', port)
  } catch (error) {
    throw new LocalKubeError('API_PORT', `Cannot listen on 127.0.0.1:${port}: ${messageOf(error)}`, error)
  }
}

function runCluster(
  options: Required<Omit<LocalKubeOptions, 'faults'>>,
  data: string,
  api: ApiServer,
  apiServer: ApiAddress,
  unlock: () => void,
): LocalKube {
  const { log, clock, images, remapPorts } = options
  const { registry } = api
  const events = createEventRecorder(registry, clock, log)
  const context = { registry, clock, log, events }
  const kubelet = startKubelet({ ...context, directory: join(data, 'kubelet'), images, remapPorts, apiServer })
  api.setPodLogs(kubelet.logs)
  api.setPodStreams(kubelet.streams)
  const controllers = startControllers(context, createVolumeDirectories(join(data, 'volumes')))
  const serverUrl = apiServer.url
  const { kubeconfigPath } = options
  log('info', 'The local stand-in for Kubernetes runs', { url: serverUrl, kubeconfigPath, data, remapPorts })
  return {
    registry,
    serverUrl,
    kubeconfigPath,
    networkEnvironment: (namespace) => kubelet.networkEnvironment(namespace),
    stop: once(async () => {
      controllers.stop()
      await kubelet.stop()
      events.stop()
      await api.close()
      unlock()
    }),
  }
}

function once(action: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined
  return () => (running ??= action())
}

/** Two stand-ins on one directory would run every pod twice. */
function lockDirectory(data: string): () => void {
  const file = join(data, 'localkube.pid')
  const holder = readHolder(file)
  if (holder && processStartTime(holder.pid) === holder.startTime)
    throw new LocalKubeError(
      'DATA_DIRECTORY_IN_USE',
      `Cannot use data directory ${data}: process ${holder.pid} runs a local stand-in in it`,
    )
  try {
    writeFileSync(file, JSON.stringify({ pid: process.pid, startTime: processStartTime(process.pid) }))
  } catch (error) {
    throw unusable(data, error)
  }
  return () => rmSync(file, { force: true })
}

function readHolder(file: string): { pid: number; startTime: string } | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as { pid: number; startTime: string }
  } catch {
    return undefined // none, or torn by a crash while starting
  }
}

function writeKubeconfig(path: string, url: string): void {
  try {
    makeDirectory(dirname(path))
    writeFileSync(`${path}.tmp`, buildKubeconfig(url), { mode: 0o600 })
    renameSync(`${path}.tmp`, path)
  } catch (error) {
    throw new LocalKubeError('KUBECONFIG', `Cannot write kubeconfig ${path}: ${messageOf(error)}`, error)
  }
}
