// A small ZooKeeper for tests: several servers of one ensemble in this process, with one tree. What it does of the protocol is what our client
// asks for; the same tests run against the real one (test/contract/zookeeper-client.ts).
import { createHash } from 'node:crypto'
import { createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'
import { JuteReader, JuteWriter } from '../../broker/lock/election/zookeeper/jute.ts'
import { opcodes } from '../../broker/lock/election/zookeeper/zookeeper-session.ts'
import { FrameSplitter } from '../../broker/wire/openwire/frame-splitter.ts'

const errors = { noNode: -101, noAuth: -102, badVersion: -103, exists: -110, notEmpty: -111 } as const
const events = { created: 1, deleted: 2, changed: 3, children: 4 } as const
/** Permissions. */
const may = { read: 1, write: 2, create: 4, delete: 8 } as const
const ephemeralFlag = 1
const sequentialFlag = 2

interface Node {
  data: Buffer
  version: number
  owner: bigint
  /** Permissions by scheme and id. */
  readonly acl: ReadonlyMap<string, number>
  sequence: number
  readonly children: Set<string>
  /** Of the last change of its data, or its making. */
  zxid: bigint
  /** Of the last child that was made or removed. */
  childrenZxid: bigint
}

interface Session {
  readonly id: bigint
  readonly timeoutMs: number
  connection: Connection | undefined
  timer: NodeJS.Timeout | undefined
}

interface Connection {
  readonly socket: Socket
  readonly splitter: FrameSplitter
  readonly server: number
  session: Session | undefined
  identity: string | undefined
  /** `kind path` */
  readonly watches: Set<string>
}

class Refused extends Error {
  readonly number: number

  constructor(number: number) {
    super(`refused with ${number}`)
    this.number = number
  }
}

export class ZooKeeperServers {
  readonly #servers: (Server | undefined)[] = []
  readonly #ports: number[] = []
  readonly #connections = new Set<Connection>()
  readonly #sessions = new Map<bigint, Session>()
  readonly #nodes = new Map<string, Node>([['/', newRoot()]])
  #lastSession = 1n
  #zxid = 0n
  /** Connect requests are answered, and then nothing is. */
  isFrozen = false
  pings = 0

  readonly #tls: TlsOptions | undefined

  private constructor(tls: TlsOptions | undefined) {
    this.#tls = tls
  }

  static async start(count = 3, tls?: TlsOptions): Promise<ZooKeeperServers> {
    const ensemble = new ZooKeeperServers(tls)
    for (let index = 0; index < count; index++) await ensemble.startServer(index)
    return ensemble
  }

  get address(): string {
    return this.#ports.map((port) => `127.0.0.1:${port}`).join(',')
  }

  /** That has the connection of this session. */
  serverOf(session: bigint): number {
    for (const connection of this.#connections) if (connection.session?.id === session) return connection.server
    throw new Error(`No server has session ${session}`)
  }

  async startServer(index: number): Promise<void> {
    const accept = (socket: Socket): void => this.#accept(socket, index)
    const server = this.#tls ? createTlsServer(this.#tls, accept) : createServer(accept)
    await new Promise<void>((resolve) => server.listen(this.#ports[index] ?? 0, '127.0.0.1', resolve))
    const address = server.address()
    this.#ports[index] = typeof address === 'object' && address ? address.port : 0
    this.#servers[index] = server
  }

  /** As if its process were killed; sessions live on. */
  async killServer(index: number): Promise<void> {
    const server = this.#servers[index]
    this.#servers[index] = undefined
    for (const connection of this.#connections) if (connection.server === index) connection.socket.destroy()
    if (server) await new Promise((resolve) => server.close(resolve))
  }

  /** All sessions that there are now have expired. */
  expireAll(): void {
    for (const session of this.#sessions.values()) this.#end(session)
  }

  /** Every connection is cut. */
  cutAll(): void {
    for (const { socket } of this.#connections) socket.destroy()
  }

  /** As a client of another server. */
  put(path: string, data: Buffer): void {
    const zxid = ++this.#zxid
    const node = this.#nodes.get(path)
    if (node) Object.assign(node, { data, version: node.version + 1, zxid })
    else {
      const parent = this.#nodes.get(parentOf(path))!
      this.#nodes.set(path, newNode(data, parent.acl, { zxid }))
      parent.children.add(path.slice(path.lastIndexOf('/') + 1))
      parent.childrenZxid = zxid
    }
  }

  /** As if all its disks had been replaced by empty ones, and all servers started again. */
  wipe(): void {
    for (const { timer } of this.#sessions.values()) clearTimeout(timer)
    this.#sessions.clear()
    this.#nodes.clear()
    this.#nodes.set('/', newRoot())
    this.#zxid = 0n
    for (const { socket } of this.#connections) socket.destroy()
  }

  async close(): Promise<void> {
    for (const session of this.#sessions.values()) clearTimeout(session.timer)
    for (let index = 0; index < this.#ports.length; index++) await this.killServer(index)
  }

  #accept(socket: Socket, server: number): void {
    const connection: Connection = {
      socket,
      splitter: new FrameSplitter(2 ** 20),
      server,
      session: undefined,
      identity: undefined,
      watches: new Set(),
    }
    this.#connections.add(connection)
    socket.on('error', () => {})
    socket.on('close', () => {
      this.#connections.delete(connection)
      if (connection.session?.connection === connection) connection.session.connection = undefined
    })
    socket.on('data', (chunk: Buffer) => {
      for (const frame of connection.splitter.push(chunk))
        if (connection.session) this.#request(connection, connection.session, new JuteReader(frame))
        else this.#connect(connection, new JuteReader(frame))
    })
  }

  #connect(connection: Connection, request: JuteReader): void {
    request.int()
    // Who has seen more than this server has is to try another one.
    if (request.long() > this.#zxid) return void connection.socket.destroy()
    const timeoutMs = request.int()
    const id = request.long()
    const known = this.#sessions.get(id)
    const session = id === 0n ? this.#newSession(timeoutMs) : known
    const answer = new JuteWriter().int(0).int(session ? session.timeoutMs : 0)
    connection.socket.write(
      answer
        .long(session?.id ?? 0n)
        .buffer(Buffer.alloc(16, 1))
        .bool(false)
        .frame(),
    )
    if (!session) return void connection.socket.end()
    session.connection?.socket.destroy()
    session.connection = connection
    connection.session = session
    this.#touch(session)
  }

  #newSession(timeoutMs: number): Session {
    const session = { id: ++this.#lastSession, timeoutMs, connection: undefined, timer: undefined }
    this.#sessions.set(session.id, session)
    return session
  }

  #touch(session: Session): void {
    clearTimeout(session.timer)
    session.timer = setTimeout(() => this.#end(session), session.timeoutMs)
    session.timer.unref()
  }

  #end(session: Session): void {
    clearTimeout(session.timer)
    this.#sessions.delete(session.id)
    session.connection?.socket.destroy()
    for (const [path, { owner }] of this.#nodes) if (owner === session.id) this.#remove(path)
  }

  #request(connection: Connection, session: Session, request: JuteReader): void {
    if (this.isFrozen) return
    this.#touch(session)
    const xid = request.int()
    const type = request.int()
    const reply = (error: number): JuteWriter => new JuteWriter().int(xid).long(this.#zxid).int(error)
    try {
      const body = this.#carryOut(connection, session, type, request)
      const answer = reply(0)
      body?.(answer)
      connection.socket.write(answer.frame())
      if (type === opcodes.closeSession) this.#end(session)
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      connection.socket.write(reply(error.number).frame())
    }
  }

  #carryOut(
    connection: Connection,
    session: Session,
    type: number,
    request: JuteReader,
  ): ((answer: JuteWriter) => unknown) | undefined {
    switch (type) {
      case opcodes.ping:
        this.pings++
        return undefined
      case opcodes.create:
        return this.#create(connection, session, request)
      case opcodes.delete:
        return this.#delete(connection, request)
      case opcodes.exists:
      case opcodes.getData:
      case opcodes.getChildren2:
        return this.#look(connection, type, request)
      case opcodes.setData:
        return this.#setData(connection, request)
      case opcodes.auth: {
        request.int()
        request.string()
        const auth = request.buffer().toString()
        const digest = createHash('sha1').update(auth).digest('base64')
        connection.identity = `digest:${auth.slice(0, auth.indexOf(':'))}:${digest}`
        return undefined
      }
      case opcodes.setWatches:
        this.#setWatches(connection, request)
        return undefined
      default:
        return undefined
    }
  }

  /** What has changed since the client was told last is told at once. */
  #setWatches(connection: Connection, request: JuteReader): void {
    const since = request.long()
    const set = (kind: 'data' | 'children', path: string, event: number | undefined): void => {
      if (event === undefined) connection.watches.add(`${kind} ${path}`)
      else connection.socket.write(eventFrame(event, path))
    }
    for (const path of request.strings()) {
      const node = this.#nodes.get(path)
      set('data', path, !node ? events.deleted : node.zxid > since ? events.changed : undefined)
    }
    for (const path of request.strings()) set('data', path, this.#nodes.has(path) ? events.created : undefined)
    for (const path of request.strings()) {
      const node = this.#nodes.get(path)
      set('children', path, !node ? events.deleted : node.childrenZxid > since ? events.children : undefined)
    }
  }

  #create(connection: Connection, session: Session, request: JuteReader): (answer: JuteWriter) => unknown {
    const given = request.string()
    const data = Buffer.from(request.buffer())
    const acl = new Map<string, number>()
    for (let left = request.int(); left > 0; left--) {
      const permissions = request.int()
      acl.set(`${request.string()}:${request.string()}`, permissions)
    }
    const flags = request.int()
    const parent = this.#allowed(connection, parentOf(given), may.create)
    const number = String(parent.sequence).padStart(10, '0')
    const path = (flags & sequentialFlag) === 0 ? given : `${given}${number}`
    if (this.#nodes.has(path)) throw new Refused(errors.exists)
    parent.sequence++
    const zxid = ++this.#zxid
    this.#nodes.set(path, newNode(data, acl, { zxid, owner: (flags & ephemeralFlag) === 0 ? 0n : session.id }))
    parent.children.add(path.slice(path.lastIndexOf('/') + 1))
    parent.childrenZxid = zxid
    this.#fire('data', path, events.created)
    this.#fire('children', parentOf(path), events.children)
    return (answer) => answer.string(path)
  }

  #delete(connection: Connection, request: JuteReader): undefined {
    const path = request.string()
    const version = request.int()
    this.#allowed(connection, parentOf(path), may.delete)
    const node = this.#nodes.get(path)
    if (!node) throw new Refused(errors.noNode)
    if (version >= 0 && version !== node.version) throw new Refused(errors.badVersion)
    if (node.children.size > 0) throw new Refused(errors.notEmpty)
    this.#remove(path)
    return undefined
  }

  #setData(connection: Connection, request: JuteReader): (answer: JuteWriter) => unknown {
    const path = request.string()
    const data = Buffer.from(request.buffer())
    const version = request.int()
    const node = this.#allowed(connection, path, may.write)
    if (version >= 0 && version !== node.version) throw new Refused(errors.badVersion)
    node.data = data
    node.version++
    node.zxid = ++this.#zxid
    this.#fire('data', path, events.changed)
    return (answer) => writeStat(answer, node)
  }

  #look(connection: Connection, type: number, request: JuteReader): (answer: JuteWriter) => unknown {
    const path = request.string()
    const watches = request.bool()
    const node = this.#nodes.get(path)
    if (watches && (node || type === opcodes.exists))
      connection.watches.add(`${type === opcodes.getChildren2 ? 'children' : 'data'} ${path}`)
    if (!node) throw new Refused(errors.noNode)
    if (type === opcodes.exists) return (answer) => writeStat(answer, node)
    this.#allowed(connection, path, may.read)
    if (type === opcodes.getData) return (answer) => writeStat(answer.buffer(node.data), node)
    return (answer) => writeStat(answer.strings(node.children), node)
  }

  #allowed({ identity = '' }: Connection, path: string, permission: number): Node {
    const node = this.#nodes.get(path)
    if (!node) throw new Refused(errors.noNode)
    const permissions = (node.acl.get('world:anyone') ?? 0) | (node.acl.get(identity) ?? 0)
    if ((permissions & permission) === 0) throw new Refused(errors.noAuth)
    return node
  }

  #remove(path: string): void {
    this.#nodes.delete(path)
    const zxid = ++this.#zxid
    const parent = this.#nodes.get(parentOf(path))
    parent?.children.delete(path.slice(path.lastIndexOf('/') + 1))
    if (parent) parent.childrenZxid = zxid
    this.#fire('data', path, events.deleted)
    this.#fire('children', parentOf(path), events.children)
  }

  #fire(kind: 'data' | 'children', path: string, event: number): void {
    for (const { watches, socket } of this.#connections)
      if (watches.delete(`${kind} ${path}`)) socket.write(eventFrame(event, path))
  }
}

const newNode = (
  data: Buffer,
  acl: ReadonlyMap<string, number>,
  { owner = 0n, zxid = 0n }: { readonly owner?: bigint; readonly zxid?: bigint } = {},
): Node => ({ data, version: 0, owner, acl, sequence: 0, children: new Set(), zxid, childrenZxid: zxid })

const newRoot = (): Node => newNode(Buffer.alloc(0), new Map([['world:anyone', 31]]))

const eventFrame = (event: number, path: string): Buffer =>
  new JuteWriter().int(-1).long(-1n).int(0).int(event).int(3).string(path).frame()

const parentOf = (path: string): string => path.slice(0, path.lastIndexOf('/')) || '/'

const writeStat = (answer: JuteWriter, { version, owner, data, children }: Node): JuteWriter =>
  answer
    .long(0n)
    .long(0n)
    .long(0n)
    .long(0n)
    .int(version)
    .int(0)
    .int(0)
    .long(owner)
    .int(data.length)
    .int(children.size)
    .long(0n)
