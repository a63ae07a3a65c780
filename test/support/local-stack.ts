// Everything for scenario tests, real but for Kubernetes: the stand-in in this process, the operator as a process of its
// own, brokers as the stand-in's pods. What happens is awaited by watching objects; what the operator writes is recorded.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createConnectionFactory } from '../../broker/client/index.ts'
import { roleAt } from '../../hack/start/role-at.ts'
import type { Faults } from '../../hack/localkube/api/http/http-server.ts'
import type { LocalObject, ResourceName } from '../../hack/localkube/api/registry.ts'
import { customResourceDefinitions, pods } from '../../hack/localkube/controllers/resource-names.ts'
import { processStartTime } from '../../hack/localkube/kubelet/process-table.ts'
import { type Images, type LocalKube, startLocalKube } from '../../hack/localkube/localkube.ts'
import { Api } from '../../hack/start/api.ts'
import { adminUrl, failoverUrl, type PodObject, processId } from '../../hack/start/cluster-view.ts'
import type { BrokerCluster } from '../../operator/api/broker-cluster.ts'
import { buildBrokerClusterCrd } from '../../operator/api/crd.ts'
import type { BrokerClusterSpecInput } from '../../operator/api/spec-schema.ts'
import type { BrokerClusterStatus, GroupStatus } from '../../operator/api/status-schema.ts'
import { Traffic } from './traffic.ts'

const root = join(import.meta.dirname, '..', '..')
const waitMs = 120_000
const pollMs = 10
const operatorLogLines = 40
export const namespace = 'default'

export const brokerClusters: ResourceName = { group: 'flotilla.dev', plural: 'brokerclusters' }

/** Like those of `npm start`. */
export const brokerImages: Images = {
  'ghcr.io/flotilla-mq/flotilla': {
    command: ['node', '--disable-warning=ExperimentalWarning', join(root, 'broker', 'main.mjs')],
    cwd: root,
  },
}

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

/** A write that came over HTTP, in order: `PATCH /api/v1/namespaces/default/pods/orders-g0-0 flotilla-operator`. */
export interface RecordedWrite {
  readonly method: string
  readonly path: string
  readonly fieldManager: string | null
}

export interface StackOptions {
  /** Kept when given: what an earlier stack left there comes back. */
  readonly directory?: string
  readonly faults?: Faults
  /** Arguments of the operator; false = none is started. Without election it works at once after a kill. */
  readonly operator?: readonly string[] | false
}

const withoutElection = ['--leader-election', 'false']

export class LocalStack {
  readonly directory: string
  readonly writes: RecordedWrite[] = []
  readonly #options: StackOptions
  #kube: LocalKube | undefined
  #api: Api | undefined
  #operator: ChildProcess | undefined
  #operatorLog: string[] = []
  readonly #traffic: Traffic[] = []

  private constructor(options: StackOptions) {
    this.#options = options
    this.directory = options.directory ?? mkdtempSync(join(tmpdir(), 'flotilla-e2e-'))
  }

  /** The API answers, the CRD is there, the operator is being started. */
  static async start(options: StackOptions = {}): Promise<LocalStack> {
    const stack = new LocalStack(options)
    try {
      await stack.#start()
    } catch (error) {
      await stack.stop()
      throw error
    }
    return stack
  }

  get kube(): LocalKube {
    return this.#kube!
  }

  get operatorPid(): number | undefined {
    return this.#operator?.pid
  }

  async #start(): Promise<void> {
    mkdirSync(this.directory, { recursive: true })
    this.#kube = await startLocalKube({
      dataDirectory: this.directory,
      apiPort: 0,
      images: brokerImages,
      kubeconfigPath: join(this.directory, 'kubeconfig'),
      log: () => {},
      faults: (request) => this.#noteRequest(request),
    })
    this.#api = new Api(this.kube.serverUrl)
    await this.#api.apply(buildBrokerClusterCrd(), 'the CRD')
    await this.eventually([customResourceDefinitions], () => this.#kindIsServed() || 'BrokerCluster is not served')
    if (this.#options.operator !== false) this.startOperator(this.#options.operator)
  }

  #kindIsServed(): boolean {
    try {
      this.kube.registry.list(brokerClusters)
      return true
    } catch {
      return false
    }
  }

  #noteRequest(request: Parameters<Faults>[0]): ReturnType<Faults> {
    if (request.method !== 'GET') {
      const { pathname, searchParams } = new URL(request.path, this.kube.serverUrl)
      this.writes.push({ method: request.method, path: pathname, fieldManager: searchParams.get('fieldManager') })
    }
    return this.#options.faults?.(request)
  }

  startOperator(flags: readonly string[] = withoutElection): void {
    const program = join(root, 'operator', 'main.ts')
    const endWithParent = join(root, 'broker', 'end-with-parent.mjs')
    const args = ['--disable-warning=ExperimentalWarning', '--import', endWithParent, program]
    const child = spawn(
      process.execPath,
      [...args, '--kubeconfig', this.kube.kubeconfigPath, '--health-port', '0', ...flags],
      {
        cwd: root,
        stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
        env: { ...process.env, ...this.kube.networkEnvironment(namespace) },
      },
    )
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
  async apply(name: string, spec: BrokerClusterSpecInput): Promise<void> {
    const object = { apiVersion: 'flotilla.dev/v1alpha1', kind: 'BrokerCluster', metadata: { name, namespace }, spec }
    await this.#api!.apply(object, `BrokerCluster ${name}`)
  }

  get(resource: ResourceName, name: string): LocalObject | undefined {
    return this.kube.registry.get(resource, namespace, name)
  }

  /** What carries the label of the cluster. */
  listOf(resource: ResourceName, cluster: string): LocalObject[] {
    return this.kube.registry
      .list(resource, namespace)
      .filter(({ metadata }) => metadata.labels?.['flotilla.dev/cluster'] === cluster)
      .sort((a, b) => a.metadata.name.localeCompare(b.metadata.name))
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
    const pid = processId(this.pod(pod) as unknown as PodObject)
    if (pid === undefined) throw new Error(`${pod} does not run`)
    return pid
  }

  /** Asks the broker itself. */
  async roleOf(pod: string): Promise<string | undefined> {
    return (await roleAt(adminUrl(this.pod(pod) as unknown as PodObject)))?.role
  }

  /** Where clients on this machine reach the members that exist now. */
  url(cluster: string): string {
    return failoverUrl(this.pods(cluster))
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
  eventually<T>(resources: readonly ResourceName[], look: () => T | string): Promise<Exclude<T, string>> {
    const { registry } = this.kube
    return new Promise((resolve, reject) => {
      const watches: { close(): void }[] = []
      const end = (settle: () => void): void => {
        clearTimeout(timer)
        for (const watch of watches) watch.close()
        settle()
      }
      let last: T | string = 'nothing was seen'
      let over = false
      const change = (): void => {
        if (over) return
        try {
          last = look()
          if (typeof last === 'string') return
          over = true
          end(() => resolve(last as Exclude<T, string>))
        } catch (error) {
          over = true
          end(() => reject(error))
        }
      }
      const timer = setTimeout(() => {
        over = true
        void this.#circumstances().then((told) =>
          end(() => reject(new Error(`Not within ${waitMs} ms: ${String(last)}\n${told}`))),
        )
      }, waitMs)
      for (const resource of resources) watches.push(registry.watch(resource, change))
      change()
    })
  }

  /** For whoever has to find out why something did not happen: the last words of operator and brokers. */
  async #circumstances(): Promise<string> {
    const told = [`operator: ${this.#operatorLog.slice(-15).join('\n  ')}`]
    for (const { metadata, status } of this.kube.registry.list(pods, namespace) as unknown as PodObject[]) {
      const path = `/api/v1/namespaces/${namespace}/pods/${metadata.name}/log?tailLines=4`
      const log = await this.#api!.text(path).catch(() => '')
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
    await this.#kube?.stop()
    if (this.#options.directory === undefined) rmSync(this.directory, { recursive: true, force: true })
  }
}

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
