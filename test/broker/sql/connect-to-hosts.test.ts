import { expect, test } from '@jest/globals'
import { ManualClock } from '../../../broker/base/manual-clock.ts'
import { connectToHosts, type ConnectPlan } from '../../../broker/sql/connect-to-hosts.ts'
import type { DatabaseHost } from '../../../broker/sql/jdbc-url.ts'
import type { DriverConnection } from '../../../broker/sql/queued-session.ts'
import { SqlError } from '../../../broker/sql/sql-error.ts'
import type { TlsAttempt, TlsSettings } from '../../../broker/sql/tls-attempt.ts'

interface FakeConnection extends DriverConnection {
  destroyed: boolean
}

function connectionTo(host: string): FakeConnection {
  const connection: FakeConnection = {
    kind: 'postgresql',
    host,
    destroyed: false,
    onLost: () => {},
    execute: () => Promise.resolve([]),
    end: () => Promise.resolve(),
    destroy: () => {
      connection.destroyed = true
    },
  }
  return connection
}

const tls: TlsSettings = {
  authority: undefined,
  certificate: undefined,
  key: undefined,
  keyPassword: undefined,
  checks: 'Nothing',
}

/** What a host does: an error, or nothing at all. */
type Behaviour = SqlError | 'Silent'

interface Scene {
  readonly behaviours?: Readonly<Record<string, Behaviour>>
  readonly change?: Partial<ConnectPlan<FakeConnection>>
}

function play({ behaviours = {}, change = {} }: Scene) {
  const clock = new ManualClock()
  const tried: string[] = []
  const made: FakeConnection[] = []
  const open = (
    { host }: DatabaseHost,
    attempt: TlsAttempt,
    onMade: (connection: FakeConnection) => void,
  ): Promise<FakeConnection> => {
    tried.push(attempt ? `${host} with TLS` : host)
    const connection = connectionTo(host)
    made.push(connection)
    onMade(connection)
    const behaviour = behaviours[tried.at(-1)!]
    if (behaviour === 'Silent') return new Promise(() => {})
    return behaviour ? Promise.reject(behaviour) : Promise.resolve(connection)
  }
  const hosts = ['one', 'two', 'three'].map((host) => ({ host, port: 1 }))
  const plan: ConnectPlan<FakeConnection> = {
    hosts,
    tls: [null],
    hostTimeoutMs: 1000,
    totalTimeoutMs: undefined,
    open,
    wantsOtherTls: ({ kind }) => kind === 'Denied',
    ...change,
  }
  return { clock, tried, made, connected: connectToHosts(plan, clock) }
}

const gone = new SqlError('Unreachable', 'refused')
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('the first host that takes it', async () => {
  const { connected, tried } = play({ behaviours: { one: gone } })
  expect((await connected).host).toBe('two')
  expect(tried).toEqual(['one', 'two'])
})

test('a host that says nothing has its time, and its connection is destroyed', async () => {
  const { connected, clock, made } = play({ behaviours: { one: 'Silent' } })
  await turn()
  clock.advance(1000)
  expect((await connected).host).toBe('two')
  expect(made.map(({ destroyed }) => destroyed)).toEqual([true, false])
  expect(clock.pendingTimers).toBe(0)
})

test('all hosts together have their time', async () => {
  const { connected, clock, tried } = play({
    behaviours: { one: 'Silent', two: 'Silent' },
    change: { totalTimeoutMs: 1500 },
  })
  await turn()
  clock.advance(1000)
  await turn()
  clock.advance(500)
  const message = 'Cannot connect to the database at one:1: no session after 1000 ms; two:1: no session after 500 ms'
  await expect(connected).rejects.toMatchObject({ kind: 'Unreachable', message })
  expect(tried).toEqual(['one', 'two'])
})

test('when none takes it, the error says why of each, and is of the kind that somebody has to do something about', async () => {
  const { connected } = play({
    behaviours: {
      one: gone,
      two: new SqlError('Denied', 'wrong password', { sqlState: '28P01' }),
      three: new SqlError('ReadOnly', 'a standby'),
    },
  })
  await expect(connected).rejects.toMatchObject({
    kind: 'Denied',
    sqlState: '28P01',
    message: 'Cannot connect to the database at one:1: refused; two:1: wrong password; three:1: a standby',
  })
})

test('the other form of TLS is tried of a host that refuses the first one', async () => {
  const refused = new SqlError('Denied', 'no TLS here')
  const { connected, tried } = play({ behaviours: { 'one with TLS': refused }, change: { tls: [tls, null] } })
  expect((await connected).host).toBe('one')
  expect(tried).toEqual(['one with TLS', 'one'])
})

test('not of one that is gone', async () => {
  const { connected, tried } = play({ behaviours: { 'one with TLS': gone }, change: { tls: [tls, null] } })
  await connected
  expect(tried).toEqual(['one with TLS', 'two with TLS'])
})
