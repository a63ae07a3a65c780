// The marshalling cache of one connection: ids and destinations are sent once and then named by a slot number (ActiveMQ:
// OpenWireFormat.addToMarshallCache). Each direction has its own; the sender chooses the slots and writes them, so the receiver
// only keeps an array. Null is a value like any other.
import type {
  BrokerId,
  ConnectionId,
  ConsumerId,
  DataStructure,
  DestinationStructure,
  ProducerId,
  SessionId,
  TransactionId,
} from './commands.ts'
import { cacheFreeSlots, maxCachedBytes } from './limits.ts'
import { WireError } from './wire-error.ts'

/** What a sender writes when all slots are taken; a receiver stores nothing then. */
const noSlot = -1

const nullKey = 'null'

/** The sender's side. Slots go by value: two equal ids share one. */
export class EncodeCache {
  readonly #size: number
  readonly #slots = new Map<string, number>()
  /** Key by slot. An empty slot counts as null, as in Java: evicting it forgets the null value. */
  readonly #keys: string[] = []
  #nextSlot = 0
  #evictionCursor = 0

  constructor(size: number) {
    this.#size = size
  }

  /** The slot of an equal value sent before, or undefined. */
  find(key: string): number | undefined {
    return this.#slots.get(key)
  }

  /** Takes the next slot for a value that has none; `noSlot` when all are taken. */
  add(key: string): number {
    const slot = this.#nextSlot
    this.#nextSlot = (slot + 1) % this.#size
    if (this.#slots.size >= this.#size) return noSlot
    this.#keys[slot] = key
    this.#slots.set(key, slot)
    return slot
  }

  /** Makes room; to be called before each top-level command. */
  evict(): void {
    // A size within the margin must not be negotiated; with one that was, nothing is kept between commands.
    const maxLive = Math.max(0, this.#size - cacheFreeSlots)
    while (this.#slots.size > maxLive) {
      this.#slots.delete(this.#keys[this.#evictionCursor] ?? nullKey)
      this.#keys[this.#evictionCursor] = nullKey
      this.#evictionCursor = (this.#evictionCursor + 1) % this.#size
    }
  }
}

/** The receiver's side: slot → value. */
export class DecodeCache {
  readonly #size: number
  readonly #values: (DataStructure | null | undefined)[] = []
  readonly #bytes: number[] = []
  #totalBytes = 0

  constructor(size: number) {
    this.#size = size
  }

  /** `bytes` is the encoded length of the value: what a peer makes us remember is bounded. */
  store(slot: number, value: DataStructure | null, bytes: number): void {
    if (slot === noSlot) return
    if (slot < 0 || slot >= this.#size)
      throw new WireError(`Cannot cache value in slot ${slot}: the cache has ${this.#size} slots`)
    this.#totalBytes += bytes - (this.#bytes[slot] ?? 0)
    if (this.#totalBytes > maxCachedBytes)
      throw new WireError(`Cannot cache ${bytes} more bytes: the limit of one connection is ${maxCachedBytes}`, {
        fields: { limit: 'maxCachedBytes' },
      })
    this.#values[slot] = value
    this.#bytes[slot] = bytes
  }

  load(slot: number): DataStructure | null {
    const value = this.#values[slot]
    if (value === undefined) throw new WireError(`Cannot read cached value: nothing was sent for slot ${slot}`)
    return value
  }
}

/** What the cached fields of the table hold, besides null. */
export type Cacheable =
  | ConnectionId
  | SessionId
  | ConsumerId
  | ProducerId
  | BrokerId
  | DestinationStructure
  | TransactionId

/** Equal for equal values and only for them. */
export function cacheKey(value: Cacheable | null): string {
  if (value === null) return nullKey
  switch (value.kind) {
    case 'ConnectionId':
    case 'BrokerId':
      return `${value.kind}|${text(value.value)}`
    case 'SessionId':
      return `S|${value.value}|${text(value.connectionId)}`
    case 'ConsumerId':
    case 'ProducerId':
      return `${value.kind}|${value.sessionId}|${value.value}|${text(value.connectionId)}`
    case 'ActiveMQQueue':
    case 'ActiveMQTopic':
    case 'ActiveMQTempQueue':
    case 'ActiveMQTempTopic':
      return `${value.kind}|${text(value.physicalName)}`
    case 'LocalTransactionId':
      return `L|${value.value}|${text(value.connectionId?.value ?? null)}|${value.connectionId === null}`
    case 'XATransactionId':
      return `X|${value.formatId}|${hex(value.globalTransactionId)}|${hex(value.branchQualifier)}`
  }
}

/** Keeps null apart from every text. */
const text = (value: string | null): string => (value === null ? '0' : `1${value}`)

const hex = (value: Buffer | null): string => (value === null ? '-' : value.toString('hex'))
