// A transport connector's configuration → the connector, with the sessions of its protocol.
import { parseDuration, parseSize } from './config/duration-and-size.ts'
import type { TransportConnectorConfig } from './config/schema.ts'
import { TransportConnector } from './net/transport-connector.ts'
import type { ClusterClientOptions } from './session/openwire/cluster-clients.ts'
import type { DuplexBridges } from './session/openwire/duplex-bridges.ts'
import { OpenWireSessionFactory } from './session/openwire/openwire-session-factory.ts'
import type { SessionService } from './session/session-service.ts'
import type { SessionFactory } from './session/session.ts'
import { defaultWireFormatOptions, ownProvider, type WireFormatOptions } from './wire/openwire/wire-format.ts'

/** With what its clients are told of other brokers. */
export type ConnectorConfig = TransportConnectorConfig

/**
 * `service`: what the sessions of all protocols share. `version`: of this program, for clients that ask. `duplexBridges`: null where
 * there are none.
 */
export function buildTransportConnector(
  config: ConnectorConfig,
  service: SessionService,
  version: string,
  duplexBridges: DuplexBridges | null = null,
): TransportConnector {
  const { name, host, port, maximumConnections } = config
  const { limits, clock, logger } = service
  const sessions = sessionFactoryOf(config, service, version, duplexBridges)
  return new TransportConnector({ name, host, port, maximumConnections, sessions, limits, clock, logger })
}

function sessionFactoryOf(
  config: ConnectorConfig,
  service: SessionService,
  version: string,
  duplexBridges: DuplexBridges | null,
): SessionFactory {
  switch (config.protocol) {
    case 'OpenWire':
      return new OpenWireSessionFactory(service, {
        wireFormat: wireFormatOf(config, version),
        clusterClients: clusterClientsOf(config),
        duplexBridges,
      })
  }
}

const clusterClientsOf = (config: TransportConnectorConfig): ClusterClientOptions => ({
  updateClusterClients: config.updateClusterClients,
  rebalanceClusterClients: config.rebalanceClusterClients,
  updateClusterClientsOnRemove: config.updateClusterClientsOnRemove,
  updateClusterFilter: config.updateClusterFilter,
})

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
    providerName: ownProvider,
    providerVersion: version,
    platformDetails: 'Node.js',
  }
}
