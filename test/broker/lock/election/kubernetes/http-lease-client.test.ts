// The client of one Lease, against the API server of the stand-in, and over TLS against one that plays it.
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { once } from 'node:events'
import { apiAccess } from '../../../../../broker/lock/election/kubernetes/api-access.ts'
import { openLeaseClient } from '../../../../../broker/lock/election/kubernetes/http-lease-client.ts'
import {
  type Lease,
  type LeaseClient,
  LeaseError,
} from '../../../../../broker/lock/election/kubernetes/lease-client.ts'
import { changedLease } from '../../../../../broker/lock/election/kubernetes/lease-facts.ts'
import { type ApiServer, createApiServer } from '../../../../../hack/localkube/api-server.ts'
import { makeAuthority } from '../../../../support/certificates.ts'

let folder: string
const ends: (() => unknown)[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'service-account-'))
  writeFileSync(join(folder, 'namespace'), 'default\n')
  ends.push(() => rmSync(folder, { recursive: true, force: true }))
})
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end()
})

async function localKube(): Promise<{ api: ApiServer; client: LeaseClient }> {
  const api = createApiServer()
  ends.push(() => api.close())
  const { url } = await api.listen()
  return { api, client: await clientOf(url) }
}

async function clientOf(server: string, answerTimeoutMs?: number): Promise<LeaseClient> {
  const access = apiAccess({ FLOTILLA_API_SERVER: server, FLOTILLA_SERVICE_ACCOUNT: folder })
  const client = await openLeaseClient({ access, name: 'orders', ...(answerTimeoutMs && { answerTimeoutMs }) })
  ends.push(() => client.close())
  return client
}

/** Answers everything like that. */
async function played(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  tls?: { readonly key: string; readonly cert: string },
): Promise<string> {
  const server: Server = tls ? createTlsServer(tls, answer) : createServer(answer)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  ends.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return `${tls ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const key = { namespace: 'default', name: 'orders' }
const change = {
  holder: 'a/1',
  durationMs: 5000,
  term: 7,
  brokerName: 'orders',
  isFounded: true,
  declined: undefined,
  nowMs: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
}
const kindOf = (asked: Promise<unknown>): Promise<unknown> =>
  asked.then(
    () => 'done',
    (error: unknown) => (error instanceof LeaseError ? error.kind : error),
  )

test('makes, reads and writes the Lease, as the API server wants it', async () => {
  const { client } = await localKube()
  expect(await client.read()).toBeUndefined()
  const made = await client.create(changedLease(undefined, key, change))
  expect(made.spec).toEqual({
    holderIdentity: 'a/1',
    leaseDurationSeconds: 5,
    acquireTime: '2026-01-02T03:04:05.678000Z',
    renewTime: '2026-01-02T03:04:05.678000Z',
    leaseTransitions: 7,
  })
  const renewed = await client.update(changedLease(made, key, { ...change, nowMs: change.nowMs + 1000 }))
  expect(renewed.spec).toMatchObject({
    acquireTime: '2026-01-02T03:04:05.678000Z',
    renewTime: '2026-01-02T03:04:06.678000Z',
  })
  expect(await client.read()).toEqual(renewed)
})

test('keeps what others have put into it', async () => {
  const { client } = await localKube()
  const foreign: Lease = {
    metadata: { ...key, annotations: { mine: 'yes' } },
    spec: { strategy: 'OldestEmulationVersion' },
  }
  const made = await client.create({ metadata: foreign.metadata, spec: {} })
  const written = await client.update(changedLease(made, key, change))
  expect(written.metadata.annotations).toEqual({
    mine: 'yes',
    'flotilla.dev/broker': 'orders',
    'flotilla.dev/founded': 'true',
  })
})

test('a write over another version than the one that was read is a conflict', async () => {
  const { client } = await localKube()
  const made = await client.create(changedLease(undefined, key, change))
  await client.update(changedLease(made, key, { ...change, holder: 'b/1' }))
  expect(await kindOf(client.update(changedLease(made, key, { ...change, holder: 'c/1' })))).toBe('Conflict')
  expect(await kindOf(client.create(changedLease(undefined, key, change)))).toBe('Conflict')
})

test('trusts the authority of the service account, and shows the token that its file has now', async () => {
  const authority = makeAuthority('cluster')
  const { certificate, key: secret } = authority.issue({ names: ['127.0.0.1'] })
  writeFileSync(join(folder, 'ca.crt'), authority.certificate)
  const shown: unknown[] = []
  const url = await played(
    (request, response) => {
      shown.push(request.headers.authorization)
      response.writeHead(404).end('{}')
    },
    { key: secret, cert: certificate },
  )
  const client = await clientOf(url)
  for (const token of ['first', 'second\n']) {
    writeFileSync(join(folder, 'token'), token)
    expect(await client.read()).toBeUndefined()
  }
  expect(shown).toEqual(['Bearer first', 'Bearer second'])
})

test('does not talk to a server of another authority', async () => {
  const { certificate, key: secret } = makeAuthority('stranger').issue({ names: ['127.0.0.1'] })
  writeFileSync(join(folder, 'ca.crt'), makeAuthority('cluster').certificate)
  writeFileSync(join(folder, 'token'), 'secret')
  const asked: unknown[] = []
  const url = await played((request) => asked.push(request.url), { key: secret, cert: certificate })
  expect(await kindOf((await clientOf(url)).read())).toBe('Unreachable')
  expect(asked).toEqual([])
})

test('without a token it says which file it wants', async () => {
  const client = await clientOf('https://127.0.0.1:1')
  await expect(client.read()).rejects.toThrow(`Cannot read ${join(folder, 'token')} of the service account`)
})

test.each([
  [401, 'Forbidden'],
  [403, 'Forbidden'],
  [409, 'Conflict'],
  [422, 'Refused'],
  [429, 'Unreachable'],
  [503, 'Unreachable'],
])('tells %i as %s, with what the server says about it', async (status, kind) => {
  const url = await played((_, response) => response.writeHead(status).end(JSON.stringify({ message: 'for a reason' })))
  const client = await clientOf(url)
  const error = await client.read().catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({ kind, message: 'Cannot read Lease default/orders: for a reason' })
})

test.each([
  ['no JSON', 'welcome'],
  ['another object', '{"items":[]}'],
  ['nothing', 'null'],
])('takes no answer that is %s for a Lease', async (_, text) => {
  const url = await played((_request, response) => response.end(text))
  expect(await kindOf((await clientOf(url)).read())).toBe('Refused')
})

test('gives up on an answer that is too long, or does not come', async () => {
  const long = await played((_, response) => response.end(Buffer.alloc(2 ** 20 + 1, ' ')))
  expect(await kindOf((await clientOf(long)).read())).toBe('Unreachable')
  const silent = await played(() => {})
  expect(await kindOf((await clientOf(silent, 20)).read())).toBe('Unreachable')
  const begun = await played((_, response) => response.write('{'))
  expect(await kindOf((await clientOf(begun, 50)).read())).toBe('Unreachable')
})
