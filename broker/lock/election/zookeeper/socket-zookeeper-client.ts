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
type Kind = keyof typeof kinds

interface Right {
  /** Sum of read 1, write 2, create 4, delete 8 and admin 16. */
  readonly permissions: number
  readonly scheme: 'world' | 'digest'
  readonly id: string
}

const everything = 31
const anybody: Right = { permissions: everything, scheme: 'world', id: 'anyone' }
const guest: Right = { ...anybody, permissions: 1 + 4 }
/** With a password; its name matters to nobody. */
const user = 'flotilla'

interface NewNode {
  /** With the chroot. */
  readonly whole: string
  /** As errors name it. */
  readonly path: string
  readonly data: Buffer
  readonly rights: readonly Right[]
  readonly kind: Kind
}

export class SocketZooKeeperClient implements ZooKeeperClient {
  readonly #session: ZooKeeperSession
  readonly #chroot: string
  readonly #owner: Right

  constructor({ address, password, ...options }: ZooKeeperClientOptions) {
    const auth = password === undefined ? undefined : `${user}:${password}`
    this.#chroot = address.chroot
    this.#owner = auth === undefined ? anybody : { ...anybody, scheme: 'digest', id: `${user}:${digestOf(auth)}` }
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

  async create(path: string, data: Buffer, kind: Kind): Promise<string> {
    const made = await this.#make({ whole: this.#below(path), path, data, rights: [this.#owner], kind })
    return made.slice(this.#chroot.length)
  }

  async ensure(path: string): Promise<void> {
    const whole = this.#below(path)
    // What lies above is for others as well, who may have another password. The chroot is made, too: who has to be there before is
    // nobody's business.
    const rights = this.#owner === anybody ? [anybody] : [this.#owner, guest]
    for (let end = whole.indexOf('/', 1); end >= 0; end = whole.indexOf('/', end + 1))
      await this.#ensureNode(whole.slice(0, end), rights)
    await this.#ensureNode(whole, [this.#owner])
  }

  async #ensureNode(whole: string, rights: readonly Right[]): Promise<void> {
    try {
      await this.#make({ whole, path: whole, data: Buffer.alloc(0), rights, kind: 'persistent' })
    } catch (error) {
      const isThere = error instanceof ZooKeeperError && error.zooKeeperCode === 'NODE_EXISTS'
      if (!isThere && !(await this.#isThere(whole))) throw error
    }
  }

  #make({ whole, path, data, rights, kind }: NewNode): Promise<string> {
    const write = (body: JuteWriter): void => {
      body.string(whole).buffer(data).int(rights.length)
      for (const { permissions, scheme, id } of rights) body.int(permissions).string(scheme).string(id)
      body.int(kinds[kind])
    }
    return this.#session.request(opcodes.create, 'make', path, write, (answer) => answer.string())
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
