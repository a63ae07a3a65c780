// A disk in memory that is as bad as a real one may be. Until they are synced, writes may be lost, kept or torn sector by
// sector at a crash, in any combination; names that were made, renamed or removed may be forgotten, the latest first.
//
//   const disk = new SimulatedDisk()
//   disk.crashAfter(17)                  the 18th change and everything after it never happens and never answers
//   const after = disk.restart(random)   what a machine finds after the crash; the old disk answers nobody any more
//
// Faults: `fail` decides about each change; `freeze` holds all requests back until `thaw`; beyond `capacity` a write ends in
// the middle with ENOSPC.
import { FlotillaError } from '../../broker/base/errors.ts'
import type { Random } from '../../broker/base/random.ts'
import type { Disk, DiskFile } from '../../broker/disk/disk.ts'

export type DiskOperation =
  | 'write'
  | 'writeDurably'
  | 'sync'
  | 'truncate'
  | 'preallocate'
  | 'create'
  | 'rename'
  | 'remove'
  | 'syncDirectory'

/** Smaller than any page, so that more tears are possible than on real disks. */
const sectorBytes = 64

export class SimulatedDisk implements Disk {
  /** Returns an error code (ENOSPC, EIO, …) for an operation that is to fail. */
  fail: (operation: DiskOperation, path: string) => string | undefined = () => undefined
  /** Changes made so far. */
  operations = 0
  /** Bytes of all files together. */
  capacity = Number.MAX_SAFE_INTEGER
  /** Resolves at the moment of the crash. */
  readonly whenCrashed: Promise<void>
  #die: () => void = () => {}
  readonly #root: Folder
  #operationsLeft = Number.POSITIVE_INFINITY
  #dead = false
  #frozen: Promise<void> | undefined
  #thaw: () => void = () => {}

  constructor(root = new Folder()) {
    this.#root = root
    this.whenCrashed = new Promise((resolve) => {
      this.#die = () => {
        this.#dead = true
        resolve()
      }
    })
  }

  get crashed(): boolean {
    return this.#dead
  }

  /** Lets `count` more changes happen and then nothing. */
  crashAfter(count: number): void {
    this.#operationsLeft = count
  }

  /** A disk with what survived: everything synced, and by chance parts of the rest. */
  restart(random: Random): SimulatedDisk {
    this.#die()
    const survivor = new SimulatedDisk(this.#root.survivor(random))
    survivor.capacity = this.capacity
    return survivor
  }

  /** Another disk with everything that is durable on this one, and by chance parts of the rest. */
  copy(random: Random = { next: () => 0 }): SimulatedDisk {
    return new SimulatedDisk(this.#root.survivor(random))
  }

  freeze(): void {
    this.#frozen ??= new Promise((resolve) => (this.#thaw = resolve))
  }

  thaw(): void {
    this.#frozen = undefined
    this.#thaw()
  }

  async open(path: string, mode: 'create' | 'existing' | 'read'): Promise<DiskFile> {
    if (mode === 'create') {
      await this.change('create', path)
      const { folder, name } = this.#parent(path)
      if (folder.entries.has(name)) throw failure('EEXIST', path)
      const content = new Content()
      folder.set([[name, content]])
      return new SimulatedFile(this, content, path, true)
    }
    await this.request()
    const node = this.#find(path)
    if (!(node instanceof Content)) throw failure(node ? 'EISDIR' : 'ENOENT', path)
    return new SimulatedFile(this, node, path, mode === 'existing')
  }

  async list(directory: string): Promise<readonly string[]> {
    await this.request()
    return [...this.#folder(directory).entries.keys()]
  }

  async exists(path: string): Promise<boolean> {
    await this.request()
    return this.#find(path) !== undefined
  }

  async rename(from: string, to: string): Promise<void> {
    await this.change('rename', from)
    const source = this.#parent(from)
    const target = this.#parent(to)
    const node = source.folder.entries.get(source.name)
    if (!node) throw failure('ENOENT', from)
    if (source.folder !== target.folder) throw failure('EXDEV', to)
    source.folder.set([
      [source.name, undefined],
      [target.name, node],
    ])
  }

  async remove(path: string): Promise<void> {
    await this.change('remove', path)
    const { folder, name } = this.#parent(path)
    const node = folder.entries.get(name)
    if (!(node instanceof Content)) throw failure(node ? 'EISDIR' : 'ENOENT', path)
    folder.set([[name, undefined]])
  }

  async makeDirectory(path: string): Promise<void> {
    await this.change('create', path)
    let folder = this.#root
    for (const name of parts(path)) {
      let next = folder.entries.get(name)
      if (!next) folder.set([[name, (next = new Folder())]])
      if (!(next instanceof Folder)) throw failure('ENOTDIR', path)
      folder = next
    }
  }

  async removeDirectory(path: string): Promise<void> {
    await this.change('remove', path)
    const { folder, name } = this.#parent(path)
    if (this.#folder(path).entries.size > 0) throw failure('ENOTEMPTY', path)
    folder.set([[name, undefined]])
  }

  async syncDirectory(directory: string): Promise<void> {
    await this.change('syncDirectory', directory)
    this.#folder(directory).sync()
  }

  async freeBytes(): Promise<number> {
    await this.request()
    return this.capacity - this.#root.size
  }

  /** Flips one bit, as a decaying disk does. */
  flipBit(path: string, offset: number, bit = 0): void {
    const node = this.#find(path)
    if (!(node instanceof Content)) throw failure('ENOENT', path)
    node.flip(offset, bit)
  }

  /** How many of `bytes` more bytes fit. */
  roomFor(bytes: number): number {
    // Most tests have no need of a count.
    if (this.capacity === Number.MAX_SAFE_INTEGER) return bytes
    return Math.max(0, Math.min(bytes, this.capacity - this.#root.size))
  }

  /** Waits for the thaw; never answers once the disk is dead. */
  async request(): Promise<void> {
    await this.#frozen
    if (this.#dead) await new Promise(() => {})
  }

  /** `cutOff` is what may still reach the disk in part if this is the change at which it dies. */
  async change(operation: DiskOperation, path: string, cutOff?: () => void): Promise<void> {
    await this.request()
    const code = this.fail(operation, path)
    if (code !== undefined) throw failure(code, path)
    this.operations++
    if (this.#operationsLeft-- > 0) return
    cutOff?.()
    this.#die()
    await this.request()
  }

  #find(path: string): Content | Folder | undefined {
    let node: Content | Folder | undefined = this.#root
    for (const name of parts(path)) node = node instanceof Folder ? node.entries.get(name) : undefined
    return node
  }

  #folder(path: string): Folder {
    const node = this.#find(path)
    if (!(node instanceof Folder)) throw failure(node ? 'ENOTDIR' : 'ENOENT', path)
    return node
  }

  #parent(path: string): { folder: Folder; name: string } {
    const names = parts(path)
    const name = names.pop() ?? ''
    return { folder: this.#folder(names.join('/')), name }
  }
}

class SimulatedFile implements DiskFile {
  readonly #disk: SimulatedDisk
  readonly #content: Content
  readonly #path: string
  readonly #writable: boolean

  constructor(disk: SimulatedDisk, content: Content, path: string, writable: boolean) {
    this.#disk = disk
    this.#content = content
    this.#path = path
    this.#writable = writable
  }

  async write(buffers: readonly Buffer[], position: number): Promise<void> {
    // Copied at once: a caller that changes a buffer before the write is done must not go unnoticed.
    const bytes = Buffer.concat(buffers)
    if (!this.#writable) throw failure('EBADF', this.#path)
    const write = (): void => this.#content.write(position, bytes)
    await this.#disk.change('write', this.#path, write)
    const missing = this.#missing(position, bytes.length)
    if (missing > 0) this.#content.write(position, bytes.subarray(0, bytes.length - missing))
    if (missing > 0) throw failure('ENOSPC', this.#path)
    write()
  }

  /** One that fails may have left anything, as far as it came. */
  async writeDurably(buffers: readonly Buffer[], position: number): Promise<void> {
    const bytes = Buffer.concat(buffers)
    if (!this.#writable) throw failure('EBADF', this.#path)
    const write = (length: number): void => this.#content.write(position, bytes.subarray(0, length))
    try {
      await this.#disk.change('writeDurably', this.#path, () => write(bytes.length))
    } catch (error) {
      write(bytes.length)
      throw error
    }
    const fits = bytes.length - this.#missing(position, bytes.length)
    if (fits === bytes.length) return this.#content.writeDurably(position, bytes)
    write(fits)
    throw failure('ENOSPC', this.#path)
  }

  async read(position: number, length: number, into?: Buffer): Promise<Buffer> {
    await this.#disk.request()
    const bytes = this.#content.bytes.subarray(position, position + length)
    if (!into || into.length < length) return Buffer.from(bytes)
    return into.subarray(0, bytes.copy(into))
  }

  async sync(): Promise<void> {
    await this.#disk.change('sync', this.#path)
    this.#content.sync()
  }

  async size(): Promise<number> {
    await this.#disk.request()
    return this.#content.bytes.length
  }

  async truncate(size: number): Promise<void> {
    await this.#disk.change('truncate', this.#path)
    this.#content.truncate(size)
  }

  async preallocate(from: number, to: number): Promise<void> {
    const half = from + Math.floor((to - from) / 2)
    await this.#disk.change('preallocate', this.#path, () => this.#content.extend(half))
    if (!(await this.#disk.exists(this.#path))) throw failure('ENOENT', this.#path)
    const grows = Math.max(0, to - this.#content.bytes.length)
    if (this.#disk.roomFor(grows) < grows) {
      this.#content.extend(this.#content.bytes.length + this.#disk.roomFor(grows))
      throw failure('ENOSPC', this.#path)
    }
    this.#content.extend(to)
  }

  async close(): Promise<void> {
    await this.#disk.request()
  }

  /** How many of `length` bytes at `position` find no room. */
  #missing(position: number, length: number): number {
    const grows = Math.max(0, position + length - Math.max(position, this.#content.bytes.length))
    return grows - this.#disk.roomFor(grows)
  }
}

interface UnsyncedWrite {
  readonly position: number
  readonly bytes: Buffer
}

class Content {
  bytes: Buffer = Buffer.alloc(0)
  #durable: Buffer = Buffer.alloc(0)
  #unsynced: UnsyncedWrite[] = []

  write(position: number, bytes: Buffer): void {
    this.bytes = overwritten(this.bytes, position, bytes)
    this.#unsynced.push({ position, bytes })
  }

  /** Durable at once; what was written elsewhere is so no more than before. */
  writeDurably(position: number, bytes: Buffer): void {
    this.#changeBoth((before) => overwritten(before, position, bytes))
    this.#unsynced = this.#unsynced.flatMap((write) => outside(write, position, position + bytes.length))
  }

  truncate(size: number): void {
    this.bytes = Buffer.from(this.bytes.subarray(0, size))
    this.sync()
  }

  sync(): void {
    this.#durable = this.bytes
    this.#unsynced = []
  }

  /** Zeros that are durable at once; what was written is so no more than before. */
  extend(to: number): void {
    this.#changeBoth((before) => longer(before, to))
  }

  flip(offset: number, bit: number): void {
    const changed = Buffer.from(this.bytes)
    changed[offset]! ^= 1 << bit
    this.bytes = changed
    this.#durable = changed
  }

  survivor(random: Random): Content {
    const content = new Content()
    let bytes = this.#durable
    for (const write of this.#unsynced) {
      const keep = random.next()
      for (let start = 0; start < write.bytes.length; start += sectorBytes) {
        if (random.next() > keep) continue
        bytes = overwritten(bytes, write.position + start, write.bytes.subarray(start, start + sectorBytes))
      }
    }
    content.bytes = bytes
    content.sync()
    return content
  }

  /** One copy where both are the same, as they mostly are. */
  #changeBoth(change: (before: Buffer) => Buffer): void {
    const { bytes } = this
    this.bytes = change(bytes)
    this.#durable = this.#durable === bytes ? this.bytes : change(this.#durable)
  }
}

type Entry = readonly [name: string, node: Content | Folder | undefined]

class Folder {
  readonly entries = new Map<string, Content | Folder>()
  #durable: ReadonlyMap<string, Content | Folder> = new Map()
  #unsynced: (readonly Entry[])[] = []

  get size(): number {
    let total = 0
    for (const node of this.entries.values()) total += node instanceof Folder ? node.size : node.bytes.length
    return total
  }

  /** One change, which happens as a whole or not at all. */
  set(change: readonly Entry[]): void {
    apply(this.entries, change)
    this.#unsynced.push(change)
  }

  sync(): void {
    this.#durable = new Map(this.entries)
    this.#unsynced = []
  }

  /** File systems log changes of names in order: a beginning of them survives. */
  survivor(random: Random): Folder {
    const folder = new Folder()
    const entries = new Map(this.#durable)
    const kept = Math.floor(random.next() * (this.#unsynced.length + 1))
    for (const change of this.#unsynced.slice(0, kept)) apply(entries, change)
    for (const [name, node] of entries) folder.entries.set(name, node.survivor(random))
    folder.sync()
    return folder
  }
}

function apply(entries: Map<string, Content | Folder>, change: readonly Entry[]): void {
  for (const [name, node] of change) {
    if (node) entries.set(name, node)
    else entries.delete(name)
  }
}

/** What of a write is not in [from, to): the system has one content of a place, the last. */
function outside(write: UnsyncedWrite, from: number, to: number): UnsyncedWrite[] {
  const { position, bytes } = write
  const end = position + bytes.length
  if (end <= from || position >= to) return [write]
  const rest: UnsyncedWrite[] = []
  if (position < from) rest.push({ position, bytes: bytes.subarray(0, from - position) })
  if (end > to) rest.push({ position: to, bytes: bytes.subarray(to - position) })
  return rest
}

const longer = (bytes: Buffer, to: number): Buffer =>
  to <= bytes.length ? bytes : Buffer.concat([bytes, Buffer.alloc(to - bytes.length)])

function overwritten(bytes: Buffer, position: number, change: Buffer): Buffer {
  const result = Buffer.alloc(Math.max(bytes.length, position + change.length))
  bytes.copy(result)
  change.copy(result, position)
  return result
}

const parts = (path: string): string[] => path.split('/').filter((part) => part !== '')

const failure = (code: string, path: string): FlotillaError =>
  new FlotillaError(code, `${code}: simulated failure at ${path}`, { fields: { path } })
