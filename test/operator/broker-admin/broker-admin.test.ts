import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import type { AddressInfo } from 'node:net'
import { openBrokerAdmin } from '../../../operator/broker-admin/http-broker-admin.ts'
import { brokerAdminContract } from '../../contract/broker-admin.ts'
import { settledPair } from '../../support/cluster-harness.ts'

brokerAdminContract('HTTP', async () => {
  const admin = openBrokerAdmin()
  let refusal: string | null = null
  const common = {
    brokerName: 'orders-g0',
    version: '0.1.0',
    brokerId: 'b',
    startedAt: '2026-11-20T17:40:11Z',
    memory: { used: 0, limit: 1 },
    transportConnectors: [],
  }
  const store = { type: 'Journal', messages: 3, bytesUsed: 1024, recoveryMs: null, lagBytes: null }
  const active = await listening(() => ({
    ...common,
    role: 'Active',
    term: 4,
    member: 'orders-g0-0',
    activeSince: '2026-11-20T17:40:12Z',
    store: { ...store, refusal: null },
    lock: { type: 'File', holder: 'orders-g0-0', term: 4 },
  }))
  const standby = await listening(() => ({
    ...common,
    role: 'Standby',
    term: null,
    member: 'orders-g0-1',
    activeSince: null,
    store: { ...store, refusal },
    lock: { type: 'File', holder: 'orders-g0-0', term: 4 },
  }))
  const targetOf = (server: Server, name: string) => ({
    namespace: 'shop',
    name,
    podIP: '127.0.0.1',
    adminPort: (server.address() as AddressInfo).port,
  })
  return {
    admin,
    active: targetOf(active.server, 'orders-g0-0'),
    standby: targetOf(standby.server, 'orders-g0-1'),
    refuseStore: (sentence) => void (refusal = sentence),
    promote: () => standby.watches.forEach((watch) => watch.write('{"role":"Active"}\n')),
    silence: () => ended(standby.server),
    async close() {
      await admin.close()
      await ended(active.server)
    },
  }
})

brokerAdminContract('BrokerWorld', async () => {
  const { world, cluster } = await settledPair()
  const { active, standbys } = cluster.status!.groups![0]!
  const targetOf = (name: string) => {
    const pod = world.pods().find(({ metadata }) => metadata.name === name)!
    return { namespace: 'shop', name, podIP: pod.status.podIP as string, adminPort: 8161 }
  }
  const standby = standbys[0]!
  return {
    admin: world,
    active: targetOf(active!),
    standby: targetOf(standby),
    refuseStore: (sentence) => void world.refusals.set(standby, sentence),
    promote: () => {
      Object.assign(world.broker(standby)!, { role: 'Active', term: 2 })
      world.tell()
    },
    silence: () => {
      world.unreachable.add(standby)
      world.tell()
    },
  }
})

/** As brokers do: only who is active drains. */
async function answerDrain(state: { drain?: object | undefined; role: string }, request: IncomingMessage) {
  const said = await text(request)
  if (state.role !== 'Active') return 409
  state.drain = request.method === 'PUT' ? { ...JSON.parse(said), ...newDrain } : undefined
  return 200
}

const newDrain = { since: '2026-11-20T17:40:13Z', messagesRemaining: 3, messagesOfSubscriptions: 0, reason: null }

interface Listening {
  readonly server: Server
  readonly watches: ServerResponse[]
}

async function listening(answer: () => { readonly role: string }): Promise<Listening> {
  const watches: ServerResponse[] = []
  const state: { drain?: object | undefined; role: string } = { role: answer().role }
  const server = createServer((request, response) => {
    if (request.url === '/drain')
      return void answerDrain(state, request).then((status) => response.writeHead(status).end('as it was told\n'))
    if (request.url !== '/watch?roles') return response.end(JSON.stringify({ ...answer(), drain: state.drain }))
    response.write('{"role":"Standby"}\n')
    watches.push(response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { server, watches }
}

function ended(server: Server): Promise<void> {
  server.closeAllConnections()
  return new Promise((resolve) => server.close(() => resolve()))
}
