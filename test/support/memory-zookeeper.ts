// A ZooKeeper in memory, behind the elector's port: nodes, watches that call once, sessions that can be suspended and expire.
import type { Clock, Timer } from '../../broker/base/clock.ts'
import type {
  SessionState,
  Stat,
  ZooKeeperClient,
  ZooKeeperErrorCode,
} from '../../broker/lock/election/zookeeper/client.ts'

interface Node {
  data: Buffer
  version: number
  readonly owner: bigint
}

const failure = (code: ZooKeeperErrorCode, path: string): Error =>
  Object.assign(new Error(`${code} ${path}`), { zooKeeperCode: code })

const parentOf = (path: string): string => path.slice(0, path.lastIndexOf('/')) || '/'

export class MemoryZooKeeper {
  readonly nodes = new Map<string, Node>([['/', { data: Buffer.alloc(0), version: 0, owner: 0n }]])
  readonly #watches = new Map<string, Set<() => void>>()
  readonly #clock: Clock
  readonly #sessionTimeoutMs: number
  #sequence = 0
  #sessions = 0n
  /** Writes that were done, by path. */
  readonly written: string[] = []
  /** Refuses every request with this code. */
  refuseWith: ZooKeeperErrorCode | undefined

  constructor(clock: Clock, sessionTimeoutMs = 4000) {
    this.#clock = clock
    this.#sessionTimeoutMs = sessionTimeoutMs
  }

  client(): MemoryZooKeeperClient {
    return new MemoryZooKeeperClient(this, this.#clock, this.#sessionTimeoutMs)
  }

  newSession(): bigint {
    return ++this.#sessions
  }

  json(path: string): Record<string, unknown> {
    return JSON.parse(this.need(path).data.toString('utf8')) as Record<string, unknown>
  }

  need(path: string): Node {
    const node = this.nodes.get(path)
    if (!node) throw failure('NO_NODE', path)
    return node
  }

  childrenOf(path: string): string[] {
    return [...this.nodes.keys()]
      .filter((name) => name !== '/' && parentOf(name) === path)
      .map((name) => name.slice(name.lastIndexOf('/') + 1))
  }

  create(path: string, data: Buffer, owner: bigint, isSequential: boolean): string {
    this.need(parentOf(path))
    const name = isSequential ? path + String(this.#sequence++).padStart(10, '0') : path
    if (this.nodes.has(name)) throw failure('NODE_EXISTS', name)
    this.nodes.set(name, { data, version: 0, owner })
    this.#changed(name, `children ${parentOf(name)}`)
    return name
  }

  set(path: string, data: Buffer, version: number): Node {
    const node = this.need(path)
    if (version !== -1 && version !== node.version) throw failure('BAD_VERSION', path)
    node.data = data
    node.version += 1
    this.written.push(path)
    this.#changed(path)
    return node
  }

  delete(path: string): void {
    this.need(path)
    this.nodes.delete(path)
    this.#changed(path, `children ${path}`, `children ${parentOf(path)}`)
  }

  endSession(session: bigint): void {
    for (const [path, { owner }] of this.nodes) if (owner === session) this.delete(path)
  }

  watch(key: string, changed: (() => void) | undefined): void {
    if (!changed) return
    const watches = this.#watches.get(key) ?? new Set()
    this.#watches.set(key, watches.add(changed))
  }

  #changed(...keys: readonly string[]): void {
    for (const key of keys) {
      const watches = this.#watches.get(key)
      this.#watches.delete(key)
      for (const changed of watches ?? []) setImmediate(changed)
    }
  }
}

export class MemoryZooKeeperClient implements ZooKeeperClient {
  state: SessionState = 'Connected'
  readonly sessionTimeoutMs: number
  readonly #server: MemoryZooKeeper
  readonly #clock: Clock
  readonly #listeners: ((state: SessionState) => void)[] = []
  #session: bigint
  #end: Timer | undefined
  #isDead = false

  constructor(server: MemoryZooKeeper, clock: Clock, sessionTimeoutMs: number) {
    this.#server = server
    this.#clock = clock
    this.sessionTimeoutMs = sessionTimeoutMs
    this.#session = server.newSession()
  }

  get trouble(): string | undefined {
    return this.state === 'Connected' ? undefined : 'Cannot connect to ZooKeeper'
  }

  onState(listener: (state: SessionState) => void): void {
    this.#listeners.push(listener)
  }

  /** The connection is lost; the server ends the session when its time is over. */
  suspend(): void {
    this.#become('Suspended')
    this.#end = this.#clock.after(this.sessionTimeoutMs, () => this.#server.endSession(this.#session))
  }

  resume(): void {
    this.#end?.cancel()
    this.#become('Connected')
  }

  /** The session has ended; a new one follows. */
  expire(): void {
    this.#server.endSession(this.#session)
    this.#become('Expired')
    this.#session = this.#server.newSession()
    this.#become('Connected')
  }

  /** As SIGKILL: nothing is said any more, and the session ends by itself. */
  kill(): void {
    this.suspend()
    this.#isDead = true
    this.#listeners.length = 0
  }

  create(path: string, data: Buffer, kind: 'persistent' | 'ephemeral' | 'ephemeral_sequential'): Promise<string> {
    const owner = kind === 'persistent' ? 0n : this.#session
    return this.#ask(path, () => this.#server.create(path, data, owner, kind === 'ephemeral_sequential'))
  }

  ensure(path: string): Promise<void> {
    return this.#ask(path, () => {
      const parts = path.split('/').slice(1)
      for (let depth = 1; depth <= parts.length; depth++) {
        const part = `/${parts.slice(0, depth).join('/')}`
        if (!this.#server.nodes.has(part)) this.#server.create(part, Buffer.alloc(0), 0n, false)
      }
    })
  }

  get(path: string, changed?: () => void): Promise<{ readonly data: Buffer; readonly stat: Stat }> {
    return this.#ask(path, () => {
      const { data, version, owner } = this.#server.need(path)
      this.#server.watch(path, changed)
      return { data, stat: { version, ephemeralOwner: owner } }
    })
  }

  exists(path: string, changed?: () => void): Promise<Stat | undefined> {
    return this.#ask(path, () => {
      const node = this.#server.nodes.get(path)
      this.#server.watch(path, changed)
      return node && { version: node.version, ephemeralOwner: node.owner }
    })
  }

  children(path: string, changed?: () => void): Promise<readonly string[]> {
    return this.#ask(path, () => {
      this.#server.need(path)
      this.#server.watch(`children ${path}`, changed)
      return this.#server.childrenOf(path)
    })
  }

  set(path: string, data: Buffer, version: number): Promise<Stat> {
    return this.#ask(path, () => {
      const node = this.#server.set(path, data, version)
      return { version: node.version, ephemeralOwner: node.owner }
    })
  }

  delete(path: string, version: number): Promise<void> {
    return this.#ask(path, () => {
      const node = this.#server.need(path)
      if (version !== -1 && version !== node.version) throw failure('BAD_VERSION', path)
      this.#server.delete(path)
    })
  }

  close(): Promise<void> {
    this.#end?.cancel()
    if (!this.#isDead) this.#server.endSession(this.#session)
    this.#become('Closed')
    return Promise.resolve()
  }

  async #ask<Answer>(path: string, act: () => Answer): Promise<Answer> {
    await new Promise((resolve) => setImmediate(resolve))
    if (this.state === 'Closed') throw failure('CLOSED', path)
    if (this.state !== 'Connected') throw failure('CONNECTION_LOSS', path)
    if (this.#server.refuseWith) throw failure(this.#server.refuseWith, path)
    return act()
  }

  #become(state: SessionState): void {
    this.state = state
    for (const listener of this.#listeners) listener(state)
  }
}
