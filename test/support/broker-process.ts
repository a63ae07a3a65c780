// Real broker processes for scenario tests: started from a configuration, watched over their admin port, killed for real.
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { BrokerConfigInput } from '../../broker/config/schema.ts'
import { adminPaths, type BrokerRole, type BrokerSnapshot, type RoleAnswer } from '../../broker/management/contract.ts'
import { freePorts } from '../../hack/ports/free-ports.ts'

const root = join(import.meta.dirname, '..', '..')
const nodeBinary = join(root, 'node_modules', '.bin', 'node')
const pollMs = 10

export interface MemberOptions {
  readonly member: string
  readonly directory: string
  readonly dataDirectory: string
  readonly config?: BrokerConfigInput
  /** What the OpenWire connector offers. */
  readonly wire?: { readonly tightEncodingEnabled?: boolean; readonly cacheEnabled?: boolean }
  /** Arguments besides ours. */
  readonly args?: readonly string[]
  /** Environment variables besides ours. */
  readonly env?: NodeJS.ProcessEnv
  /** Where it listens, and is reached; default: 127.0.0.1. */
  readonly host?: string
  /** A program with its arguments that becomes the broker, such as one that enters a network namespace. */
  readonly inside?: readonly string[]
  readonly openwirePort: number
  readonly adminPort: number
  /** Start it again at once when it ends, as a kubelet would, until `stop`. */
  readonly restart?: boolean
}

/** One broker process, with whatever restarts it had. */
export class BrokerMember {
  readonly options: MemberOptions
  readonly log: string[] = []
  restarts = 0
  #child: ChildProcess | undefined
  #stopping = false
  #exited: Promise<number | null> = Promise.resolve(0)

  constructor(options: MemberOptions) {
    this.options = options
  }

  get pid(): number {
    if (this.#child?.pid === undefined) throw new Error(`${this.options.member} does not run`)
    return this.#child.pid
  }

  get url(): string {
    return `tcp://${this.#host}:${this.options.openwirePort}`
  }

  get exited(): Promise<number | null> {
    return this.#exited
  }

  get #host(): string {
    return this.options.host ?? '127.0.0.1'
  }

  /** Also again, after `stop`. */
  start(): this {
    this.#stopping = false
    const { member, directory, dataDirectory, openwirePort, adminPort, args = [] } = this.options
    mkdirSync(directory, { recursive: true })
    const file = join(directory, `${member}.json`)
    const config: BrokerConfigInput = {
      transportConnectors: [{ name: 'openwire', host: this.#host, port: openwirePort, ...this.options.wire }],
      admin: { host: this.#host, port: adminPort },
      ...this.options.config,
    }
    writeFileSync(file, JSON.stringify(config, undefined, 2))
    this.#spawn([
      join(root, 'broker', 'main.mjs'),
      '--config',
      file,
      '--data-directory',
      dataDirectory,
      '--member',
      member,
      ...args,
    ])
    return this
  }

  role(): Promise<RoleAnswer | undefined> {
    return this.#ask(adminPaths.role)
  }

  /** undefined: it does not answer. */
  snapshot(): Promise<BrokerSnapshot | undefined> {
    return this.#ask(adminPaths.snapshot)
  }

  /** Waits until this member has the role, and fails with its log if it does not get it in time. */
  async waitForRole(role: BrokerRole, timeoutMs = 120_000): Promise<RoleAnswer> {
    const deadline = Date.now() + timeoutMs
    for (;;) {
      const answer = await this.role()
      if (answer?.role === role) return answer
      if (Date.now() > deadline)
        throw new Error(
          `${this.options.member} is ${answer?.role ?? 'not reachable'}, not ${role}, after ${timeoutMs} ms\n${this.log.slice(-30).join('')}`,
        )
      await new Promise((resolve) => setTimeout(resolve, pollMs))
    }
  }

  /** Waits until its log has this text; rejects when it ends without. */
  async hasLogged(text: string): Promise<void> {
    while (!this.log.some((line) => line.includes(text))) {
      const { exitCode, signalCode } = this.#child!
      if (exitCode !== null || signalCode !== null) throw new Error(`${this.options.member} ended without ${text}`)
      await new Promise((resolve) => setTimeout(resolve, pollMs))
    }
  }

  kill(signal: NodeJS.Signals): void {
    this.#child?.kill(signal)
  }

  /** Ends it for good; resolves with its exit code. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    this.#stopping = true
    this.#child?.kill(signal)
    return this.#exited
  }

  async #ask<T>(path: string): Promise<T | undefined> {
    try {
      const url = `http://${this.#host}:${this.options.adminPort}${path}`
      const answer = await fetch(url, { signal: AbortSignal.timeout(2000) })
      return (await answer.json()) as T
    } catch {
      return undefined
    }
  }

  #spawn(args: readonly string[]): void {
    const [program, ...first] = [...(this.options.inside ?? []), nodeBinary]
    const child = spawn(program, [...first, ...args], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...this.options.env },
    })
    this.#child = child
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => this.#remember(data))
    this.#exited = new Promise((resolve) => {
      child.once('exit', (code) => {
        resolve(code)
        if (this.#stopping || !this.options.restart || this.#child !== child) return
        this.restarts++
        this.#spawn(args)
      })
    })
  }

  #remember(data: Buffer): void {
    this.log.push(data.toString())
    if (this.log.length > 2000) this.log.splice(0, 1000)
  }
}

/** `count` members on one data directory, started; the caller stops them. */
export async function startMembers(
  directory: string,
  count: number,
  options: Pick<MemberOptions, 'config' | 'wire' | 'env'> = {},
): Promise<BrokerMember[]> {
  const ports = await freePorts(count * 2)
  return Array.from({ length: count }, (_, index) =>
    new BrokerMember({
      member: `member-${index}`,
      directory,
      dataDirectory: join(directory, 'data'),
      ...options,
      openwirePort: ports[2 * index]!,
      adminPort: ports[2 * index + 1]!,
      restart: true,
    }).start(),
  )
}

/**
 * Waits until one member is active and every other one is a standby. Two that are active are an error, unless who was may find out late:
 * where it cannot confirm anything any more.
 */
export async function settled(
  members: readonly BrokerMember[],
  timeoutMs = 120_000,
  { findsOutLate = false } = {},
): Promise<BrokerMember> {
  const deadline = Date.now() + timeoutMs
  for (;;) {
    const roles = await Promise.all(members.map((member) => member.role()))
    const active = members.filter((_, index) => roles[index]?.role === 'Active')
    const standbys = roles.filter((answer) => answer?.role === 'Standby')
    if (active.length > 1 && !findsOutLate)
      throw new Error(`Two members are active: ${active.map((member) => member.options.member).join(', ')}`)
    if (active[0] && standbys.length === members.length - 1) return active[0]
    if (Date.now() > deadline) {
      const logs = members.map((member) => `--- ${member.options.member}\n${member.log.slice(-15).join('')}`).join('\n')
      throw new Error(
        `Not one active and ${members.length - 1} standbys after ${timeoutMs} ms: ${JSON.stringify(roles)}\n${logs}`,
      )
    }
    await new Promise((resolve) => setTimeout(resolve, pollMs))
  }
}

/** Waits until a member is active in a later term: a standby, or the one that was killed, if it came back first. */
export async function activeAfter(
  members: readonly BrokerMember[],
  term: number,
  timeoutMs = 120_000,
): Promise<BrokerMember> {
  const deadline = Date.now() + timeoutMs
  for (;;) {
    const roles = await Promise.all(members.map((member) => member.role()))
    const index = roles.findIndex((answer) => answer?.role === 'Active' && (answer.term ?? 0) > term)
    if (index >= 0) return members[index]!
    if (Date.now() > deadline)
      throw new Error(`Nobody is active after term ${term} and ${timeoutMs} ms: ${JSON.stringify(roles)}`)
    await new Promise((resolve) => setTimeout(resolve, pollMs))
  }
}
