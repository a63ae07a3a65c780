// A way to a real API server by plain HTTP, as the stand-in has it, on which each request is seen before it arrives there. It
// acts for whoever the access is of. Bodies of answers go through as they come, as watches need it; no upgrades.
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { Agent, request as send } from 'node:https'
import type { AddressInfo } from 'node:net'
import { pipeline } from 'node:stream/promises'
import { buffer } from 'node:stream/consumers'
import type { ClusterAccess } from '../../operator/kube/kube-config.ts'
import type { Faults } from '../support/kubernetes.ts'

/** Longer than clients keep a connection, so that none is closed while a request is on its way. */
const keepAliveTimeoutMs = 600_000

export interface RequestProxy {
  readonly url: string
  stop(): Promise<void>
}

export async function startRequestProxy(access: ClusterAccess, faults: Faults): Promise<RequestProxy> {
  const agent = new Agent({ keepAlive: true, ...access.tls })
  const listener: RequestListener = (request, response) => {
    forward(access, agent, faults, request, response).catch(() => response.destroy())
  }
  const server = createServer({ keepAliveTimeout: keepAliveTimeoutMs }, listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      agent.destroy()
      await closed
    },
  }
}

async function forward(
  access: ClusterAccess,
  agent: Agent,
  faults: Faults,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { method = 'GET', url = '/' } = request
  const { host: _, connection: __, 'transfer-encoding': ___, ...headers } = request.headers
  const body = await buffer(request)
  if (faults({ method, path: url }) === 'drop') return void response.destroy()
  const forwarded = send(new URL(url, access.server), {
    method,
    agent,
    headers: { ...headers, ...(await access.credentials(false)) },
  })
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    forwarded.once('response', resolve)
    forwarded.once('error', reject)
  })
  // A write that came takes effect, although nobody may wait for its answer any more.
  if (method === 'GET') response.once('close', () => forwarded.destroy())
  forwarded.end(body)
  const answer = await answered
  response.writeHead(answer.statusCode!, answer.headers)
  response.flushHeaders()
  await pipeline(answer, response)
}
