// A group on nodes, with an active and one standby or several: who they are, how the process of one is killed, and how it is seen that
// another one takes over and that the first one comes back.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { StartedProgram } from '../support/started-program.ts'
import type { NodeCluster } from './nodes.ts'

const roleProgram = join(import.meta.dirname, 'nodes-role.ts')
const timeout = '--timeout=300s'
/** Of a member that is to come back: the kubelet waits with a process that ended often, a node takes its time to start. */
const settlingMs = 300_000
const betweenLooksMs = 200
/** Of names and of members that change their role: shorter than the time of a whole test, so that it is told what did not come. */
const sightingMs = 120_000

export interface GroupMember {
  readonly name: string
  readonly node: string
  readonly address: string
  /** Id of its container. */
  readonly container: string
}

/** Of something that is waited for. */
export interface Sighting {
  /** When it was seen, in ms since 1970. */
  readonly seen: Promise<number>
  stop(): Promise<void>
}

export interface TakeoverSighting extends Sighting {
  /** For how many ms nobody had said that it is active. */
  readonly without: Promise<number>
}

export interface ReadinessWatch {
  /** The fewest so far; Infinity: no pod has changed. */
  seen(): number
  stop(): Promise<void>
}

export interface Pair {
  readonly active: GroupMember
  readonly standby: GroupMember
}

export interface Members {
  readonly active: GroupMember
  readonly standbys: readonly GroupMember[]
  readonly term: number
}

interface Pod {
  readonly spec: { readonly nodeName: string }
  readonly status: { readonly podIP: string; readonly containerStatuses: readonly { readonly containerID: string }[] }
}

interface Status {
  readonly groups: readonly {
    readonly active?: string
    readonly standbys: readonly string[]
    readonly lock?: { readonly term?: number }
  }[]
  readonly conditions: readonly { readonly type: string; readonly status: string }[]
}

export class NodeGroup {
  readonly #cluster: NodeCluster
  readonly #name: string

  /** Of a cluster with one group. */
  constructor(cluster: NodeCluster, name: string) {
    this.#cluster = cluster
    this.#name = name
  }

  /** For clients, with all members. */
  url(): Promise<string> {
    return this.#cluster.field(this.#object, '.status.endpoints[0].url')
  }

  /** As the status has it. */
  async members(): Promise<Pair> {
    const { active, standbys } = (await this.#status()).groups[0]!
    return { active: await this.#member(active!), standby: await this.#member(standbys[0]!) }
  }

  /** Returns when the status says so, and that the cluster is Ready. */
  async settles({ active, standby }: { active: string; standby: string }): Promise<void> {
    const deadline = Date.now() + settlingMs
    for (;;) {
      const status = await this.#status()
      const group = status.groups[0]
      const isReady = status.conditions.some((condition) => condition.type === 'Ready' && condition.status === 'True')
      if (isReady && group?.active === active && group.standbys[0] === standby) return
      if (Date.now() > deadline) throw new Error(`${active} and ${standby} are not settled: ${JSON.stringify(status)}`)
      await new Promise((resolve) => setTimeout(resolve, betweenLooksMs))
    }
  }

  /** Returns when the cluster is Ready: there is an active, and all others follow it. */
  async isReady(): Promise<Members> {
    const deadline = Date.now() + settlingMs
    for (;;) {
      // Empty as long as the operator has not looked at it.
      const { conditions = [], groups = [] } = (await this.#status()) as Partial<Status>
      const { active, standbys = [], lock } = groups[0] ?? {}
      const isReady = conditions.some(({ type, status }) => type === 'Ready' && status === 'True')
      if (isReady && active !== undefined) {
        const [first, ...others] = await Promise.all([active, ...standbys].map((name) => this.#member(name)))
        return { active: first!, standbys: others, term: lock?.term ?? 0 }
      }
      if (Date.now() > deadline) throw new Error(`${this.#name} is not Ready: ${JSON.stringify(conditions)}`)
      await new Promise((resolve) => setTimeout(resolve, betweenLooksMs))
    }
  }

  /** Returns when the names of both lead to them: the address of a pod that was made anew is not known at once. */
  async areFound({ active, standby }: Pair): Promise<void> {
    const deadline = Date.now() + sightingMs
    for (const { name, address } of [active, standby]) {
      const host = `${name}.${name.slice(0, name.lastIndexOf('-'))}.default.svc`
      const look = () => this.#cluster.exec('getent', 'ahostsv4', host).catch(String)
      for (let found = await look(); !found.startsWith(`${address} `); found = await look()) {
        if (Date.now() > deadline) throw new Error(`${host} does not lead to ${address}: ${found}`)
        await new Promise((resolve) => setTimeout(resolve, betweenLooksMs))
      }
    }
  }

  /** After a node was away both members may be on the other one. Needs both nodes. */
  async spreads(): Promise<void> {
    const { active, standby } = await this.members()
    if (active.node === standby.node) await this.renews(standby.name)
  }

  /** A new pod for the standby: one whose process ended again and again is made to wait longer and longer by the kubelet. */
  async renews(standby: string): Promise<void> {
    const { active } = await this.members()
    await this.#cluster.kubectl('delete', 'pod', standby)
    await this.#cluster.kubectl('wait', '--for=create', `pod/${standby}`, timeout)
    await this.#cluster.kubectl('wait', '--for=condition=Ready', `pod/${standby}`, timeout)
    await this.settles({ active: active.name, standby })
  }

  /** With SIGKILL, from outside: there is no shell in the image, and a container cannot kill its first process. */
  kill({ container }: GroupMember): void {
    const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && cgroupsOf(name).includes(container))
    if (pids.length === 0) throw new Error(`Cannot kill container ${container}: no process is in it`)
    for (const pid of pids) process.kill(Number(pid), 'SIGKILL')
  }

  /** Watches from now on for the member to say that it has this role. */
  watchRole(member: GroupMember, role: 'Active' | 'Standby'): Promise<Sighting> {
    return this.#watchRoles([member], role, -1)
  }

  /** Watches from now on for any of the members to say that it is active in a newer term. */
  async watchTakeover({ active, standbys, term }: Members): Promise<TakeoverSighting> {
    const { seen, stop, told } = await this.#watchRoles([active, ...standbys], 'Active', term)
    const without = seen.then(() => told(/, (\d+) ms/))
    without.catch(() => {}) // As `seen`.
    return { seen, stop, without }
  }

  async #watchRoles(members: readonly GroupMember[], role: string, term: number) {
    const urls = members.map(({ address }) => `http://${address}:8161/role`)
    const asking = this.#within(process.execPath, roleProgram, role, String(term), ...urls)
    await asking.says('asking')
    const told = (what: RegExp): number => Number(what.exec(asking.output)?.[1])
    const who = members.map(({ name }) => name).join(' or ')
    return { ...sighting(asking, `${who} as ${role}`, ' without', () => told(/ at (\d+)/)), told }
  }

  /** Watches from now on how many members are ready at the same time, a pod that is about to end not counted. */
  async watchReadiness(): Promise<ReadinessWatch> {
    const ready = '{{range .status.conditions}}{{if eq .type "Ready"}}{{.status}}{{end}}{{end}}'
    const template = `{{.metadata.name}} ${ready} {{.metadata.deletionTimestamp}}{{"\\n"}}`
    const selector = `--selector=flotilla.dev/cluster=${this.#name}`
    const output = ['--output', `go-template=${template}`]
    const watching = this.#within('kubectl', 'get', 'pods', selector, '--watch', ...output)
    await watching.says('True <no value>')
    return {
      seen: () => fewestReady(watching.output),
      stop: () => watching.kill(),
    }
  }

  /** Watches from now on for the Service of clients to lead to the member. */
  async watchService({ name }: GroupMember): Promise<Sighting> {
    // Not jsonpath: with it a watch ends when there is no endpoint.
    const endpoints = '{{range .endpoints}}{{.targetRef.name}}={{.conditions.ready}} {{end}}{{"\\n"}}'
    const selector = ['--selector', `kubernetes.io/service-name=${this.#name}`]
    const output = ['--output', `go-template=${endpoints}`]
    const watching = this.#within('kubectl', 'get', 'endpointslices', ...selector, '--watch', ...output)
    await watching.says('=')
    return sighting(watching, `the Service at ${name}`, `${name}=true`, () => Date.now())
  }

  #within(...command: string[]): StartedProgram {
    const [program, ...args] = [...this.#cluster.within, ...command]
    return new StartedProgram(program!, args)
  }

  get #object(): string {
    return `brokercluster/${this.#name}`
  }

  async #status(): Promise<Status> {
    return JSON.parse((await this.#cluster.field(this.#object, '.status')) || '{}') as Status
  }

  async #member(name: string): Promise<GroupMember> {
    const pod = JSON.parse(await this.#cluster.kubectl('get', `pod/${name}`, '--output', 'json')) as Pod
    const container = pod.status.containerStatuses[0]!.containerID.slice('containerd://'.length)
    return { name, node: pod.spec.nodeName, address: pod.status.podIP, container }
  }
}

/** Of members all of which were ready when the watch began. Each line is a pod as it was from then on: `NAME READY DELETED`. */
function fewestReady(output: string): number {
  const ready = new Map<string, boolean>()
  let fewest = Infinity
  for (const line of output.trim().split('\n')) {
    const [name, isReady, ...deleted] = line.split(' ')
    const isFirst = !ready.has(name!)
    ready.set(name!, isReady === 'True' && deleted.join(' ') === '<no value>')
    if (!isFirst) fewest = Math.min(fewest, [...ready.values()].filter(Boolean).length)
  }
  return fewest
}

function sighting(program: StartedProgram, what: string, text: string, time: () => number): Sighting {
  let timer: NodeJS.Timeout | undefined
  const tooLong = new Promise<never>((_, reject) => {
    const tell = () =>
      reject(new Error(`${what} was not seen within ${sightingMs} ms:\n${program.output.slice(-2000)}`))
    timer = setTimeout(tell, sightingMs)
  })
  const seen = Promise.race([program.says(text).then(time), tooLong]).finally(() => clearTimeout(timer))
  seen.catch(() => {}) // Who waits for it hears of it; who has stopped it does not want to.
  return { seen, stop: () => program.kill() }
}

function cgroupsOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cgroup`, 'utf8')
  } catch {
    return '' // ended meanwhile
  }
}
