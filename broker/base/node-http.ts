// node:http, without what an import of it costs. An import asks for every export of a module, and one of those of node:http
// (WebSocket) loads a whole HTTP client: 35 to 70 ms of each start of a broker, which somebody waits for.
import type * as Http from 'node:http'

export const http: typeof Http = process.getBuiltinModule('node:http')
