// URLs of brokers, as ActiveMQ's clients write them:
//
//   tcp://host:port?options
//   ssl://host:port?options             the same under TLS
//   failover:(uri,uri,…)?options        also failover://(…), and failover:uri,uri without options of its own
//
// Options of one broker stand inside the brackets, or outside as `nested.name` for all; options of the connection begin
// with `jms.` and stand outside. What those mean is not known here.
import { ownProvider, type WireFormatOptions } from '../../wire/openwire/wire-format.ts'
import type { EndpointOptions, FailoverOptions, SslOptions } from './transport-options.ts'
import {
  endpointOptionTable,
  failoverOptionAliases,
  failoverOptionTable,
  sslOptionAliases,
  sslOptionTable,
  wireFormatOptionAliases,
  wireFormatOptionTable,
} from './transport-options.ts'
import { parseOptions, parseQuery, takePrefixed, UrlError } from './parse-options.ts'

/** One broker to dial. */
export interface Endpoint {
  /** `tcp://host:port` or `ssl://host:port`, without options: what candidates are compared by. */
  readonly uri: string
  readonly host: string
  readonly port: number
  readonly options: EndpointOptions
  /** Null: without TLS. */
  readonly ssl: SslOptions | null
  readonly wireFormat: WireFormatOptions
}

export interface BrokerUrl {
  readonly endpoints: readonly Endpoint[]
  /** Null for a plain connection, which ends when its socket does. */
  readonly failover: FailoverOptions | null
  /** What began with `jms.`, without that prefix: for whoever makes connections. */
  readonly connectionOptions: ReadonlyMap<string, string>
  /** For endpoints that become known later. */
  readonly nestedOptions: ReadonlyMap<string, string>
}

const defaultPorts = { tcp: 61_616, ssl: 61_617 }
const failoverScheme = 'failover:'
const connectionPrefix = 'jms.'

/** Throws UrlError that says what is accepted. */
export function parseBrokerUrl(url: string): BrokerUrl {
  if (typeof url !== 'string')
    throw new UrlError(
      `Cannot use ${typeof url} as URL: accepted are texts: tcp://host:port, ssl://host:port and failover:(uri,uri)`,
    )
  const text = url.trim()
  if (!text.startsWith(failoverScheme)) {
    const [address, query] = splitQuery(text)
    const options = parseQuery(query)
    const connectionOptions = takePrefixed(options, connectionPrefix)
    return { endpoints: [buildEndpoint(address, options)], failover: null, connectionOptions, nestedOptions: new Map() }
  }
  const rest = text.slice(failoverScheme.length).replace(/^\/\//, '')
  const { list, query } = splitComposite(rest)
  const options = parseQuery(query)
  const nestedOptions = takePrefixed(options, 'nested.')
  const connectionOptions = takePrefixed(options, connectionPrefix)
  const failover = parseOptions(failoverOptionTable, options, 'failover:(…)', failoverOptionAliases)
  // Those of the option are parsed where they are used; here it shows that they can be.
  if (failover.priorityURIs !== null) parseEndpoints(failover.priorityURIs, nestedOptions)
  const endpoints = parseEndpoints(list, nestedOptions)
  if (endpoints.length === 0 && failover.updateURIsURL === null)
    throw new UrlError(`Cannot use ${url}: it names no broker; accepted is failover:(tcp://host:port,tcp://host:port)`)
  return { endpoints, failover, connectionOptions, nestedOptions }
}

/** A comma list of broker URIs. Throws UrlError. */
const parseEndpoints = (list: string, nestedOptions: ReadonlyMap<string, string>): Endpoint[] =>
  list
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => parseEndpoint(part, nestedOptions))

/** One broker URI; its own options go before the nested ones. Throws UrlError. */
export function parseEndpoint(uri: string, nestedOptions: ReadonlyMap<string, string> = new Map()): Endpoint {
  const [address, query] = splitQuery(uri.trim())
  return buildEndpoint(address, new Map([...nestedOptions, ...parseQuery(query)]))
}

function buildEndpoint(address: string, given: Map<string, string>): Endpoint {
  const match = /^(tcp|ssl):\/\/(\[[0-9a-fA-F:.%]+\]|[^:/?#[\]()\s]+)(?::(\d{1,5}))?\/?$/.exec(address)
  const scheme = match?.[1] === 'ssl' ? 'ssl' : 'tcp'
  const port = Number(match?.[3] ?? defaultPorts[scheme])
  if (!match || port === 0 || port > 65_535)
    throw new UrlError(`Cannot use broker URI ${address}: accepted are tcp://host:port and ssl://host:port`)
  const host = match[2]!
  const options = new Map(given)
  const wire = parseOptions(
    wireFormatOptionTable,
    takePrefixed(options, 'wireFormat.'),
    `${address} (wireFormat.)`,
    wireFormatOptionAliases,
  )
  const { maxInactivityDuration, maxInactivityDurationInitalDelay, ...same } = wire
  return {
    uri: `${scheme}://${host}:${port}`,
    host: host.replace(/^\[|\]$/g, ''),
    port,
    ...(scheme === 'tcp' ? plainOptions(options, address) : tlsOptions(options, address)),
    wireFormat: {
      ...same,
      maxInactivityDurationMs: maxInactivityDuration,
      maxInactivityDurationInitialDelayMs: maxInactivityDurationInitalDelay,
      host,
      providerName: ownProvider,
    },
  }
}

const plainOptions = (given: ReadonlyMap<string, string>, address: string): Pick<Endpoint, 'options' | 'ssl'> => ({
  options: parseOptions(endpointOptionTable, given, address),
  ssl: null,
})

function tlsOptions(given: ReadonlyMap<string, string>, address: string): Pick<Endpoint, 'options' | 'ssl'> {
  const both = parseOptions({ ...endpointOptionTable, ...sslOptionTable }, given, address, sslOptionAliases)
  const { verifyHostName, 'socket.enabledProtocols': enabledProtocols, ...options } = both
  return { options, ssl: { verifyHostName, enabledProtocols } }
}

function splitComposite(text: string): { list: string; query: string } {
  if (!text.startsWith('(')) return { list: text, query: '' }
  const end = text.lastIndexOf(')')
  const after = text.slice(end + 1)
  if (end < 0 || (after !== '' && !after.startsWith('?')))
    throw new UrlError(`Cannot use failover:${text}: accepted is failover:(uri,uri)?options`)
  return { list: text.slice(1, end), query: after.slice(1) }
}

function splitQuery(uri: string): [string, string] {
  const mark = uri.indexOf('?')
  return mark < 0 ? [uri, ''] : [uri.slice(0, mark), uri.slice(mark + 1)]
}
