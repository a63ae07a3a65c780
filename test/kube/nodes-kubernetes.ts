// A Stack on a real cluster with nodes: brokers are containers of its image. It is for a process that is in the cluster's
// network, by `kube exec`, and so reaches pods as another pod does, and sees their processes, because it is on the same
// machine and root. Each stack has a namespace of its own.
import { chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../broker/base/clock.ts'
import { silentLogger } from '../../broker/base/logger.ts'
import { systemRandom } from '../../broker/base/random.ts'
import { buildKubeconfig } from '../../hack/localkube/api/http/kubeconfig.ts'
import type { LocalObject, RegistryEvent, ResourceName } from '../../hack/localkube/api/registry.ts'
import * as kinds from '../../hack/localkube/controllers/resource-names.ts'
import { type Reflector, startReflector } from '../../operator/controller/reflector.ts'
import { type HttpKubeClient, openKubeClient } from '../../operator/kube/kube-client.ts'
import { type ClusterAccess, loadClusterAccess } from '../../operator/kube/kube-config.ts'
import type { KubeObject, ListOptions, ResourceType } from '../../operator/kube/port.ts'
import { Api } from '../../hack/start/api.ts'
import type { Faults, Kubernetes } from '../support/kubernetes.ts'
import { apiPathOf, Stack, type StackOptions, until } from '../support/stack.ts'
import { brokerUser } from './nodes.ts'
import { processOfPod } from './pod-processes.ts'
import { type RequestProxy, startRequestProxy } from './request-proxy.ts'

const image = 'flotilla:dev'
const namespaces: ResourceType = { apiVersion: 'v1', kind: 'Namespace', plural: 'namespaces', namespaced: false }
const volumes: ResourceType = {
  apiVersion: 'v1',
  kind: 'PersistentVolume',
  plural: 'persistentvolumes',
  namespaced: false,
}
const stackLabel = 'stack'
const leases: ResourceName = { group: 'coordination.k8s.io', plural: 'leases' }
const seen = [leases, ...Object.values(kinds).filter((kind): kind is ResourceName => typeof kind === 'object')]
const eventTypes = { added: 'ADDED', modified: 'MODIFIED', deleted: 'DELETED' } as const

export interface NodesAccess {
  /** Of somebody who may do everything. */
  readonly kubeconfig: string
  /** A directory that all nodes have. */
  readonly shared: string
}

export const startNodesStack = (nodes: NodesAccess, options: StackOptions = {}): Promise<Stack> =>
  Stack.start((faults) => NodesKubernetes.start(nodes, faults), options)

class NodesKubernetes implements Kubernetes {
  readonly namespace = `e2e-${process.pid}-${Date.now().toString(36)}`
  readonly serverUrl: string
  readonly operator: Kubernetes['operator']
  readonly #shared: string
  readonly #client: HttpKubeClient
  readonly #proxy: RequestProxy
  readonly #api: Api
  readonly #folder = mkdtempSync(join(tmpdir(), 'flotilla-e2e-'))
  readonly #end = new AbortController()
  readonly #reflectors = new Map<string, Reflector>()
  /** By name of the volume. */
  readonly #provided = new Map<string, Promise<void>>()

  private constructor(access: ClusterAccess, proxy: RequestProxy, shared: string) {
    this.#shared = shared
    this.#client = openKubeClient({ access })
    this.#proxy = proxy
    this.#api = new Api(proxy.url)
    this.serverUrl = proxy.url
    const kubeconfig = join(this.#folder, 'kubeconfig')
    writeFileSync(kubeconfig, buildKubeconfig(proxy.url, this.namespace))
    const args = ['--kubeconfig', kubeconfig, '--watch-namespaces', this.namespace, '--broker-image', image]
    this.operator = { args, env: {} }
  }

  static async start({ kubeconfig, shared }: NodesAccess, faults: Faults): Promise<Kubernetes> {
    const access = await loadClusterAccess({ kubeconfig, env: {}, clock: systemClock })
    const proxy = await startRequestProxy(access, faults)
    const kube = new NodesKubernetes(access, proxy, shared)
    try {
      await kube.#start()
    } catch (error) {
      await kube.stop()
      throw error
    }
    return kube
  }

  async #start(): Promise<void> {
    await this.#client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: this.namespace } })
    await Promise.all(seen.map((resource) => this.serves(resource)))
    this.#reflectorOf(kinds.persistentVolumeClaims).subscribe(({ type, object }) => {
      if (type !== 'added') return
      const name = `pvc-${object.metadata.uid}`
      const provided = this.#provideVolume(name, object as LocalObject)
      // Told by `stop`; a test that misses its volume is told by the operator.
      provided.catch(() => {})
      this.#provided.set(name, provided)
    })
  }

  /** As a class for volumes that all nodes share would. */
  async #provideVolume(volume: string, claim: LocalObject): Promise<void> {
    const { name, namespace, uid } = claim.metadata
    const path = join(this.#shared, volume)
    mkdirSync(path)
    chownSync(path, brokerUser, brokerUser)
    await this.#client.create(volumes, {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: volume, labels: { [stackLabel]: this.namespace } },
      spec: {
        capacity: claim['spec'].resources.requests,
        accessModes: claim['spec'].accessModes,
        storageClassName: '',
        claimRef: { kind: 'PersistentVolumeClaim', name, namespace, uid },
        hostPath: { path, type: 'Directory' },
      },
    })
  }

  async serves(resource: ResourceName): Promise<void> {
    let type: ResourceType | undefined
    await until(async () => (type = await this.#discover(resource)) !== undefined, `${resource.plural} are not served`)
    const reflector = startReflector({
      client: this.#client,
      type: type!,
      select: this.#selectorOf(type!),
      clock: systemClock,
      random: systemRandom,
      logger: silentLogger,
      signal: this.#end.signal,
    })
    this.#reflectors.set(resource.plural, reflector)
    await reflector.synced
  }

  /** What is of this stack, and not of one whose namespace is being emptied. */
  #selectorOf({ plural, namespaced }: ResourceType): ListOptions {
    if (namespaced) return { namespace: this.namespace }
    if (plural === namespaces.plural) return { fieldSelector: `metadata.name=${this.namespace}` }
    return plural === volumes.plural ? { labelSelector: `${stackLabel}=${this.namespace}` } : {}
  }

  async #discover(resource: ResourceName): Promise<ResourceType | undefined> {
    const path = apiPathOf(resource)
    const list = await this.#api.get<{ resources: { name: string; kind: string; namespaced: boolean }[] }>(path)
    const found = list?.resources.find(({ name }) => name === resource.plural)
    return found && { apiVersion: path.replace(/^\/apis?\//, ''), plural: resource.plural, ...found }
  }

  #reflectorOf({ plural }: ResourceName): Reflector {
    const reflector = this.#reflectors.get(plural)
    if (!reflector) throw new Error(`Cannot read ${plural}: they are not watched`)
    return reflector
  }

  get(resource: ResourceName, name: string): LocalObject | undefined {
    const { cache, type } = this.#reflectorOf(resource)
    return cache.get({ namespace: type.namespaced ? this.namespace : '', name }) as LocalObject | undefined
  }

  list(resource: ResourceName): LocalObject[] {
    return this.#reflectorOf(resource).cache.list() as LocalObject[]
  }

  watch(resource: ResourceName, onEvent: (event: RegistryEvent) => void): { close(): void } {
    let isOpen = true
    const unsubscribe = this.#reflectorOf(resource).subscribe(({ type, object }) =>
      queueMicrotask(() => {
        if (isOpen) onEvent({ type: eventTypes[type], object: object as LocalObject })
      }),
    )
    return {
      close() {
        isOpen = false
        unsubscribe()
      },
    }
  }

  /** By lists: what a watch tells has no end that one could wait for. */
  async caughtUp(): Promise<void> {
    const isSame = async ({ type, cache }: Reflector): Promise<boolean> => {
      const { items } = await this.#client.list(type, this.#selectorOf(type))
      return versionsOf(items) === versionsOf(cache.list())
    }
    await Promise.all(
      [...this.#reflectors.values()].map((reflector) =>
        until(() => isSame(reflector), `the watch of ${reflector.type.plural} is not up to date`),
      ),
    )
  }

  processOf(pod: LocalObject): number | undefined {
    return processOfPod(pod.metadata.uid)
  }

  /** The one that people get: with names of pods, whose addresses change. */
  failoverUrl: Kubernetes['failoverUrl'] = ({ status }) => status!.endpoints![0]!.url

  async stop(): Promise<void> {
    this.#end.abort()
    await Promise.all([...this.#reflectors.values()].map(({ stopped }) => stopped))
    await this.#leaveNothing()
    await this.#client.close()
    await this.#proxy.stop()
    rmSync(this.#folder, { recursive: true })
  }

  /** Returns when no broker runs any more. The rest of a namespace goes a quarter of a minute later. */
  async #leaveNothing(): Promise<void> {
    await this.#client.delete(namespaces, { namespace: '', name: this.namespace })
    const { type } = this.#reflectorOf(kinds.pods)
    const areGone = async (): Promise<boolean> => {
      const { items } = await this.#client.list(type, { namespace: this.namespace })
      return items.length === 0
    }
    await until(areGone, `there are still pods in namespace ${this.namespace}`)
    for (const [name, provided] of this.#provided) {
      await provided
      await this.#client.delete(volumes, { namespace: '', name })
    }
  }
}

const versionsOf = (objects: readonly KubeObject[]): string =>
  objects
    .map(({ metadata: { uid, resourceVersion } }) => `${uid} ${resourceVersion}`)
    .sort()
    .join()
