// What a URL can say of the way to a broker, with ActiveMQ's names and defaults. The encoding is the exception: the loose one
// without cache is the default here, because brokers of this kind pass messages through in it without touching them.
import { cacheFreeSlots } from '../../wire/openwire/limits.ts'
import { defaultWireFormatOptions, maxVersion } from '../../wire/openwire/wire-format.ts'
import type { OptionKind, OptionValues } from './parse-options.ts'
import { booleanOption, factorOption, locationOption, numberOption, textOption } from './parse-options.ts'

/** Behind the list of brokers. */
export const failoverOptionTable = {
  randomize: booleanOption(true),
  initialReconnectDelay: numberOption(10, 0),
  maxReconnectDelay: numberOption(30_000, 0),
  useExponentialBackOff: booleanOption(true),
  reconnectDelayExponent: factorOption(2),
  maxReconnectAttempts: numberOption(-1, -1),
  startupMaxReconnectAttempts: numberOption(-1, -1),
  timeout: numberOption(-1, -1),
  warnAfterReconnectAttempts: numberOption(10, -1),
  trackMessages: booleanOption(false),
  maxCacheSize: numberOption(131_072, 0),
  trackTransactionProducers: booleanOption(true),
  updateURIsSupported: booleanOption(true),
  rebalanceUpdateURIs: booleanOption(true),
  reconnectSupported: booleanOption(true),
  updateURIsURL: locationOption,
  backup: booleanOption(false),
  backupPoolSize: numberOption(1, 0),
  priorityBackup: booleanOption(false),
  priorityURIs: textOption(null),
}

/** ActiveMQ documents one name and accepts the other. */
export const failoverOptionAliases = { backOffMultiplier: 'reconnectDelayExponent' }

/** Of one broker's URI. */
export const endpointOptionTable = {
  tcpNoDelay: booleanOption(true),
  keepAlive: booleanOption(false),
  connectionTimeout: numberOption(30_000, 0),
  soTimeout: numberOption(0, 0),
}

const tlsProtocols = ['TLSv1.2', 'TLSv1.3'] as const

export type TlsProtocol = (typeof tlsProtocols)[number]

const isTlsProtocol = (text: string): text is TlsProtocol => (tlsProtocols as readonly string[]).includes(text)

/** By Java's names. */
const protocolsOption: OptionKind<readonly TlsProtocol[]> = {
  fallback: tlsProtocols,
  parse(text) {
    const names = text.split(',').map((name) => name.trim())
    return names.every(isTlsProtocol) ? names : null
  },
  accepts: 'TLSv1.2, TLSv1.3 or TLSv1.2%2CTLSv1.3',
}

/** Of the URI of a broker that is dialled with TLS, besides. */
export const sslOptionTable = {
  verifyHostName: booleanOption(true),
  'socket.enabledProtocols': protocolsOption,
}

/** ActiveMQ takes both: of the transport, and of its socket. */
export const sslOptionAliases = { 'socket.verifyHostName': 'verifyHostName' }

/** Java peers hang on the sizes in between. */
const cacheSizeOption: OptionKind<number> = {
  ...numberOption(defaultWireFormatOptions.cacheSize, 0),
  parse(text) {
    const size = numberOption(0, 0).parse(text)
    return size === 0 || (size !== null && size >= cacheFreeSlots) ? size : null
  },
  accepts: `0 or a whole number from ${cacheFreeSlots}`,
}

/** Of one broker's URI, each with the prefix `wireFormat.` */
export const wireFormatOptionTable = {
  version: numberOption(defaultWireFormatOptions.version, 1, maxVersion),
  tightEncodingEnabled: booleanOption(false),
  cacheEnabled: booleanOption(false),
  cacheSize: cacheSizeOption,
  stackTraceEnabled: booleanOption(false),
  tcpNoDelayEnabled: booleanOption(true),
  maxFrameSize: numberOption(defaultWireFormatOptions.maxFrameSize, 1, Number.MAX_SAFE_INTEGER),
  maxInactivityDuration: numberOption(30_000, 0),
  maxInactivityDurationInitalDelay: numberOption(10_000, 0),
}

export const wireFormatOptionAliases = { maxInactivityDurationInitialDelay: 'maxInactivityDurationInitalDelay' }

export type FailoverOptions = OptionValues<typeof failoverOptionTable>
export type EndpointOptions = OptionValues<typeof endpointOptionTable>

export interface SslOptions {
  /** The host of the URI has to be among the names in the broker's certificate. */
  readonly verifyHostName: boolean
  readonly enabledProtocols: readonly TlsProtocol[]
}
