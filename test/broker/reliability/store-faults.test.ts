// The short form of the fault suite of the stores: real broker processes, real clients, some faults on each store that this machine
// has. The long form, with all of them, is `npm run soak -- store-faults`; its checks have tests of their own beside it.
import { expect, test } from '@jest/globals'
import type { StoreName } from '../../reliability/store-faults/fault.ts'
import { storeFaults, type FaultName } from '../../reliability/store-faults/faults.ts'
import { runStoreFault, whyNotHere } from '../../reliability/store-faults/run.ts'

const seed = Number(process.env['FLOTILLA_SEED'] ?? Date.now() % 2 ** 31)
process.stderr.write(`store-faults: seed ${seed}\n`)

const tried: readonly (readonly [StoreName, FaultName])[] = [
  ['journal', 'killed'],
  ['jdbc-postgresql', 'stopped'],
  ['jdbc-postgresql', 'brief-cut'],
  ['jdbc-postgresql', 'database-failover'],
  ['jdbc-mariadb', 'database-killed'],
]
const rounds = 1

test.each(tried)('on %s nothing is lost, and every member comes back: %s', async (store, name) => {
  const fault = storeFaults[name]
  const why = whyNotHere(store, fault)
  if (why !== undefined) return void process.stderr.write(`${name} on ${store} is skipped: ${why}\n`)
  const { takeover, actors } = await runStoreFault({ store, locker: 'Lease', fault, rounds, seed })
  expect(takeover.max).toBeGreaterThan(0)
  for (const { done, deliveries } of Object.values(actors)) {
    expect(done).toBeGreaterThan(0)
    expect(deliveries).toBeGreaterThan(0)
  }
})
