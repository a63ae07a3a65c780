// What users write to get a connection: the way to the broker, which the transport parses, and the options of the connection
// itself, which begin with `jms.`.
import type { ConnectionOptions } from './connection-options.ts'
import { connectionOptionTable } from './connection-options.ts'
import type { BrokerUrl } from './transport/parse-broker-url.ts'
import { parseBrokerUrl } from './transport/parse-broker-url.ts'
import { parseOptions } from './transport/parse-options.ts'

interface ConnectionUrl {
  readonly broker: BrokerUrl
  readonly options: ConnectionOptions
}

/** Throws UrlError that says what is accepted. */
export function parseConnectionUrl(url: string): ConnectionUrl {
  const broker = parseBrokerUrl(url)
  const place = broker.failover ? 'failover:' : broker.endpoints[0]!.uri
  return { broker, options: parseOptions(connectionOptionTable, broker.connectionOptions, `${place} (jms.)`) }
}
