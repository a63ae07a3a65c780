// A group with an active and a standby on nodes: who they are, how the process of one is killed, and how it is seen that the
// other one takes over and that the first one comes back.
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

export interface Pair {
  readonly active: GroupMember
  readonly standby: GroupMember
}

interface Pod {
  readonly spec: { readonly nodeName: string }
  readonly status: { readonly podIP: string; readonly containerStatuses: readonly { readonly containerID: string }[] }
}

interface Status {
  readonly groups: readonly { readonly active?: string; readonly standbys: readonly string[] }[]
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
  async watchRole({ name, address }: GroupMember, role: 'Active' | 'Standby'): Promise<Sighting> {
    const asking = this.#within(process.execPath, roleProgram, `http://${address}:8161/role`, role)
    await asking.says('asking')
    return sighting(asking, `${name} as ${role}`, ' at ', () => Number(/ at (\d+)/.exec(asking.output)?.[1]))
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
    return JSON.parse(await this.#cluster.field(this.#object, '.status')) as Status
  }

  async #member(name: string): Promise<GroupMember> {
    const pod = JSON.parse(await this.#cluster.kubectl('get', `pod/${name}`, '--output', 'json')) as Pod
    const container = pod.status.containerStatuses[0]!.containerID.slice('containerd://'.length)
    return { name, node: pod.spec.nodeName, address: pod.status.podIP, container }
  }
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
