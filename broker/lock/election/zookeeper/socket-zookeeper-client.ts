// ZooKeeper's operations on nodes (client.ts) over a session; paths are below the chroot.
import { createHash } from 'node:crypto'
import type { ZooKeeperAddress } from './address.ts'
import type { SessionState, Stat, ZooKeeperClient } from './client.ts'
import type { JuteReader, JuteWriter } from './jute.ts'
import { ZooKeeperError } from './zookeeper-error.ts'
import { opcodes, ZooKeeperSession, type ZooKeeperSessionOptions } from './zookeeper-session.ts'

export interface ZooKeeperClientOptions extends Omit<ZooKeeperSessionOptions, 'servers' | 'auth'> {
  readonly address: ZooKeeperAddress
  /** Nodes are made so that only who has it can read or change them. Left out: anybody can. */
  readonly password?: string | undefined
}

const kinds = { persistent: 0, ephemeral: 1, ephemeral_sequential: 3 } as const
const allPermissions = 31
/** With a password; its name matters to nobody. */
const user = 'flotilla'

export class SocketZooKeeperClient implements ZooKeeperClient {
  readonly #session: ZooKeeperSession
  readonly #chroot: string
  /** Scheme and id of who may do everything with the nodes that are made. */
  readonly #owner: readonly [scheme: string, id: string]

  constructor({ address, password, ...options }: ZooKeeperClientOptions) {
    const auth = password === undefined ? undefined : `${user}:${password}`
    this.#chroot = address.chroot
    this.#owner = auth === undefined ? ['world', 'anyone'] : ['digest', `${user}:${digestOf(auth)}`]
    this.#session = new ZooKeeperSession({ ...options, servers: address.servers, auth })
    this.#session.start()
  }

  get state(): SessionState {
    return this.#session.state
  }

  get trouble(): string | undefined {
    return this.#session.trouble
  }

  get sessionTimeoutMs(): number {
    return this.#session.timeoutMs
  }

  onState(listener: (state: SessionState) => void): void {
    this.#session.onState(listener)
  }

  async create(path: string, data: Buffer, kind: keyof typeof kinds): Promise<string> {
    const [scheme, id] = this.#owner
    const made = await this.#session.request(
      opcodes.create,
      'make',
      path,
      (body) =>
        body
          .string(this.#below(path))
          .buffer(data)
          .int(1)
          .int(allPermissions)
          .string(scheme)
          .string(id)
          .int(kinds[kind]),
      (answer) => answer.string(),
    )
    return made.slice(this.#chroot.length)
  }

  async ensure(path: string): Promise<void> {
    const whole = this.#below(path)
    // The chroot is made, too: who has to be there before is nobody's business.
    for (let end = whole.indexOf('/', 1); ; end = whole.indexOf('/', end + 1)) {
      await this.#ensureNode(end < 0 ? whole : whole.slice(0, end))
      if (end < 0) return
    }
  }

  async #ensureNode(whole: string): Promise<void> {
    const [scheme, id] = this.#owner
    const write = (body: JuteWriter): unknown =>
      body
        .string(whole)
        .buffer(Buffer.alloc(0))
        .int(1)
        .int(allPermissions)
        .string(scheme)
        .string(id)
        .int(kinds.persistent)
    try {
      await this.#session.request(opcodes.create, 'make', whole, write, () => {})
    } catch (error) {
      const isThere = error instanceof ZooKeeperError && error.zooKeeperCode === 'NODE_EXISTS'
      if (!isThere && !(await this.#isThere(whole))) throw error
    }
  }

  /** A node above ours may be one in which this client can make nothing. */
  async #isThere(whole: string): Promise<boolean> {
    const write = (body: JuteWriter): unknown => body.string(whole).bool(false)
    return this.#session.request(opcodes.exists, 'look for', whole, write, () => true).catch(() => false)
  }

  get(path: string, changed?: () => void): Promise<{ readonly data: Buffer; readonly stat: Stat }> {
    return this.#session.request(
      opcodes.getData,
      'read',
      path,
      (body) => body.string(this.#below(path)).bool(changed !== undefined),
      (answer) => {
        if (changed) this.#session.watches.add('data', this.#below(path), changed)
        return { data: Buffer.from(answer.buffer()), stat: readStat(answer) }
      },
    )
  }

  exists(path: string, changed?: () => void): Promise<Stat | undefined> {
    const whole = this.#below(path)
    const watch = (kind: 'data' | 'exists'): void => {
      if (changed) this.#session.watches.add(kind, whole, changed)
    }
    return this.#session.request<Stat | undefined>(
      opcodes.exists,
      'look for',
      path,
      (body) => body.string(whole).bool(changed !== undefined),
      (answer) => {
        watch('data')
        return readStat(answer)
      },
      () => {
        watch('exists')
        return undefined
      },
    )
  }

  children(path: string, changed?: () => void): Promise<readonly string[]> {
    return this.#session.request(
      opcodes.getChildren2,
      'list',
      path,
      (body) => body.string(this.#below(path)).bool(changed !== undefined),
      (answer) => {
        if (changed) this.#session.watches.add('children', this.#below(path), changed)
        return answer.strings()
      },
    )
  }

  set(path: string, data: Buffer, version: number): Promise<Stat> {
    return this.#session.request(
      opcodes.setData,
      'change',
      path,
      (body) => body.string(this.#below(path)).buffer(data).int(version),
      readStat,
    )
  }

  delete(path: string, version: number): Promise<void> {
    return this.#session.request(
      opcodes.delete,
      'remove',
      path,
      (body) => body.string(this.#below(path)).int(version),
      () => {},
    )
  }

  close(): Promise<void> {
    return this.#session.close()
  }

  #below(path: string): string {
    return path === '/' && this.#chroot !== '' ? this.#chroot : `${this.#chroot}${path}`
  }
}

/** As DigestAuthenticationProvider of ZooKeeper makes it of `user:password`. */
const digestOf = (auth: string): string => createHash('sha1').update(auth).digest('base64')

function readStat(answer: JuteReader): Stat {
  for (let times = 0; times < 4; times++) answer.long()
  const version = answer.int()
  answer.int()
  answer.int()
  return { version, ephemeralOwner: answer.long() }
}
