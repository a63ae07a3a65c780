// A member whose lock is in a database, and the database is away: it waits, says why, and serves when it is back.
import { afterEach, expect, test } from '@jest/globals'
import { systemClock } from '../../broker/base/clock.ts'
import { systemRandom } from '../../broker/base/random.ts'
import type { Broker } from '../../broker/broker.ts'
import { LeaseLock } from '../../broker/lock/sql/lease-lock.ts'
import type { BrokerSnapshot } from '../../broker/management/contract.ts'
import { SqlError } from '../../broker/sql/sql-error.ts'
import { tableNames } from '../../broker/sql/table-names.ts'
import { LoggedLines } from '../support/logged-lines.ts'
import { PlayedLockDatabase } from '../support/played-lock-database.ts'
import { buildTestBroker } from '../support/started-broker.ts'

const database = new PlayedLockDatabase(systemClock)
let broker: Broker | undefined
afterEach(() => broker?.stop())

const ask = async (path: string): Promise<string> =>
  (await fetch(`http://127.0.0.1:${broker!.adminPort}${path}`)).text()

test('a member whose database is away waits and says why, and serves when it comes', async () => {
  const log = new LoggedLines()
  const lock = new LeaseLock({
    database,
    names: tableNames(''),
    createTables: true,
    brokerName: 'localhost',
    member: 'member-0',
    clock: systemClock,
    random: systemRandom,
    logger: log,
    acquireIntervalMs: 10,
  })
  const reason = 'Cannot connect to db:5432: connection refused'
  database.trouble = new SqlError('Unreachable', reason)
  broker = buildTestBroker({ lock, logger: log })
  const start = broker.start()
  while (lock.obstacle.kind !== 'Trouble') await new Promise(setImmediate)
  const { role, lock: told } = JSON.parse(await ask('/snapshot')) as BrokerSnapshot
  expect({ role, ...told }).toEqual({ role: 'Standby', type: 'Lease', holder: null, term: null, trouble: reason })
  expect(await ask('/metrics')).toContain('flotilla_lock_trouble 1\n')
  while (!log.of('info').some(([message]) => message.startsWith('Standby: '))) await new Promise(setImmediate)
  expect(log.of('info').find(([message]) => message.startsWith('Standby: '))?.[0]).toContain(reason)
  database.trouble = undefined
  await start
  const active = JSON.parse(await ask('/snapshot')) as BrokerSnapshot
  expect(active).toMatchObject({ role: 'Active', lock: { holder: 'member-0', term: 1, trouble: null } })
  expect(await ask('/metrics')).toContain('flotilla_lock_trouble 0\n')
})
