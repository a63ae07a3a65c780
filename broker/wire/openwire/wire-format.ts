// WireFormatInfo: what each side of a connection can do, and what both then do (ActiveMQ: WireFormatNegotiator,
// OpenWireFormat.renegotiateWireFormat). Each side sends its info at once; the result is derived from what both sent and from
// nothing else. The size prefix is never given up, whatever the peer says.
import { FormatError } from '../../base/format-error.ts'
import { decodePrimitiveMap, encodePrimitiveMap } from '../../marshal/primitive-map.ts'
import type { PrimitiveMap, PrimitiveValue } from '../../marshal/primitive-map.ts'
import type { WireFormatInfo } from './commands.ts'
import { cacheFreeSlots, defaultCacheSlots, maxWireFormatProperties, maxWireFormatStringBytes } from './limits.ts'
import { WireError } from './wire-error.ts'

export const maxVersion = 12

export interface WireFormat {
  /** 1..12 */
  readonly version: number
  readonly tightEncodingEnabled: boolean
  readonly cacheEnabled: boolean
  /** Slots of each direction's marshalling cache; meaningful with cacheEnabled only. */
  readonly cacheSize: number
  /** Exceptions carry stack traces and causes. */
  readonly stackTraceEnabled: boolean
  readonly tcpNoDelayEnabled: boolean
  /** Bytes of a frame without its size prefix. */
  readonly maxFrameSize: number
  /** Without a byte for this long the peer counts as dead; 0 = never. */
  readonly maxInactivityDurationMs: number
  readonly maxInactivityDurationInitialDelayMs: number
  /** What the peer says that it is made of: `ActiveMQ`. */
  readonly peerProvider?: string | undefined
}

/** What our brokers and clients say. */
export const ownProvider = 'Flotilla'

export interface WireFormatOptions extends WireFormat {
  /** Client only: the host part of the URL that was dialled. */
  readonly host?: string
  readonly providerName?: string
  readonly providerVersion?: string
  readonly platformDetails?: string
}

/** What every connection speaks until both infos have been exchanged. */
export const initialWireFormat: WireFormat = {
  version: 1,
  tightEncodingEnabled: false,
  cacheEnabled: false,
  cacheSize: 0,
  stackTraceEnabled: false,
  tcpNoDelayEnabled: true,
  maxFrameSize: 0x7fff_ffff,
  maxInactivityDurationMs: 0,
  maxInactivityDurationInitialDelayMs: 0,
}

/** Stock values of a Java peer. */
export const defaultWireFormatOptions: WireFormatOptions = {
  version: maxVersion,
  tightEncodingEnabled: true,
  cacheEnabled: true,
  cacheSize: 1024,
  stackTraceEnabled: true,
  tcpNoDelayEnabled: true,
  maxFrameSize: Number.MAX_SAFE_INTEGER,
  maxInactivityDurationMs: 30_000,
  maxInactivityDurationInitialDelayMs: 10_000,
}

const magic = Buffer.from('ActiveMQ', 'latin1')

/** The info to send. Throws WireError for a cache size that makes Java peers hang. */
export function preferredWireFormatInfo(options: WireFormatOptions): WireFormatInfo {
  if (options.cacheEnabled && options.cacheSize > 0 && options.cacheSize < cacheFreeSlots)
    throw new WireError(
      `Cannot offer cacheSize ${options.cacheSize}: Java peers hang on 1 to ${cacheFreeSlots - 1}; 0 or ${cacheFreeSlots} and more are accepted`,
    )
  const properties = new Map<string, PrimitiveValue>([
    ['TightEncodingEnabled', boolean(options.tightEncodingEnabled)],
    ['CacheEnabled', boolean(options.cacheEnabled)],
    ['CacheSize', { type: 'int', value: options.cacheSize }],
    ['StackTraceEnabled', boolean(options.stackTraceEnabled)],
    ['TcpNoDelayEnabled', boolean(options.tcpNoDelayEnabled)],
    ['SizePrefixDisabled', boolean(false)],
    ['MaxFrameSize', { type: 'long', value: options.maxFrameSize }],
    ['MaxFrameSizeEnabled', boolean(true)],
    ['MaxInactivityDuration', { type: 'long', value: options.maxInactivityDurationMs }],
    // The missing letters are part of the protocol.
    ['MaxInactivityDurationInitalDelay', { type: 'long', value: options.maxInactivityDurationInitialDelayMs }],
  ])
  const texts = {
    Host: options.host,
    ProviderName: options.providerName,
    ProviderVersion: options.providerVersion,
    PlatformDetails: options.platformDetails,
  }
  for (const [name, value] of Object.entries(texts))
    if (value !== undefined)
      properties.set(name, { type: 'string', value: value.slice(0, maxWireFormatStringBytes / 4) })
  return {
    kind: 'WireFormatInfo',
    magic: Buffer.from(magic),
    version: options.version,
    marshalledProperties: encodePrimitiveMap(properties),
  }
}

/** What both sides do from now on. Throws WireError when the peer's info is not acceptable. */
export function negotiate(mine: WireFormatInfo, theirs: WireFormatInfo): WireFormat {
  if (!theirs.magic.equals(magic)) throw new WireError('Cannot negotiate: the peer does not speak OpenWire (bad magic)')
  const my = wireFormatProperties(mine)
  const their = wireFormatProperties(theirs)
  const both = (name: string): boolean => flag(my, name) && flag(their, name)
  const smaller = (...names: string[]): number => Math.min(amount(my, ...names), amount(their, ...names))
  const cacheSize = smaller('CacheSize')
  if (cacheSize < 0) throw new WireError(`Cannot negotiate: CacheSize ${cacheSize} is negative`)
  return {
    version: Math.min(positiveOr(theirs.version, mine.version), positiveOr(mine.version, theirs.version), maxVersion),
    tightEncodingEnabled: both('TightEncodingEnabled'),
    cacheEnabled: both('CacheEnabled'),
    cacheSize: Math.min(cacheSize === 0 ? defaultCacheSlots : cacheSize, defaultCacheSlots),
    stackTraceEnabled: both('StackTraceEnabled'),
    tcpNoDelayEnabled: both('TcpNoDelayEnabled'),
    maxFrameSize: Math.min(opinion(amount(my, 'MaxFrameSize')), opinion(amount(their, 'MaxFrameSize'))),
    maxInactivityDurationMs: Math.max(0, smaller('MaxInactivityDuration')),
    maxInactivityDurationInitialDelayMs: Math.max(
      0,
      // Java writes the first spelling, NMS the second.
      smaller('MaxInactivityDurationInitalDelay', 'MaxInactivityDurationInitialDelay'),
    ),
    peerProvider: text(their, 'ProviderName'),
  }
}

/** The properties of an info, under the limits for peers nobody has authenticated yet. Throws WireError. */
export function wireFormatProperties(info: WireFormatInfo): PrimitiveMap {
  try {
    return decodePrimitiveMap(info.marshalledProperties, {
      maxEntries: maxWireFormatProperties,
      maxStringBytes: maxWireFormatStringBytes,
      maxDepth: 0,
    })
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    throw new WireError(`Cannot read the peer's wire format: ${error.message}`, { cause: error })
  }
}

const boolean = (value: boolean): PrimitiveValue => ({ type: 'boolean', value })

const flag = (properties: PrimitiveMap, name: string): boolean => properties.get(name)?.value === true

function text(properties: PrimitiveMap, name: string): string | undefined {
  const value = properties.get(name)?.value
  return typeof value === 'string' ? value : undefined
}

/** The first of `names` that is a number; 0 when none is. */
function amount(properties: PrimitiveMap, ...names: string[]): number {
  for (const name of names) {
    const value = properties.get(name)?.value
    if (typeof value === 'number' || typeof value === 'bigint') return Number(value)
  }
  return 0
}

const positiveOr = (value: number, other: number): number => (value > 0 ? value : Math.max(1, other))

/** A maximum frame size of 0 or less means "no opinion"; sizes are signed 32-bit numbers on the wire. */
const opinion = (size: number): number => (size > 0 ? Math.min(size, 0x7fff_ffff) : 0x7fff_ffff)
