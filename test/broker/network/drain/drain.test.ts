// The order in which a broker leaves its network and comes back, with parts that only write down what they are told.
import { expect, test } from '@jest/globals'
import { silentLogger } from '../../../../broker/base/logger.ts'
import { ManualClock } from '../../../../broker/base/manual-clock.ts'
import type { NetworkBridgeSnapshot } from '../../../../broker/management/contract.ts'
import { Drain, type DrainTarget, type LeavingConnector } from '../../../../broker/network/drain/drain.ts'
import type { DrainFlow } from '../../../../broker/network/drain/drain-flow.ts'
import { answeredWithinMs, answerPollMs, lookMs, stalledAfterMs } from '../../../../broker/network/drain/limits.ts'
import type { NetworkConnector } from '../../../../broker/network/supervision/network-connector.ts'
import { defaultDelays, targetOf } from '../supervision/scripted-bridges.ts'

const to = (...names: string[]): DrainTarget[] =>
  names.map((name) => ({
    uri: `static:(tcp://${name}:1)`,
    discovery: { kind: 'static', targets: [targetOf(`tcp://${name}:1`)], reconnect: defaultDelays },
  }))

function setUp({ holdsDisk = false }: { readonly holdsDisk?: boolean } = {}) {
  const clock = new ManualClock()
  const said: string[] = []
  const held = { ofQueues: 3, ofSubscriptions: 2, forwarding: 0 }
  const state = { cannotOpen: null as Error | null, bridge: 'Connected' as NetworkBridgeSnapshot['state'] }
  const durable: (() => void)[] = []
  let flow: DrainFlow | undefined
  const connector = (name: string): LeavingConnector => ({
    quiesce: (whom) => void said.push(`quiesce ${whom} ${name}`),
    close: async () => void said.push(`close ${name}`),
    open: async () => {
      said.push(`open ${name}`)
      if (name === 'two' && state.cannotOpen) throw state.cannotOpen
    },
  })
  const drain = new Drain({
    region: {
      held: () => ({ ofQueues: held.ofQueues, ofSubscriptions: held.ofSubscriptions }),
      forwarding: () => held.forwarding,
      holdBridges: () => void said.push('bridges hold'),
      keptElsewhere: () => new Set(),
      setDraining: (draining) => void said.push(draining ? 'region drains' : 'region does not drain'),
      whenDurable: (done) => (holdsDisk ? void durable.push(done) : done()),
    },
    network: { start: () => void said.push('network starts'), stop: () => void said.push('network stops') },
    connectors: [connector('one'), connector('two')],
    connectorTo: ({ uri }, given) => {
      flow = given
      return {
        start: () => void said.push(`bridge ${uri}`),
        stop: () => void said.push(`no bridge ${uri}`),
        bridges: () => [{ uri, state: state.bridge, reason: 'refused' }],
      } as unknown as NetworkConnector
    },
    changed: () => void said.push('changed'),
    clock,
    logger: silentLogger,
  })
  const settle = async (): Promise<string[]> => {
    for (let turn = 0; turn < 50; turn++) await Promise.resolve()
    return said.splice(0)
  }
  return { drain, clock, held, state, durable, settle, flow: () => flow! }
}

const left = [
  'changed',
  'bridges hold',
  'quiesce clients one',
  'quiesce clients two',
  'quiesce all one',
  'quiesce all two',
  'close one',
  'close two',
  'network stops',
  'region drains',
  'bridge static:(tcp://b:1)',
]

test('it leaves, and comes back', async () => {
  const { drain, settle, clock } = setUp()
  expect([drain.isDraining, drain.snapshot(), drain.bridges()]).toEqual([false, undefined, []])
  drain.begin(to('b'))
  expect(drain.isDraining).toBe(true)
  expect(await settle()).toEqual(left)
  expect(drain.snapshot()).toEqual({
    to: ['static:(tcp://b:1)'],
    since: new Date(clock.nowMs()).toISOString(),
    messagesRemaining: 3,
    messagesOfSubscriptions: 2,
    reason: null,
  })
  await drain.end()
  expect(await settle()).toEqual([
    'bridges hold',
    'no bridge static:(tcp://b:1)',
    'open one',
    'open two',
    'region does not drain',
    'network starts',
    'changed',
  ])
  expect([drain.isDraining, drain.snapshot(), clock.pendingTimers]).toEqual([false, undefined, 0])
  drain.begin(to('b'))
  expect(await settle()).toEqual(left)
})

test('another list counts from then on; the same one changes nothing', async () => {
  const { drain, settle } = setUp()
  drain.begin(to('b', 'c'))
  await settle()
  drain.begin(to('c', 'b'))
  expect(await settle()).toEqual([])
  drain.begin(to('c', 'd'))
  expect(await settle()).toEqual(['no bridge static:(tcp://b:1)', 'bridge static:(tcp://d:1)'])
  expect(drain.snapshot()!.to).toEqual(['static:(tcp://c:1)', 'static:(tcp://d:1)'])
})

test('what was read is answered first, unless the disk takes too long', async () => {
  const patient = setUp({ holdsDisk: true })
  patient.drain.begin(to('b'))
  expect(await patient.settle()).toEqual(left.slice(0, 4))
  patient.durable[0]!()
  expect(await patient.settle()).toEqual(left.slice(4, 6))
  patient.durable[1]!()
  expect(await patient.settle()).toEqual(left.slice(6))
  const stuck = setUp({ holdsDisk: true })
  stuck.drain.begin(to('b'))
  await stuck.settle()
  stuck.clock.advance(answeredWithinMs)
  expect(await stuck.settle()).toEqual(left.slice(4, 6))
  stuck.clock.advance(answeredWithinMs)
  expect(await stuck.settle()).toEqual(left.slice(6))
})

test('what bridges have is answered when clients bring nothing more, unless it takes too long', async () => {
  const patient = setUp()
  patient.held.forwarding = 5
  patient.drain.begin(to('b'))
  expect(await patient.settle()).toEqual(left.slice(0, 4))
  patient.clock.advance(answerPollMs)
  expect(await patient.settle()).toEqual([])
  patient.held.forwarding = 0
  patient.clock.advance(answerPollMs)
  expect(await patient.settle()).toEqual(left.slice(4))
  const stuck = setUp()
  stuck.held.forwarding = 5
  stuck.drain.begin(to('b'))
  await stuck.settle()
  stuck.clock.advance(answeredWithinMs)
  expect(await stuck.settle()).toEqual(left.slice(4))
})

test('called off, it waits for the answers that are under way, unless that takes too long', async () => {
  const patient = setUp()
  patient.drain.begin(to('b'))
  await patient.settle()
  patient.held.forwarding = 5
  void patient.drain.end()
  expect(await patient.settle()).toEqual(['bridges hold'])
  patient.held.forwarding = 0
  patient.clock.advance(answerPollMs)
  expect(await patient.settle()).toContain('network starts')
  const stuck = setUp()
  stuck.drain.begin(to('b'))
  await stuck.settle()
  stuck.held.forwarding = 5
  void stuck.drain.end()
  await stuck.settle()
  stuck.clock.advance(answeredWithinMs)
  expect(await stuck.settle()).toContain('network starts')
})

test('until all are cut off something is always left', async () => {
  const { drain, held, durable, settle } = setUp({ holdsDisk: true })
  held.ofQueues = 0
  drain.begin(to('b'))
  await settle()
  expect(drain.snapshot()).toMatchObject({ messagesRemaining: 1, reason: null })
  durable[0]!()
  await settle()
  durable[1]!()
  await settle()
  expect(drain.snapshot()).toMatchObject({ messagesRemaining: 0, reason: null })
})

test('called off while it leaves it comes back, and what was asked for last counts', async () => {
  const { drain, durable, settle } = setUp({ holdsDisk: true })
  drain.begin(to('b'))
  await settle()
  const ended = drain.end()
  drain.begin(to('c'))
  durable[0]!()
  const before = await settle()
  durable[1]!()
  await ended
  expect([...before, ...(await settle())]).toEqual([...left.slice(4, 10), 'bridge static:(tcp://c:1)'])
  await drain.end()
  expect(drain.isDraining).toBe(false)
})

test('what never began is ended at once', async () => {
  const { drain, settle } = setUp()
  await drain.end()
  expect(await settle()).toEqual([])
})

test('when a connector cannot be opened again it drains on, and says so', async () => {
  const { drain, settle, state } = setUp()
  drain.begin(to('b'))
  await settle()
  state.cannotOpen = new Error('Cannot open transport connector two: the port is in use')
  await expect(drain.end()).rejects.toThrow('the port is in use')
  expect(await settle()).toEqual([
    'bridges hold',
    'no bridge static:(tcp://b:1)',
    'open one',
    'open two',
    'close one',
    'bridge static:(tcp://b:1)',
  ])
  expect(drain.snapshot()!.to).toEqual(['static:(tcp://b:1)'])
  state.cannotOpen = null
  await drain.end()
  expect(drain.isDraining).toBe(false)
})

test('it tells when nothing is left, and when something is again', async () => {
  const { drain, settle, held, clock } = setUp()
  drain.begin(to('b'))
  await settle()
  clock.advance(lookMs)
  expect(await settle()).toEqual([])
  held.ofQueues = 0
  clock.advance(lookMs)
  expect(await settle()).toEqual(['changed'])
  clock.advance(lookMs)
  expect(await settle()).toEqual([])
  held.ofQueues = 1
  clock.advance(lookMs)
  expect(await settle()).toEqual(['changed'])
})

test('it says why it does not go on: at once when nobody is reached, else after a while without an answer', async () => {
  const { drain, settle, clock, state, flow } = setUp()
  drain.begin(to('b'))
  await settle()
  expect(drain.snapshot()!.reason).toBe(null)
  clock.advance(stalledAfterMs)
  expect(drain.snapshot()!.reason).toMatch(/^3 messages wait and nothing is forwarded for 10 s/)
  flow().forwarded++
  clock.advance(lookMs)
  expect(drain.snapshot()!.reason).toBe(null)
  state.bridge = 'Down'
  expect(drain.snapshot()!.reason).toBe('No other broker is reached: static:(tcp://b:1): refused')
})

test('the broker ends: in the middle of anything, and nothing comes after', async () => {
  const draining = setUp()
  draining.drain.begin(to('b'))
  await draining.settle()
  await draining.drain.stop()
  expect(await draining.settle()).toEqual(['no bridge static:(tcp://b:1)'])
  draining.drain.begin(to('c'))
  await draining.drain.end()
  expect([await draining.settle(), draining.clock.pendingTimers]).toEqual([[], 0])

  const leaving = setUp({ holdsDisk: true })
  leaving.drain.begin(to('b'))
  await leaving.settle()
  const stopped = leaving.drain.stop()
  leaving.durable[0]!()
  await stopped
  expect([await leaving.settle(), leaving.clock.pendingTimers]).toEqual([[], 0])

  const returning = setUp()
  returning.drain.begin(to('b'))
  await returning.settle()
  const ended = returning.drain.end()
  const over = returning.drain.stop()
  await expect(ended).rejects.toThrow('The broker is being stopped')
  await over
  expect(await returning.settle()).not.toContain('network starts')
  expect(returning.clock.pendingTimers).toBe(0)
})
