// The kubelet of the stand-in: gives every pod of the node a worker, in which its containers are processes of this machine.
// Layout of its directory: pods/NAMESPACE_NAME_UID (volumes, home, tmp), logs/…, processes/PID.json (what a killed stand-in
// left), network/cluster.json (names and addresses for the preload), network/ports (see pod-preload.mjs), addresses.json.
import { existsSync, type FSWatcher, mkdirSync, readdirSync, rmSync, watch } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import type { LocalObject, PodLogs, PodName, PodStreams, Registry, RegistryEvent } from '../api/registry.ts'
import { badRequest } from '../api/status-error.ts'
import type { Clock } from '../base/clock.ts'
import type { EventRecorder } from '../controllers/event-recorder.ts'
import { isTerminal } from '../controllers/pod-facts.ts'
import {
  configMaps,
  keyOf,
  persistentVolumeClaims,
  persistentVolumes,
  pods,
  secrets,
} from '../controllers/resource-names.ts'
import { type Log, messageOf } from '../base/log.ts'
import { startClusterNetwork } from './cluster-network.ts'
import { hostAddress, networkEnvironment } from './container-launch.ts'
import type { Images } from './images.ts'
import { shutdownGraceMs } from './limits.ts'
import { ensureNode, nodeName, schedulePod } from './node-object.ts'
import { PodAddresses } from './pod-addresses.ts'
import { confirmDeletion, findLog, type PodSurroundings, PodWorker } from './pod-worker.ts'
import { ProcessTable } from './process-table.ts'

interface KubeletOptions {
  readonly registry: Registry
  readonly clock: Clock
  readonly log: Log
  readonly events: EventRecorder
  readonly directory: string
  readonly images: Images
  /** True where this system has no loopback addresses besides 127.0.0.1. */
  readonly remapPorts: boolean
  readonly apiServer: { readonly host: string; readonly port: number }
}

export interface Kubelet {
  readonly logs: PodLogs
  readonly streams: PodStreams
  /** Environment with which a Node process outside of pods resolves and reaches what is in the cluster, as from `namespace`. */
  networkEnvironment(namespace: string): Record<string, string>
  /** Ends every process; the pods stay in the registry and run again with the next stand-in. */
  stop(): Promise<void>
}

const hostIp = '127.0.0.1'

export function startKubelet(options: KubeletOptions): Kubelet {
  return new NodeAgent(options)
}

class NodeAgent implements Kubelet {
  readonly logs: PodLogs
  readonly streams: PodStreams
  readonly #options: KubeletOptions
  readonly #around: PodSurroundings
  readonly #addresses: PodAddresses
  readonly #workers = new Map<string, PodWorker>()
  /** Pods that are being removed, by `namespace/name`: a successor with the same name (and address) waits for them. */
  readonly #leaving = new Map<string, Promise<void>>()
  readonly #watches: { close(): void }[] = []
  #portsWatch: FSWatcher | undefined
  #stopped = false

  constructor(options: KubeletOptions) {
    this.#options = options
    const { directory, registry, clock, log } = options
    const processes = new ProcessTable(join(directory, 'processes'))
    const ended = processes.endStale()
    if (ended.length > 0) log('warn', 'Ended processes of an earlier run', { pids: ended })
    this.#addresses = new PodAddresses(join(directory, 'addresses.json'), directory)
    this.#around = this.#surroundings(processes)
    this.logs = { read: (pod, readOptions, signal) => this.#read(pod, readOptions, signal) }
    this.streams = {
      requireRunning: (pod, container) => void this.#workerOf(pod).requireRunning(container),
      exec: async (pod, { container, command, ...execOptions }) =>
        this.#workerOf(pod).exec(container, command, execOptions),
      connect: async (pod, port) => connectTo(hostAddress(this.#around, this.#workerOf(pod).address, port)),
    }
    mkdirSync(this.#around.portsRoot, { recursive: true })
    this.#sweep()
    ensureNode(registry, clock, hostIp)
    const network = startClusterNetwork(options, this.#around.networkFile)
    this.#watches.push({ close: () => network.stop() })
    this.#watch()
    if (options.remapPorts) this.#watchPorts()
  }

  networkEnvironment(namespace: string): Record<string, string> {
    const { networkFile, portsRoot, remapPorts } = this.#around
    return networkEnvironment({ namespace, networkFile, portsRoot, remapPorts })
  }

  async stop(): Promise<void> {
    this.#stopped = true
    for (const watch of this.#watches) watch.close()
    this.#portsWatch?.close()
    await Promise.all([...this.#workers.values()].map((worker) => worker.abandon(shutdownGraceMs)))
    await Promise.all(this.#leaving.values())
  }

  #surroundings(processes: ProcessTable): PodSurroundings {
    const { directory, events } = this.#options
    const nameOf = ({ metadata }: LocalObject) => `${metadata.namespace}_${metadata.name}_${metadata.uid}`
    return {
      ...this.#options,
      events: events.as('kubelet'),
      processes,
      hostIp,
      networkFile: join(directory, 'network', 'cluster.json'),
      portsRoot: join(directory, 'network', 'ports'),
      directoryOf: (pod) => join(directory, 'pods', nameOf(pod)),
      logDirectoryOf: (pod) => join(directory, 'logs', nameOf(pod)),
    }
  }

  /** Removes what belongs to pods that were deleted while no stand-in ran. */
  #sweep(): void {
    const uids = new Set(this.#options.registry.list(pods).map(({ metadata }) => metadata.uid))
    for (const folder of ['pods', 'logs']) {
      const path = join(this.#options.directory, folder)
      if (!existsSync(path)) continue
      for (const name of readdirSync(path))
        if (!uids.has(name.slice(name.lastIndexOf('_') + 1))) rmSync(join(path, name), { recursive: true, force: true })
    }
  }

  #watch(): void {
    const { registry } = this.#options
    this.#watches.push(registry.watch(pods, (event) => this.#observeSafely(event)))
    for (const resource of [configMaps, secrets, persistentVolumeClaims])
      this.#watches.push(registry.watch(resource, ({ object }) => this.#refresh(object.metadata.namespace)))
    this.#watches.push(registry.watch(persistentVolumes, () => this.#refresh(undefined)))
  }

  #refresh(namespace: string | undefined): void {
    for (const worker of this.#workers.values())
      if (namespace === undefined || worker.namespace === namespace) worker.refresh()
  }

  /** One pod that cannot be handled must not stop the others. */
  #observeSafely(event: RegistryEvent): void {
    try {
      this.#observe(event)
    } catch (error) {
      const pod = keyOf(event.object)
      this.#options.log('error', 'A pod could not be handled', { pod, type: event.type, error: messageOf(error) })
    }
  }

  #observe({ type, object: pod }: RegistryEvent): void {
    const { registry, clock, events } = this.#options
    const worker = this.#workers.get(pod.metadata.uid)
    if (this.#stopped) return
    if (type === 'DELETED') {
      if (worker) this.#remove(worker, pod)
      else this.#removeDirectories(pod)
      return
    }
    if (worker) return worker.update(pod)
    if (!pod['spec'].nodeName) {
      if (pod.metadata.deletionTimestamp) confirmDeletion(registry, pod)
      else schedulePod(registry, clock, events, pod)
      return
    }
    if (pod['spec'].nodeName !== nodeName) return
    // Nothing of this pod runs: it has ended, or it was being deleted when an earlier stand-in stopped.
    if (pod.metadata.deletionTimestamp) confirmDeletion(registry, pod)
    else if (!isTerminal(pod)) this.#start(pod)
  }

  #start(pod: LocalObject): void {
    const key = keyOf(pod)
    const leaving = this.#leaving.get(key)
    if (leaving) {
      void leaving.then(() => {
        const current = this.#options.registry.get(pods, pod.metadata.namespace, pod.metadata.name)
        if (current) this.#observeSafely({ type: 'MODIFIED', object: current })
      })
      return
    }
    this.#workers.set(pod.metadata.uid, new PodWorker(this.#around, pod, this.#addresses.acquire(key)))
  }

  #remove(worker: PodWorker, pod: LocalObject): void {
    const key = keyOf(pod)
    this.#workers.delete(worker.uid)
    const removed = worker.kill().then(() => {
      this.#removeDirectories(pod)
      this.#addresses.release(key)
      this.#leaving.delete(key)
    })
    this.#leaving.set(key, removed)
  }

  #removeDirectories(pod: LocalObject): void {
    try {
      rmSync(this.#around.directoryOf(pod), { recursive: true, force: true })
      rmSync(this.#around.logDirectoryOf(pod), { recursive: true, force: true })
    } catch (error) {
      // The next start sweeps.
      this.#options.log('warn', 'A directory of a pod could not be removed', { error: messageOf(error) })
    }
  }

  #watchPorts(): void {
    this.#portsWatch = watch(this.#around.portsRoot, { recursive: true }, (_, file) => {
      const address = String(file).split('/')[0]
      for (const worker of this.#workers.values()) if (worker.address === address) worker.publishPorts()
    })
    this.#portsWatch.unref()
  }

  #workerOf({ name, uid }: PodName): PodWorker {
    const worker = this.#workers.get(uid)
    if (!worker) throw badRequest(`pod "${name}" does not run on this node`)
    return worker
  }

  #read(pod: Parameters<PodLogs['read']>[0], options: Parameters<PodLogs['read']>[1], signal: AbortSignal) {
    const worker = this.#workers.get(pod.uid)
    const log = worker ? worker.log(options.container, options.previous) : this.#earlierLog(pod, options)
    if (log) return log.read(options, signal)
    const container = options.container === undefined ? 'the container' : `container "${options.container}"`
    const text = options.previous
      ? `previous terminated ${container} in pod "${pod.name}" not found`
      : `${container} in pod "${pod.name}" is waiting to start`
    throw badRequest(text)
  }

  /** Of a pod that had ended before this stand-in was started. */
  #earlierLog({ namespace, name, uid }: Parameters<PodLogs['read']>[0], options: Parameters<PodLogs['read']>[1]) {
    const pod = this.#options.registry.get(pods, namespace, name)
    if (pod?.metadata.uid !== uid) return undefined
    const container: string = options.container ?? pod['spec'].containers[0].name
    const directory = join(this.#around.logDirectoryOf(pod), container)
    return findLog(directory, this.#options.clock, options.previous ? 1 : 0)
  }
}

function connectTo(address: { host: string; port: number }): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ ...address, allowHalfOpen: true })
    socket.once('error', reject).once('connect', () => {
      socket.off('error', reject)
      resolve(socket)
    })
  })
}
