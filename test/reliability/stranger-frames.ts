// What strangers send: commands made from the table of structures with values that lie where code breaks (limits, signs,
// ids of others, huge counts, deep nesting), and the ways in which their bytes are damaged afterwards. Everything follows
// from one Random, so that a seed repeats a run.
import type { Random } from '../../broker/base/random.ts'
import type { DataStructure } from '../../broker/wire/openwire/commands.ts'
import { typeCodes } from '../../broker/wire/openwire/commands.ts'
import type { FieldSchema } from '../../broker/wire/openwire/schema.ts'
import { codesOf, structures, wireFields } from '../../broker/wire/openwire/schema.ts'

/** Whose ids a stranger uses. */
export interface StrangerIds {
  /** Its own, announced or about to be. */
  readonly own: string
  /** Those of other connections on the same broker. */
  readonly foreign: readonly string[]
}

const names = new Map(Object.entries(typeCodes).map(([name, code]) => [code as number, name]))
const fieldsByName = new Map<string, readonly FieldSchema[]>()
const typesByName = new Map<string, readonly string[]>()
const allKinds = Object.entries(structures).flatMap(([name, { code }]) => (code === undefined ? [] : [name]))

/** Commands that do something to a broker, the likeliest first. */
const usefulKinds = [
  'ConsumerInfo',
  'ProducerInfo',
  'ActiveMQTextMessage',
  'ActiveMQBytesMessage',
  'MessageAck',
  'SessionInfo',
  'TransactionInfo',
  'RemoveInfo',
  'DestinationInfo',
  'MessagePull',
  'ConsumerControl',
  'ConnectionInfo',
  'RemoveSubscriptionInfo',
  'BrokerInfo',
  'KeepAliveInfo',
]

const removable = ['ConnectionId', 'SessionId', 'ConsumerId', 'ProducerId']
const maxDepth = 3

const longs: readonly (number | bigint)[] = [
  0,
  1,
  2,
  -1,
  -2,
  255,
  65_535,
  65_536,
  2 ** 31,
  2 ** 32 - 1,
  2 ** 32,
  -(2 ** 31),
  Number.MAX_SAFE_INTEGER,
  -(2 ** 53) + 1,
  2n ** 63n - 1n,
  -(2n ** 63n),
  2n ** 53n,
  1_700_000_000_000,
  1,
]
const ints: readonly number[] = [0, 1, 2, 3, 4, 5, 6, 7, -1, -2, 100, 1000, 32_766, 32_767, 2 ** 31 - 1, -(2 ** 31)]
const bytesValues: readonly number[] = [0, 1, 2, 3, 4, 5, 6, 7, 9, -1, 127, -128]
const smallIds: readonly (number | bigint)[] = [3, 4, 5, 0, 2 ** 40, -(2n ** 63n)]
const sequences: readonly (number | bigint)[] = [1, 2, 3, 4, 5, 6, 7, 8]
const queueNames = ['strangers.Q.1', 'strangers.Q.2', 'strangers.Q.3', 'strangers.Q.4']
const topicNames = ['strangers.T.1', 'strangers.T.2', 'strangers.T.3']
const oddNames = [
  '',
  ' ',
  '>',
  '*',
  'strangers.>',
  'strangers.*.1',
  'strangers.Q.1,strangers.Q.2',
  'queue://strangers.Q.1,topic://strangers.T.1,temp-queue://nobody:1',
  ',,,',
  '\u0000\u0001',
  'strangers.\u{1F600}',
  'ActiveMQ.Advisory.>',
  'ActiveMQ.Advisory.TempQueue,ActiveMQ.Advisory.TempTopic',
  'ActiveMQ.Advisory.Consumer.Queue.strangers.Q.1',
  'ActiveMQ.DLQ',
  Array.from({ length: 70 }, (_, index) => `strangers.C.${index}`).join(','),
  'x'.repeat(1025),
  'y'.repeat(20_000),
  `${'strangers.'.repeat(90)}>`,
]
/** Some of them good, some not, and such as make work. */
const selectors = [
  'number > 5',
  "a LIKE '%a%_b%' ESCAPE '!' OR NOT (JMSRedelivered AND a = a)",
  "JMSCorrelationID IN ('a', '') AND JMSPriority * 2 / 0 <> -a",
  "a + a + a + a LIKE '%_a%_a%'",
  `${'('.repeat(1000)}a`,
  `a = ${"'x' + ".repeat(200)}a`,
  'a = /*',
  'convert_string_expressions:a = 1 OR a < 2',
]
const texts = ['', 'a', 'strangers', 'ID:', 'é\u0000ß', '\ud800', 'x'.repeat(300), 'select', '1=1']

export class StrangerCommands {
  readonly #random: Random
  readonly ids: StrangerIds
  /** Ids of messages that it was sent, to acknowledge. */
  readonly heard: DataStructure[] = []
  #serial = 0

  constructor(random: Random, ids: StrangerIds) {
    this.#random = random
    this.ids = ids
  }

  /** Any structure of the protocol; mostly one that a broker acts on. */
  next(): DataStructure {
    const kind = this.#chance(0.85) ? this.#pickEarly(usefulKinds) : this.#pick(allKinds)
    return this.structure(kind, 0)
  }

  structure(kind: string, depth: number): DataStructure {
    if (kind === 'MessageId' && this.heard.length > 0 && this.#chance(0.7)) return this.#pick(this.heard)
    const value: Record<string, unknown> = { kind }
    for (const field of fieldsOf(kind)) value[field.name] = this.#field(kind, field, depth)
    if (kind === 'ActiveMQQueue') value['physicalName'] = this.#name(queueNames)
    else if (kind === 'ActiveMQTopic') value['physicalName'] = this.#name(topicNames)
    else if (kind.startsWith('ActiveMQTemp')) value['physicalName'] = this.#temporaryName()
    return value as unknown as DataStructure
  }

  #field(kind: string, field: FieldSchema, depth: number): unknown {
    const { name } = field
    switch (field.kind) {
      case 'bool':
        return this.#bool(name)
      case 'byte':
        return this.#pick(bytesValues)
      case 'int':
        return this.#int(name)
      case 'long':
        return this.#long(name)
      case 'string':
        return this.#string(kind, name)
      case 'bytes':
        return this.#bytes(name)
      case 'const8':
        return Buffer.from(this.#chance(0.8) ? 'ActiveMQ' : 'ActiveMX', 'latin1')
      case 'throwable':
        return this.#throwable(depth)
      case 'nested':
      case 'cached':
        return this.#nested(kind, field, depth)
      case 'array':
        return this.#array(field, depth)
    }
  }

  #bool(name: string): boolean {
    if (name === 'responseRequired' || name === 'persistent') return this.#chance(0.5)
    return this.#chance(0.1)
  }

  #int(name: string): number {
    if (name === 'commandId') return ++this.#serial & 0x7fff_ffff
    if (name === 'prefetchSize' && this.#chance(0.5)) return 100
    if (name === 'messageCount' && this.#chance(0.5)) return 1
    return this.#pick(ints)
  }

  #long(name: string): number | bigint {
    if (name === 'value' || name === 'sessionId')
      return this.#chance(0.9) ? this.#pick([1, 1, 1, 1, 2, -1]) : this.#pick(smallIds)
    if (name === 'producerSequenceId' && this.#chance(0.9)) return this.#pick(sequences)
    // What never expires is seen by more of the broker.
    if (name === 'expiration' && this.#chance(0.8)) return 0
    return this.#pick(longs)
  }

  #string(kind: string, name: string): string | null {
    if (name === 'connectionId' || (kind === 'ConnectionId' && name === 'value')) return this.#connectionId()
    if (name === 'clientId') return this.#chance(0.8) ? `client of ${this.ids.own}` : this.#pick(texts)
    if (name === 'selector') return this.#chance(0.8) ? null : this.#pick([...selectors, ...texts])
    if (name === 'subscriptionName') return this.#chance(0.9) ? null : this.#pick(texts)
    if (name === 'textView') return this.#chance(0.9) ? null : this.#pick(texts)
    return this.#chance(0.5) ? null : this.#pick(texts)
  }

  #connectionId(): string | null {
    if (this.#chance(0.9)) return this.ids.own
    return this.#chance(0.7) && this.ids.foreign.length > 0 ? this.#pick(this.ids.foreign) : this.#pick(texts)
  }

  #bytes(name: string): Buffer | null {
    if (this.#chance(0.4)) return null
    if (name === 'marshalledProperties' && this.#chance(0.5)) return oddProperties[this.#below(oddProperties.length)]!
    return Buffer.alloc(this.#pick([0, 1, 4, 40, 1000]), this.#below(256))
  }

  #throwable(depth: number): unknown {
    if (depth >= maxDepth || this.#chance(0.6)) return null
    return {
      className: this.#pick(texts),
      message: this.#pick(texts),
      stackTrace: [],
      cause: this.#throwable(depth + 1),
    }
  }

  #nested(kind: string, { name, type }: FieldSchema, depth: number): DataStructure | null {
    const optional = name.startsWith('original') || name === 'targetConsumerId' || name === 'additionalPredicate'
    if (depth > maxDepth || this.#chance(optional || name === 'dataStructure' ? 0.95 : 0.05)) return null
    if (name === 'transactionId' && kind !== 'TransactionInfo' && this.#chance(0.7)) return null
    if (name === 'firstMessageId' && this.#chance(0.6)) return null
    const kinds = type === 'DataStructure' && kind === 'RemoveInfo' ? removable : typesOf(type!)
    // The first of several kinds are queues, topics and local transactions.
    const usual = kinds.length <= 4 && this.#chance(0.7) ? kinds.slice(0, Math.ceil(kinds.length / 2)) : kinds
    return kinds.length === 0 ? null : this.structure(this.#pick(usual), depth + 1)
  }

  #array({ type }: FieldSchema, depth: number): (DataStructure | null)[] | null {
    if (depth >= maxDepth || this.#chance(0.9)) return null
    const length = this.#pick([0, 1, 2, 5])
    const kinds = typesOf(type!)
    return Array.from({ length }, () =>
      kinds.length === 0 || this.#chance(0.3) ? null : this.structure(this.#pick(kinds), depth + 1),
    )
  }

  #name(usual: readonly string[]): string | null {
    if (this.#chance(0.9)) return this.#pick(usual)
    if (this.#chance(0.2)) return `strangers.N.${this.#below(100_000)}`
    return this.#chance(0.1) ? null : this.#pick(oddNames)
  }

  #temporaryName(): string | null {
    if (this.#chance(0.8)) return `${this.ids.own}:${this.#below(2)}`
    if (this.#chance(0.5) && this.ids.foreign.length > 0) return `${this.#pick(this.ids.foreign)}:${this.#below(4)}`
    return this.#pick(oddNames)
  }

  #pick<T>(values: readonly T[]): T {
    return values[this.#below(values.length)]!
  }

  #pickEarly<T>(values: readonly T[]): T {
    const random = this.#random.next()
    return values[Math.floor(random * random * values.length)]!
  }

  #below(limit: number): number {
    return Math.floor(this.#random.next() * limit)
  }

  #chance(probability: number): boolean {
    return this.#random.next() < probability
  }
}

/** Lists of properties that lie about what they hold. */
const oddProperties: readonly Buffer[] = [
  Buffer.from('7fffffff', 'hex'),
  Buffer.from('ffffffff', 'hex'),
  Buffer.from('00000001', 'hex'),
  Buffer.from('0000000100016105000000', 'hex'),
  // A list of 2^31-1 elements.
  Buffer.from('0000000100016c0c7fffffff', 'hex'),
  // A map in a map in a map …
  Buffer.from(`00000001${'00016d0b00000001'.repeat(200)}`, 'hex'),
  Buffer.from('000000010001620a7fffffff00', 'hex'),
]

function fieldsOf(kind: string): readonly FieldSchema[] {
  let fields = fieldsByName.get(kind)
  if (!fields) fieldsByName.set(kind, (fields = wireFields(kind)))
  return fields
}

function typesOf(type: string): readonly string[] {
  let types = typesByName.get(type)
  if (!types)
    typesByName.set(
      type,
      (types = type === 'DataStructure' ? allKinds : codesOf(type).flatMap((code) => names.get(code) ?? [])),
    )
  return types
}

const prefixBytes = 4
const hostileInts = [0, 1, -1, 0x7f, 0x80, 0xc0, 0x7fff, 0x8000, 0xffff, 0x7fff_ffff, -0x8000_0000, 0x0100_0000]

/** Damages a frame (with size prefix), which it may change in place. The size prefix usually stays right. */
export function mutate(frame: Buffer, random: Random, other: Buffer): Buffer {
  const below = (limit: number): number => Math.floor(random.next() * limit)
  const at = prefixBytes + below(Math.max(1, frame.length - prefixBytes))
  switch (below(12)) {
    case 0:
    case 1:
      frame[at] = frame[at]! ^ (1 << below(8))
      return frame
    case 2:
      frame[at] = below(256)
      return frame
    case 3:
      for (let count = below(8); count >= 0; count--)
        frame[prefixBytes + below(Math.max(1, frame.length - prefixBytes))] = below(256)
      return frame
    // Cut, with the size that is left.
    case 4:
      return resized(frame.subarray(0, at))
    case 5:
      return resized(Buffer.concat([frame.subarray(0, at), Buffer.alloc(1 + below(40), below(256))]))
    // Spliced with another frame.
    case 6:
      return resized(Buffer.concat([frame.subarray(0, at), other.subarray(Math.min(at, other.length))]))
    case 7:
      return resized(Buffer.concat([frame.subarray(0, at), frame.subarray(prefixBytes)]))
    // A count or a length that lies.
    case 8:
      if (at + 2 <= frame.length) frame.writeUInt16BE(hostileInts[below(hostileInts.length)]! & 0xffff, at)
      return frame
    case 9:
      if (at + 4 <= frame.length) frame.writeInt32BE(hostileInts[below(hostileInts.length)]!, at)
      return frame
    // The length of the boolean stream, or the start of the fields.
    case 10:
      if (frame.length > 6) frame[5] = [0, 1, 2, 63, 64, 0x80, 0xc0, 255][below(8)]!
      return frame
    // The size prefix itself: only now and then, because nothing after it is understood.
    default:
      if (random.next() < 0.3) frame.writeInt32BE(hostileInts[below(hostileInts.length)]!, 0)
      else frame[prefixBytes] = below(256)
      return frame
  }
}

function resized(frame: Buffer): Buffer {
  const own = Buffer.from(frame)
  if (own.length < prefixBytes + 1) return Buffer.from([0, 0, 0, 1, 0])
  own.writeInt32BE(own.length - prefixBytes, 0)
  return own
}
