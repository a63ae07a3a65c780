// Everything for scenario tests, real but for Kubernetes where that is the stand-in: the operator as a process of its own,
// brokers in pods. What happens is awaited by watching objects; what the operator writes is recorded.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createConnectionFactory } from '../../broker/client/index.ts'
import type { LocalObject, RegistryEvent, ResourceName } from '../../hack/localkube/api/registry.ts'
import { pods } from '../../hack/localkube/controllers/resource-names.ts'
import { processStartTime } from '../../hack/localkube/kubelet/process-table.ts'
import { Api } from '../../hack/start/api.ts'
import { adminUrl, type PodObject } from '../../hack/start/cluster-view.ts'
import { roleAt } from '../../broker/management/role-at.ts'
import type { BrokerCluster } from '../../operator/api/broker-cluster.ts'
import { buildBrokerClusterCrd } from '../../operator/api/crd.ts'
import type { BrokerClusterSpecInput } from '../../operator/api/spec-schema.ts'
import type { BrokerClusterStatus, GroupStatus } from '../../operator/api/status-schema.ts'
import type { Faults, Kubernetes } from './kubernetes.ts'
import { Traffic } from './traffic.ts'

export const root = join(import.meta.dirname, '..', '..')
const waitMs = 120_000
const pollMs = 10
const operatorLogLines = 40
export const brokerClusters: ResourceName = { group: 'flotilla.dev', plural: 'brokerclusters' }

const storage = { claimTemplate: { resources: { requests: { storage: '1Gi' } } } }

/** An active and standbys on one volume. */
export const masterSlave = (
  change: Partial<BrokerClusterSpecInput> = {},
  group: Partial<NonNullable<BrokerClusterSpecInput['groupTemplate']>> = {},
): BrokerClusterSpecInput => ({
  topology: { type: 'MasterSlave' },
  groupTemplate: { replicas: 2, storage: { type: 'SharedVolume', sharedVolume: storage }, ...group },
  ...change,
})

export const standalone = (type: 'Volume' | 'None'): BrokerClusterSpecInput => ({
  topology: { type: 'Standalone' },
  groupTemplate: { storage: type === 'None' ? { type } : { type, volume: storage } },
})

/** A write that came by the server's plain HTTP: `PATCH /api/v1/namespaces/default/pods/orders-g0-0 flotilla-operator`. */
export interface RecordedWrite {
  readonly method: string
  readonly path: string
  readonly fieldManager: string | null
}

export interface StackOptions {
  readonly faults?: Faults
  /** Arguments of the operator. Without election, which is the default, it works at once after a kill. */
  readonly operator?: readonly string[]
}

/** In the namespace of the stack. */
export interface NamedObject {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly content: object
}

export type StartStack = (options?: StackOptions) => Promise<Stack>

const withoutElection = ['--leader-election', 'false']

export class Stack {
  readonly writes: RecordedWrite[] = []
  readonly #options: StackOptions
  readonly #kube: Kubernetes
  readonly #api: Api
  #operator: ChildProcess | undefined
  #operatorLog: string[] = []
  readonly #traffic: Traffic[] = []

  private constructor(kube: Kubernetes, options: StackOptions) {
    this.#kube = kube
    this.#api = new Api(kube.serverUrl)
    this.#options = options
  }

  /** The API answers, the CRD is there, the operator is being started. */
  static async start(start: (faults: Faults) => Promise<Kubernetes>, options: StackOptions): Promise<Stack> {
    let stack: Stack | undefined
    const kube = await start((request) => (stack ? stack.#noteRequest(request) : undefined))
    stack = new Stack(kube, options)
    try {
      await stack.#start()
    } catch (error) {
      await stack.stop()
      throw error
    }
    return stack
  }

  async #start(): Promise<void> {
    await this.#api.apply(buildBrokerClusterCrd(), 'the CRD')
    await this.#kube.serves(brokerClusters)
    this.startOperator(this.#options.operator)
  }

  #noteRequest(request: Parameters<Faults>[0]): ReturnType<Faults> {
    if (request.method !== 'GET') {
      const { pathname, searchParams } = new URL(request.path, this.#kube.serverUrl)
      this.writes.push({ method: request.method, path: pathname, fieldManager: searchParams.get('fieldManager') })
    }
    return this.#options.faults?.(request)
  }

  startOperator(flags: readonly string[] = withoutElection): void {
    const program = join(root, 'operator', 'main.ts')
    const endWithParent = join(root, 'broker', 'end-with-parent.mjs')
    const args = ['--disable-warning=ExperimentalWarning', '--import', endWithParent, program]
    const { operator } = this.#kube
    const child = spawn(process.execPath, [...args, ...operator.args, '--health-port', '0', ...flags], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...operator.env },
    })
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (data: Buffer) => {
        this.#operatorLog.push(...data.toString().split('\n').filter(Boolean))
        this.#operatorLog.splice(0, this.#operatorLog.length - operatorLogLines)
      })
    this.#operator = child
  }

  /** Resolves when the process is gone. */
  async endOperator(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
    const child = this.#operator
    this.#operator = undefined
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill(signal)
    await exited
  }

  /** As `kubectl apply --server-side`. Throws what the API server refuses, as one sentence. */
  apply(name: string, spec: BrokerClusterSpecInput): Promise<void> {
    return this.applyObject({ apiVersion: 'flotilla.dev/v1alpha1', kind: 'BrokerCluster', name, content: { spec } })
  }

  async applyObject({ apiVersion, kind, name, content }: NamedObject): Promise<void> {
    const object = { apiVersion, kind, metadata: { name, namespace: this.#kube.namespace }, ...content }
    await this.#api.apply(object, `${kind} ${name}`)
    await this.#kube.caughtUp()
  }

  /** As `kubectl scale brokercluster NAME --replicas COUNT`, which is about groups. */
  async scale(name: string, replicas: number): Promise<void> {
    const path = `${apiPathOf(brokerClusters)}/namespaces/${this.#kube.namespace}/brokerclusters/${name}/scale`
    const answer = await fetch(`${this.#kube.serverUrl}${path}`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/merge-patch+json' },
      body: JSON.stringify({ spec: { replicas } }),
    })
    if (!answer.ok) throw new Error(`Cannot scale ${name}: ${answer.status} ${await answer.text()}`)
    await this.#kube.caughtUp()
  }

  /** As `kubectl delete --wait=false`. */
  async delete(resource: ResourceName, name: string): Promise<void> {
    await this.#api.delete(`${apiPathOf(resource)}/namespaces/${this.#kube.namespace}/${resource.plural}/${name}`)
    await this.#kube.caughtUp()
  }

  get(resource: ResourceName, name: string): LocalObject | undefined {
    return this.#kube.get(resource, name)
  }

  list(resource: ResourceName): LocalObject[] {
    return this.#kube.list(resource)
  }

  /** What carries the label of the cluster. */
  listOf(resource: ResourceName, cluster: string): LocalObject[] {
    return this.list(resource)
      .filter(({ metadata }) => metadata.labels?.['flotilla.dev/cluster'] === cluster)
      .sort((a, b) => a.metadata.name.localeCompare(b.metadata.name))
  }

  /** Tells of each object that is there, and then of each change. */
  watch(resource: ResourceName, onEvent: (event: RegistryEvent) => void): { close(): void } {
    return this.#kube.watch(resource, onEvent)
  }

  cluster(name: string): BrokerCluster {
    const found = this.get(brokerClusters, name)
    if (!found) throw new Error(`There is no BrokerCluster ${name}`)
    return found as unknown as BrokerCluster
  }

  /** Of the first group. */
  group(name: string): GroupStatus | undefined {
    return this.cluster(name).status?.groups?.[0]
  }

  pods(cluster: string): PodObject[] {
    return this.listOf(pods, cluster) as unknown as PodObject[]
  }

  pod(name: string): LocalObject {
    const pod = this.get(pods, name)
    if (!pod) throw new Error(`There is no pod ${name}`)
    return pod
  }

  pidOf(pod: string): number {
    const pid = this.#kube.processOf(this.pod(pod))
    if (pid === undefined) throw new Error(`${pod} does not run`)
    return pid
  }

  /** Asks the broker itself. */
  async roleOf(pod: string): Promise<string | undefined> {
    return (await roleAt(adminUrl(this.pod(pod) as unknown as PodObject)))?.role
  }

  /** Where clients on this machine reach its members. */
  url(cluster: string): string {
    return this.#kube.failoverUrl(this.cluster(cluster), this.pods(cluster))
  }

  /** Sends `kill -9` to the broker's process, and returns when it is gone. */
  async killMember(pod: string): Promise<void> {
    const pid = this.pidOf(pod)
    process.kill(pid, 'SIGKILL')
    await gone(pid)
  }

  /**
   * Kills the active until one of `standbys` has taken over: its first restart is immediate, so that it may be the first to
   * ask for the lock again.
   */
  async killActive(active: string, standbys: readonly string[]): Promise<void> {
    await this.killMember(active)
    await until(
      async () => {
        for (const standby of standbys) if ((await this.roleOf(standby)) === 'Active') return true
        if ((await this.roleOf(active)) === 'Active') await this.killMember(active)
        return false
      },
      `none of ${standbys.join(', ')} is active`,
    )
  }

  /** Ready in its present generation. */
  ready(name: string): Promise<BrokerClusterStatus> {
    return this.settled(name, () => true)
  }

  /** Ready in its present generation, and `holds`. */
  settled(name: string, holds: (status: BrokerClusterStatus) => boolean): Promise<BrokerClusterStatus> {
    return this.eventually([brokerClusters], () => {
      const { status, metadata } = this.cluster(name)
      const ready = status?.conditions?.find(({ type }) => type === 'Ready')
      const current = status?.observedGeneration === metadata.generation
      return status && ready?.status === 'True' && current && holds(status) ? status : describe(status)
    })
  }

  /** Looks at each change of these kinds until `look` gives something else than a text, which says what is missing. */
  async eventually<T>(resources: readonly ResourceName[], look: () => T | string): Promise<Exclude<T, string>> {
    for (;;) {
      await this.#seen(resources, look)
      // What is looked at afterwards, of other kinds as well, is no older.
      await this.#kube.caughtUp()
      const found = look()
      if (typeof found !== 'string') return found as Exclude<T, string>
    }
  }

  #seen(resources: readonly ResourceName[], look: () => unknown): Promise<void> {
    return new Promise((resolve, reject) => {
      const watches: { close(): void }[] = []
      let last: unknown = 'nothing was seen'
      let over = false
      const end = (settle: () => void): void => {
        over = true
        clearTimeout(timer)
        for (const watch of watches) watch.close()
        settle()
      }
      const change = (): void => {
        if (over) return
        try {
          last = look()
          if (typeof last !== 'string') end(resolve)
        } catch (error) {
          end(() => reject(error))
        }
      }
      const timer = setTimeout(() => {
        over = true
        void this.#circumstances().then((told) =>
          end(() => reject(new Error(`Not within ${waitMs} ms: ${String(last)}\n${told}`))),
        )
      }, waitMs)
      for (const resource of resources) watches.push(this.watch(resource, change))
      change()
    })
  }

  /** For whoever has to find out why something did not happen: the last words of operator and brokers. */
  async #circumstances(): Promise<string> {
    const told = [`operator: ${this.#operatorLog.slice(-15).join('\n  ')}`]
    for (const { metadata, status } of this.list(pods) as unknown as PodObject[]) {
      const path = `/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}/log?tailLines=4`
      const log = await this.#api.text(path).catch(() => '')
      told.push(`pod ${metadata.name}: ${JSON.stringify(status?.containerStatuses?.[0])}`, log)
    }
    return told.join('\n')
  }

  /** A producer and a consumer on the members that exist now. */
  async startTraffic(cluster: string): Promise<Traffic> {
    const traffic = await Traffic.start(this.url(cluster), cluster.toUpperCase())
    this.#traffic.push(traffic)
    return traffic
  }

  async stop(): Promise<void> {
    await Promise.all(this.#traffic.map((traffic) => traffic.abandon()))
    await this.endOperator('SIGKILL')
    await this.#kube.stop()
  }
}

export const apiPathOf = ({ group }: ResourceName): string =>
  group === '' ? '/api/v1' : `/apis/${group}/${group === brokerClusters.group ? 'v1alpha1' : 'v1'}`

const describe = (status: BrokerClusterStatus | undefined): string => {
  const { conditions, groups, rollout } = status ?? {}
  const told = conditions?.map(({ type, status, reason, message }) => `${type}=${status} ${reason} ${message}`)
  return JSON.stringify({ conditions: told ?? 'no status', groups, rollout }, undefined, 1)
}

export const isAlive = (pid: number): boolean => processStartTime(pid) !== undefined

/** Resolves when no process has this pid (it is no child of ours, so that there is no event to wait for). */
export async function gone(pid: number): Promise<void> {
  await until(() => !isAlive(pid), `process ${pid} is still there`)
}

/** For what only can be asked: polls until true. */
export async function until(holds: () => boolean | Promise<boolean>, otherwise: string): Promise<void> {
  const deadline = performance.now() + waitMs
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`Not within ${waitMs} ms: ${otherwise}`)
    await new Promise((resolve) => setTimeout(resolve, pollMs))
  }
}

/** Persistent messages `first … first + count - 1`, each acknowledged. */
export async function send(url: string, queue: string, count: number, first = 0): Promise<void> {
  const connection = await createConnectionFactory(url).createConnection()
  try {
    const session = await connection.createSession('auto')
    const producer = await session.createProducer(`queue://${queue}`)
    for (let n = first; n < first + count; n++) await producer.send({ body: `message ${n}`, properties: { n } })
  } finally {
    await connection.close()
  }
}

/** The numbers of the next `count` messages; fewer when there are no more. */
export async function receive(url: string, queue: string, count: number): Promise<number[]> {
  const connection = await createConnectionFactory(url).createConnection()
  const numbers: number[] = []
  try {
    connection.start()
    const session = await connection.createSession('auto')
    const consumer = await session.createConsumer(`queue://${queue}`)
    while (numbers.length < count) {
      const message = await consumer.receive(5000)
      if (!message) break
      numbers.push(Number(message.properties['n']))
    }
  } finally {
    await connection.close()
  }
  return numbers
}

export const numbersUpTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n)
