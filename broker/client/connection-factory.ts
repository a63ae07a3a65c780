// The way into the client: a URL becomes a factory, a factory makes connections.
import { randomBytes } from 'node:crypto'
import type { Clock } from '../base/clock.ts'
import { systemClock } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'
import { silentLogger } from '../base/logger.ts'
import type { Random } from '../base/random.ts'
import { systemRandom } from '../base/random.ts'
import type { Dial, LoadUriList } from './transport/channel.ts'
import { Connection } from './connection.ts'
import type { Fields } from './given.ts'
import { anything, aNonEmptyText, aText, checkFields } from './given.ts'
import { parseConnectionUrl } from './parse-connection-url.ts'
import { FailoverTransport } from './transport/failover-transport.ts'
import { loadUriList } from './transport/load-uri-list.ts'
import { SingleTransport } from './transport/single-transport.ts'
import type { SslContext } from './transport/ssl-context.ts'
import { tcpDial } from './transport/tcp-transport.ts'

export interface ConnectionFactoryOptions {
  readonly userName?: string | null | undefined
  readonly password?: string | null | undefined
  /** Durable subscriptions belong to it; unique over all connections of a broker. */
  readonly clientId?: string | null | undefined
  /** For ssl: URLs: whom to trust, and what to show. */
  readonly sslContext?: SslContext | null | undefined
  readonly logger?: Logger | null | undefined
}

const factoryFields: Fields = {
  userName: aText,
  password: aText,
  clientId: aNonEmptyText,
  sslContext: anything,
  logger: anything,
}

const sslContextFields: Fields = {
  trustStore: aNonEmptyText,
  certificate: aNonEmptyText,
  key: aNonEmptyText,
  keyPassword: aText,
  keyStore: aNonEmptyText,
  keyStorePassword: aText,
}

/** What the client takes from outside; tests bring their own. */
export interface ClientPorts {
  readonly clock: Clock
  readonly random: Random
  readonly dial: Dial
  readonly loadUriList: LoadUriList
  /** Unique over all clients: the start of all ids that they make. */
  readonly idPrefix: string
}

export interface ConnectionFactory {
  /** Connects. With failover it waits until there is a broker, or startupMaxReconnectAttempts is reached. */
  createConnection(): Promise<Connection>
}

/**
 * `url`: `failover:(tcp://a:61616,tcp://b:61616)?options`, `tcp://a:61616?options` or `ssl://a:61617?options`. Throws UrlError for what is not
 * understood, and says what is; JmsError for options.
 */
export function createConnectionFactory(
  url: string,
  options: ConnectionFactoryOptions = {},
  ports: ClientPorts = systemPorts(options.sslContext ?? {}),
): ConnectionFactory {
  checkFields('create a connection factory', options, factoryFields)
  checkFields('use sslContext', options.sslContext ?? {}, sslContextFields)
  const { broker, options: connectionOptions } = parseConnectionUrl(url)
  const { clock, random, dial, idPrefix } = ports
  let connections = 0
  return {
    async createConnection() {
      const number = ++connections
      const transport = broker.failover
        ? new FailoverTransport(broker, broker.failover, { ...ports, logger: options.logger ?? silentLogger })
        : new SingleTransport(broker.endpoints[0]!, dial)
      const connection = new Connection(
        {
          connectionId: `${idPrefix}-${2 * number}:1`,
          clientId: options.clientId ?? connectionOptions.clientID ?? `${idPrefix}-${2 * number - 1}:1`,
          userName: options.userName ?? connectionOptions.userName,
          password: options.password ?? connectionOptions.password,
          options: connectionOptions,
          clock,
          random,
        },
        transport,
      )
      await connection.open()
      return connection
    },
  }
}

/** Unlike those of the broker these timers keep the process alive: somebody waits for what they lead to. */
const holdingClock: Clock = {
  ...systemClock,
  after(delayMs, callback) {
    const handle = setTimeout(callback, delayMs)
    return { cancel: () => clearTimeout(handle) }
  },
}

const systemPorts = (sslContext: SslContext): ClientPorts => ({
  clock: holdingClock,
  random: systemRandom,
  dial: tcpDial(holdingClock, sslContext),
  loadUriList,
  idPrefix: `ID:flotilla-${randomBytes(6).toString('hex')}-${Date.now()}`,
})
