// The API server of the stand-in, put together: store, kinds, registry and the HTTP door. One per cluster.
import { randomInt, randomUUID } from 'node:crypto'
import { builtinKinds } from './api/kinds/builtin-kinds.ts'
import { clusterIpAllocator } from './api/storage/cluster-ips.ts'
import { kindOfDefinition } from './api/kinds/custom-kinds.ts'
import { createHttpServer, type Faults } from './api/http/http-server.ts'
import { Lifecycle } from './api/storage/lifecycle.ts'
import { LocalRegistry } from './api/storage/local-registry.ts'
import { ObjectStore, type ObjectLog } from './api/storage/object-store.ts'
import { Operations } from './api/storage/operations.ts'
import type { PodLogs, PodStreams, Registry } from './api/registry.ts'
import { KindTable } from './api/kinds/resource-kind.ts'

interface ApiServerOptions {
  /** Where objects survive a restart; without it they live in memory only. See `openFileLog`. */
  readonly log?: ObjectLog
  readonly podLogs?: PodLogs
  readonly faults?: Faults
  /** Changes remembered for watches. */
  readonly historyLimit?: number
  /** IPv4 range of Service addresses. Default: 10.96.0.0/16. */
  readonly serviceRange?: string
  readonly now?: () => Date
  readonly uid?: () => string
  readonly suffix?: (length: number) => string
}

export interface ApiServer {
  readonly registry: Registry
  /** A registry whose writes own fields under another manager name. */
  registryFor(manager: string): Registry
  setPodLogs(podLogs: PodLogs): void
  setPodStreams(podStreams: PodStreams): void
  /** Watches and lists older than now get 410 Gone from here on, as after a compaction of the real store. */
  forgetHistory(): void
  listen(host?: string, port?: number): Promise<{ host: string; port: number; url: string }>
  /** Ends watches and connections; the log is closed. */
  close(): Promise<void>
}

export function createApiServer(options: ApiServerOptions = {}): ApiServer {
  const store = new ObjectStore({
    ...(options.log ? { log: options.log } : {}),
    ...(options.historyLimit === undefined ? {} : { historyLimit: options.historyLimit }),
  })
  const kinds = new KindTable()
  for (const kind of builtinKinds()) kinds.add(kind)
  const operations = new Operations({
    store,
    kinds,
    now: options.now ?? (() => new Date()),
    uid: options.uid ?? randomUUID,
    suffix: options.suffix ?? randomSuffix,
    allocateClusterIp: clusterIpAllocator(store, options.serviceRange ?? '10.96.0.0/16'),
  })
  for (const definition of store.list('apiextensions.k8s.io/customresourcedefinitions'))
    kinds.add(kindOfDefinition(definition))
  const lifecycle = new Lifecycle(operations)
  lifecycle.createBasics()
  const podLogs: { current: PodLogs | undefined } = { current: options.podLogs }
  const podStreams: { current: PodStreams | undefined } = { current: undefined }
  const http = createHttpServer({
    operations,
    podLogs: () => podLogs.current,
    podStreams: () => podStreams.current,
    ...(options.faults ? { faults: options.faults } : {}),
  })
  return {
    registry: new LocalRegistry(operations),
    registryFor: (manager) => new LocalRegistry(operations, manager),
    setPodLogs: (logs) => {
      podLogs.current = logs
    },
    setPodStreams: (streams) => {
      podStreams.current = streams
    },
    forgetHistory: () => store.forgetHistory(),
    listen: (host = '127.0.0.1', port = 0) => http.listen(host, port),
    close: async () => {
      lifecycle.close()
      await http.close()
      store.close()
    },
  }
}

// Without vowels and look-alikes, as generated names of the real server.
const suffixAlphabet = 'bcdfghjklmnpqrstvwxz2456789'
const randomSuffix = (length: number): string =>
  Array.from({ length }, () => suffixAlphabet[randomInt(suffixAlphabet.length)]).join('')
