// A transport connector's configuration → the wire format that it offers.
import { parseDuration, parseSize } from './config/duration-and-size.ts'
import type { TransportConnectorConfig } from './config/schema.ts'
import { defaultWireFormatOptions, type WireFormatOptions } from './wire/openwire/wire-format.ts'

export function wireFormatOf(connector: TransportConnectorConfig, version: string): WireFormatOptions {
  const maxInactivityDurationMs = parseDuration(connector.maxInactivityDuration) ?? 0
  const { maxInactivityDurationInitialDelayMs } = defaultWireFormatOptions
  return {
    ...defaultWireFormatOptions,
    tightEncodingEnabled: connector.tightEncodingEnabled,
    cacheEnabled: connector.cacheEnabled,
    // Nobody has a use for the broker's stack traces.
    stackTraceEnabled: false,
    maxFrameSize: parseSize(connector.maxFrameSize) ?? defaultWireFormatOptions.maxFrameSize,
    maxInactivityDurationMs,
    maxInactivityDurationInitialDelayMs: Math.min(maxInactivityDurationMs, maxInactivityDurationInitialDelayMs),
    providerName: 'Flotilla',
    providerVersion: version,
    platformDetails: 'Node.js',
  }
}
