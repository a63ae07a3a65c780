// A transport connector's configuration → the connector, with the sessions of its protocol.
import { parseDuration, parseSize } from './config/duration-and-size.ts'
import type { TransportConnectorConfig } from './config/schema.ts'
import { TransportConnector } from './net/transport-connector.ts'
import { OpenWireSessionFactory } from './session/openwire/openwire-session-factory.ts'
import type { SessionService } from './session/session-service.ts'
import type { SessionFactory } from './session/session.ts'
import { defaultWireFormatOptions, type WireFormatOptions } from './wire/openwire/wire-format.ts'

/** `service`: what the sessions of all protocols share. `version`: of this program, for clients that ask. */
export function buildTransportConnector(
  config: TransportConnectorConfig,
  service: SessionService,
  version: string,
): TransportConnector {
  const { name, host, port, maximumConnections } = config
  const { limits, clock, logger } = service
  const sessions = sessionFactoryOf(config, service, version)
  return new TransportConnector({ name, host, port, maximumConnections, sessions, limits, clock, logger })
}

function sessionFactoryOf(config: TransportConnectorConfig, service: SessionService, version: string): SessionFactory {
  switch (config.protocol) {
    case 'OpenWire':
      return new OpenWireSessionFactory(service, wireFormatOf(config, version))
  }
}

function wireFormatOf(connector: TransportConnectorConfig, version: string): WireFormatOptions {
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
