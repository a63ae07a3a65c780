// The contract of electors, on a Lease over our HTTP client and the API server of the stand-in.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from '@jest/globals'
import { systemClock } from '../../../../../broker/base/clock.ts'
import { apiAccess } from '../../../../../broker/lock/election/kubernetes/api-access.ts'
import { openLeaseClient } from '../../../../../broker/lock/election/kubernetes/http-lease-client.ts'
import type { LeaseClient } from '../../../../../broker/lock/election/kubernetes/lease-client.ts'
import { type ApiServer, createApiServer } from '../../../../../hack/localkube/api-server.ts'
import { electorContract, type ElectorSetting } from '../../../../contract/elector.ts'
import { LeaseMembers } from '../../../../support/lease-members.ts'

let api: ApiServer
let url: string
let folder: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'service-account-'))
  writeFileSync(join(folder, 'namespace'), 'default\n')
  api = createApiServer()
  url = (await api.listen()).url
})
afterAll(async () => {
  await api.close()
  rmSync(folder, { recursive: true })
})

let leases = 0

electorContract('A Lease, over HTTP,', async (): Promise<ElectorSetting> => {
  const access = apiAccess({ FLOTILLA_API_SERVER: url, FLOTILLA_SERVICE_ACCOUNT: folder })
  const name = `orders-${++leases}`
  const clients = new Map<string, LeaseClient>()
  for (const member of ['a', 'b', 'c']) clients.set(member, await openLeaseClient({ access, name }))
  const members = new LeaseMembers(systemClock, (member) => clients.get(member)!)
  return {
    // A Lease counts in seconds.
    electorOf: (request) => members.electorOf(request, { durationMs: 1000, renewIntervalMs: 200 }),
    kill: (member) => members.kill(member),
    elapse: () => new Promise((resolve) => setTimeout(resolve, 5)),
    dispose: () => {
      for (const client of clients.values()) client.close()
    },
  }
})
