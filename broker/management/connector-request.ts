// Which network connector a request of the admin port starts or stops: /network-connectors/{name}/start|stop
import { adminPaths } from './contract.ts'

export interface ConnectorRequest {
  readonly name: string
  readonly started: boolean
}

/** null: it is something else. Nothing is guessed, so there may be no query. */
export function parseConnectorRequest(path: string, query: string): ConnectorRequest | null {
  const match = /^\/([^/]+)\/(start|stop)$/.exec(path.slice(adminPaths.networkConnectors.length))
  if (!match || query !== '') return null
  try {
    return { name: decodeURIComponent(match[1]!), started: match[2] === 'start' }
  } catch {
    return null
  }
}
