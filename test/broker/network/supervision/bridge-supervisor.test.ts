// What can go wrong with a bridge, and that there is one again: first each state that it can end in, then the rest.
import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { seededRandom, type Random } from '../../../../broker/base/random.ts'
import { NothingToBridge } from '../../../../broker/network/bridge.ts'
import type { BridgeTarget, ReconnectDelays } from '../../../../broker/network/discovery-uri.ts'
import { BridgeSupervisor } from '../../../../broker/network/supervision/bridge-supervisor.ts'
import { BridgedBrokers } from '../../../../broker/network/supervision/bridged-brokers.ts'
import { firstTryMs, longestTryMs, restMs, startTimeoutMs } from '../../../../broker/network/supervision/limits.ts'
import {
  defaultDelays,
  LogLines,
  noJitter,
  ScriptedBridges,
  type ScriptedBridge,
  targetOf,
} from './scripted-bridges.ts'

const b = 'tcp://b:61616'
const c = 'tcp://c:61616'

interface Setup {
  readonly target?: BridgeTarget
  readonly reconnect?: Partial<ReconnectDelays>
  readonly random?: Random
  readonly bridged?: BridgedBrokers
  readonly script?: ScriptedBridges
}

function setUp({ target = targetOf(b), reconnect, random = noJitter, bridged, script }: Setup = {}) {
  const bridges = script ?? new ScriptedBridges()
  const log = new LogLines()
  const changes: string[] = []
  const supervisor = new BridgeSupervisor({
    connector: 'nc',
    duplex: false,
    target,
    reconnect: { ...defaultDelays, ...reconnect },
    startBridge: bridges.startBridge,
    onChange: () => changes.push(supervisor.snapshot().state),
    bridged: bridged ?? new BridgedBrokers(),
    clock: bridges.clock,
    random,
    logger: log,
  })
  return { bridges, clock: bridges.clock, supervisor, log, changes }
}

describe('a bridge is made anew after it', () => {
  test.each<[string, (bridge: ScriptedBridge) => void, string]>([
    ['failed while it was dialling', (bridge) => bridge.end('connect ECONNREFUSED'), 'connect ECONNREFUSED'],
    ['failed while it was negotiating', (bridge) => bridge.end('no WireFormatInfo'), 'no WireFormatInfo'],
    // apache/activemq issue 1864: there it was the end of it.
    ['lost its connection before the other broker said who it is', (bridge) => bridge.end('EPIPE'), 'EPIPE'],
    [
      'was lost right after it had started',
      (bridge) => {
        bridge.start('B')
        bridge.end('connection reset')
      },
      'connection reset',
    ],
    [
      'was refused because of its password, which shows when it has started',
      (bridge) => {
        bridge.start('B')
        bridge.end('User name [x] or password is invalid.')
      },
      'User name [x] or password is invalid.',
    ],
    [
      // apache/activemq issue 2475: there the bridge stayed stopped for good.
      'was closed on this side',
      (bridge) => {
        bridge.start('B')
        bridge.end('Its consumers were ended here')
      },
      'Its consumers were ended here',
    ],
    [
      'told that it ended and then that it started',
      (bridge) => {
        bridge.end('reset')
        bridge.start('B')
      },
      'reset',
    ],
    [
      'told its end twice',
      (bridge) => {
        bridge.end('reset')
        bridge.end('reset')
      },
      'reset',
    ],
  ])('%s', (_, act, reason) => {
    const { bridges, supervisor } = setUp()
    supervisor.start()
    act(bridges.last)
    expect(supervisor.snapshot()).toMatchObject({ state: 'Down', reason })
    expect(bridges.untilDialled()).toBe(1000)
    expect(supervisor.snapshot()).toMatchObject({ state: 'Connecting', reason })
    bridges.last.start('B')
    expect(supervisor.snapshot()).toMatchObject({ state: 'Connected', reason, remoteBrokerName: 'B' })
  })

  test('failed while it was being made', () => {
    const { bridges, supervisor } = setUp()
    bridges.atOnce = (bridge) => bridge.end('EMFILE')
    supervisor.start()
    expect(supervisor.snapshot()).toMatchObject({ state: 'Down', reason: 'EMFILE' })
    bridges.atOnce = (bridge) => {
      bridge.start('B')
      bridge.end('gone')
    }
    expect(bridges.untilDialled()).toBe(1000)
    bridges.atOnce = () => {
      throw new Error('a defect')
    }
    expect(bridges.untilDialled()).toBe(2000)
    expect(supervisor.snapshot()).toMatchObject({ state: 'Down', reason: 'a defect' })
    bridges.atOnce = (bridge) => bridge.start('B')
    expect(bridges.untilDialled()).toBe(4000)
    expect(supervisor.snapshot().state).toBe('Connected')
  })

  test('did nothing at all, and is stopped then', () => {
    const { bridges, clock, supervisor } = setUp()
    supervisor.start()
    const silent = bridges.last
    clock.advance(startTimeoutMs - 1)
    expect(supervisor.snapshot().state).toBe('Connecting')
    clock.advance(1)
    expect(silent.stopped).toBe(true)
    expect(supervisor.snapshot()).toMatchObject({
      state: 'Down',
      reason: `${b} has neither bridged nor failed within ${startTimeoutMs} ms`,
    })
    bridges.untilDialled()
    bridges.last.start('B')
    silent.end()
    expect(supervisor.snapshot().state).toBe('Connected')
    clock.advance(startTimeoutMs * 2)
    expect(supervisor.snapshot().state).toBe('Connected')
  })

  test('went through any of these in any order, any number of times', () => {
    const steps = fc.array(
      fc.tuple(fc.constantFrom('wait', 'start', 'end', 'nothing', 'stop'), fc.nat(40_000), fc.boolean()),
      { maxLength: 60 },
    )
    fc.assert(
      fc.property(steps, fc.nat(), fc.constantFrom([b], [b, c]), (sequence, seed, uris) => {
        const { bridges, clock, supervisor } = setUp({ target: targetOf(...uris), random: seededRandom(seed) })
        supervisor.start()
        for (const [step, durationMs, first] of sequence) {
          const bridge = first ? bridges.bridges[0]! : bridges.last
          if (step === 'wait') clock.advance(durationMs)
          else if (step === 'start') bridge.start('B')
          else if (step === 'end') bridge.end()
          else if (step === 'nothing') bridge.end(new NothingToBridge('self'))
          else {
            supervisor.stop()
            expect(clock.pendingTimers).toBe(0)
            supervisor.start()
          }
          // One at a time, and one that is going on or will come.
          const alive = supervisor.snapshot().state === 'Connected' ? 0 : 1
          expect(clock.pendingTimers).toBe(alive)
        }
        if (['Down', 'Idle'].includes(supervisor.snapshot().state)) bridges.untilDialled()
        if (supervisor.snapshot().state !== 'Connected') bridges.last.start('B')
        expect(supervisor.snapshot().state).toBe('Connected')
      }),
    )
  })
})

describe('how soon', () => {
  test('later each time, and soon again after a bridge that lived', () => {
    const { bridges, clock, supervisor } = setUp()
    supervisor.start()
    const waits = [1, 2, 3, 4, 5, 6].map(() => {
      bridges.last.end()
      return bridges.untilDialled()
    })
    expect(waits).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000])
    bridges.last.start('B')
    clock.advance(defaultDelays.minConnectTimeMs - 1)
    bridges.last.end()
    expect(bridges.untilDialled()).toBe(30_000)
    bridges.last.start('B')
    clock.advance(defaultDelays.minConnectTimeMs)
    bridges.last.end()
    expect(bridges.untilDialled()).toBe(1000)
  })

  test('never again after maxReconnectAttempts, until it is started anew', () => {
    const { bridges, clock, supervisor, log } = setUp({ reconnect: { maxReconnectAttempts: 2 } })
    supervisor.start()
    bridges.last.end('no')
    bridges.untilDialled()
    bridges.last.end('no')
    expect(clock.pendingTimers).toBe(0)
    expect(supervisor.snapshot()).toMatchObject({ state: 'Down', reason: 'given up after maxReconnectAttempts: no' })
    expect(log.messages).toContain('Network bridge given up: maxReconnectAttempts is reached')
    supervisor.stop()
    supervisor.start()
    expect(bridges.bridges).toHaveLength(3)
  })

  test('brokers that lost each other at the same time do not dial in step', () => {
    const waits = [1, 2, 3].map((seed) => {
      const { bridges, supervisor } = setUp({ random: seededRandom(seed) })
      supervisor.start()
      bridges.last.end()
      return bridges.untilDialled()
    })
    expect(new Set(waits).size).toBe(3)
  })
})

describe('of several brokers', () => {
  test('each is tried once in its order, then there is a pause', () => {
    const { bridges, supervisor } = setUp({ target: targetOf(b, c) })
    supervisor.start()
    bridges.last.end('b: refused')
    expect(bridges.takeDialled()).toEqual([b, c])
    bridges.last.end('c: refused')
    expect(supervisor.snapshot()).toMatchObject({ state: 'Down', reason: 'b: refused; c: refused' })
    expect(bridges.untilDialled()).toBe(100)
    bridges.last.end('b: refused')
    bridges.last.start('B')
    expect(bridges.takeDialled()).toEqual([b, c])
    expect(supervisor.snapshot()).toMatchObject({ state: 'Connected', uri: `masterslave:(${b},${c})` })
  })

  test('the one that was lost comes last', () => {
    const { bridges, clock, supervisor } = setUp({ target: targetOf(b, c) })
    supervisor.start()
    bridges.last.start('B')
    clock.advance(10_000)
    bridges.last.end()
    bridges.takeDialled()
    bridges.untilDialled()
    bridges.last.end()
    expect(bridges.takeDialled()).toEqual([c, b])
  })

  test('in any order, where that is wished', () => {
    const target = { ...targetOf(b, c), randomize: true }
    const orders = Array.from({ length: 20 }, (_, seed) => {
      const { bridges, supervisor } = setUp({ target, random: seededRandom(seed) })
      supervisor.start()
      return bridges.takeDialled()[0]
    })
    expect(new Set(orders)).toEqual(new Set([b, c]))
  })

  test('whose address says nothing is not waited for, at first', () => {
    const { bridges, clock, supervisor } = setUp({ target: targetOf(b, c) })
    supervisor.start()
    expect(bridges.untilDialled()).toBe(firstTryMs)
    expect(bridges.bridges[0]!.stopped).toBe(true)
    bridges.last.end()
    expect(bridges.takeDialled()).toEqual([b, c])
    bridges.untilDialled()
    expect(bridges.untilDialled()).toBe(firstTryMs * 2)
    clock.advance(startTimeoutMs * 2)
    while (bridges.last.uri === b) bridges.untilDialled()
    while (bridges.last.uri === c) bridges.untilDialled()
    expect(bridges.untilDialled()).toBe(longestTryMs)
  })

  test('one that is far away gets the time that it needs', () => {
    const { bridges, clock, supervisor } = setUp({ target: targetOf(b, c) })
    supervisor.start()
    clock.advance(20_000)
    bridges.untilDialled()
    clock.advance(2000)
    bridges.last.start('C')
    clock.advance(10_000)
    bridges.last.end()
    bridges.untilDialled()
    expect(bridges.untilDialled()).toBe(6000)
  })

  test.each([
    ['refuses', true],
    ['says nothing', false],
  ])('the bridge is back within 2 s of a take-over that takes up to a minute, while the old one %s', (_, refuses) => {
    const takes = [10, 250, 700, 1500, 4000, 20_000, 45_000]
    const waits = takes.flatMap((takeOverMs) =>
      Array.from({ length: 40 }, (_, seed) => {
        const { bridges, clock, supervisor } = setUp({ target: targetOf(b, c), random: seededRandom(seed) })
        supervisor.start()
        bridges.last.start('B')
        clock.advance(60_000)
        const lostMs = clock.monotonicMs()
        bridges.atOnce = (bridge) => {
          if (bridge.uri === b && !refuses) return
          if (bridge.uri === c && clock.monotonicMs() - lostMs >= takeOverMs) bridge.start('C')
          else bridge.end('refused')
        }
        bridges.last.end()
        while (supervisor.snapshot().state !== 'Connected') clock.advance(10)
        return clock.monotonicMs() - lostMs - takeOverMs
      }),
    )
    expect(Math.max(...waits)).toBeLessThan(2000)
  })
})

describe('nothing to bridge', () => {
  test('a loop to itself is looked at from time to time, and is no failure', () => {
    const { bridges, supervisor, log } = setUp({ reconnect: { maxReconnectAttempts: 2 } })
    supervisor.start()
    for (let round = 0; round < 5; round++) {
      bridges.last.end(new NothingToBridge('it is this broker itself'))
      expect(supervisor.snapshot()).toMatchObject({ state: 'Idle', reason: 'it is this broker itself' })
      expect(bridges.untilDialled()).toBe(restMs)
    }
    expect(log.messages).toEqual(['Nothing to bridge'])
    bridges.last.start('B')
    expect(supervisor.snapshot().state).toBe('Connected')
    bridges.last.end(new NothingToBridge('not any more'))
    expect(supervisor.snapshot().state).toBe('Idle')
  })

  test('two ways to one broker make one bridge, and the other one when that is lost', () => {
    const bridged = new BridgedBrokers()
    const script = new ScriptedBridges()
    const first = setUp({ bridged, script })
    const second = setUp({ bridged, script, target: targetOf(c) })
    first.supervisor.start()
    const held = script.last
    held.start('B')
    second.supervisor.start()
    const late = script.last
    late.start('B')
    expect(late.stopped).toBe(true)
    expect(second.supervisor.snapshot()).toMatchObject({
      state: 'Idle',
      reason: `tcp://B:61616 is B, which is bridged by ${b}`,
      remoteBrokerId: null,
    })
    expect(first.supervisor.snapshot().state).toBe('Connected')
    expect(script.untilDialled()).toBe(restMs)
    script.last.start('B')
    script.takeDialled()
    held.end()
    script.clock.advance(0)
    expect(script.takeDialled()).toEqual([c])
    script.last.start('B')
    expect(second.supervisor.snapshot().state).toBe('Connected')
    expect(script.untilDialled()).toBe(1000)
    script.last.start('B')
    expect(first.supervisor.snapshot().state).toBe('Idle')
    second.supervisor.stop()
    first.supervisor.stop()
    expect(script.clock.pendingTimers).toBe(0)
  })
})

describe('stop and start', () => {
  test('again and again, in each state, with nothing left behind', () => {
    const { bridges, clock, supervisor } = setUp()
    supervisor.stop()
    for (let round = 0; round < 3; round++) {
      supervisor.start()
      supervisor.start()
      const dialled = bridges.last
      supervisor.stop()
      expect(dialled.stopped).toBe(true)
      dialled.start('B')
      expect(supervisor.snapshot()).toMatchObject({ state: 'Idle', reason: 'stopped' })
      supervisor.start()
      bridges.last.start('B')
      supervisor.stop()
      expect(bridges.last.stopped).toBe(true)
      supervisor.start()
      bridges.last.end()
      supervisor.stop()
      expect(clock.pendingTimers).toBe(0)
    }
    expect(bridges.bridges).toHaveLength(9)
  })

  test('a broker that is found no more keeps its bridge, until that ends by itself', () => {
    const { bridges, clock, supervisor } = setUp()
    let over = 0
    supervisor.start()
    bridges.last.start('B')
    supervisor.withdraw(() => over++)
    supervisor.goOn()
    bridges.last.end()
    expect(over).toBe(0)
    bridges.untilDialled()
    bridges.last.start('B')
    supervisor.withdraw(() => over++)
    expect(supervisor.snapshot().state).toBe('Connected')
    bridges.last.end()
    expect([over, clock.pendingTimers, supervisor.snapshot().state]).toEqual([1, 0, 'Idle'])
    supervisor.start()
    supervisor.withdraw(() => over++)
    expect([over, clock.pendingTimers]).toEqual([2, 0])
  })
})

test('whoever wants to know is told when there is a bridge and when there is none any more, and of no attempt', () => {
  const { bridges, supervisor, changes } = setUp()
  supervisor.start()
  bridges.last.end()
  bridges.untilDialled()
  bridges.last.start('B')
  bridges.last.end()
  bridges.untilDialled()
  bridges.last.end()
  bridges.untilDialled()
  bridges.last.start('B')
  supervisor.stop()
  expect(changes).toEqual(['Connected', 'Down', 'Connected', 'Idle'])
})

test('what went over all bridges is counted on, and when they were made anew', () => {
  const { bridges, clock, supervisor } = setUp()
  expect(supervisor.snapshot()).toEqual({
    connector: 'nc',
    uri: b,
    duplex: false,
    accepted: false,
    state: 'Idle',
    reason: null,
    failure: null,
    remoteBrokerName: null,
    remoteBrokerId: null,
    remoteAddress: null,
    since: '2023-11-14T22:13:20.000Z',
    restarts: 0,
    demandSubscriptions: 0,
    forwarded: 0,
    received: 0,
  })
  supervisor.start()
  bridges.last.start('B')
  bridges.last.statistics = { demandSubscriptions: 3, forwarded: 10, received: 5 }
  clock.advance(10_000)
  bridges.last.end()
  expect(supervisor.snapshot()).toMatchObject({ restarts: 0, demandSubscriptions: 0, forwarded: 10, received: 5 })
  bridges.untilDialled()
  bridges.last.start('B2')
  bridges.last.statistics = { demandSubscriptions: 1, forwarded: 1, received: 2 }
  expect(supervisor.snapshot()).toMatchObject({
    state: 'Connected',
    remoteBrokerId: 'ID:B2',
    remoteAddress: 'tcp://B2:61616',
    since: '2023-11-14T22:13:31.000Z',
    restarts: 1,
    demandSubscriptions: 1,
    forwarded: 11,
    received: 7,
  })
  supervisor.stop()
  expect(supervisor.snapshot()).toMatchObject({ restarts: 1, demandSubscriptions: 0, forwarded: 11, received: 7 })
})

test('the log tells starts and ends, and of an outage each reason once', () => {
  const { bridges, clock, supervisor, log } = setUp()
  supervisor.start()
  for (const reason of ['refused', 'refused', 'no route', 'no route']) {
    bridges.last.end(reason)
    bridges.untilDialled()
  }
  bridges.last.start('B')
  clock.advance(7000)
  bridges.last.end('reset')
  bridges.untilDialled()
  bridges.last.start('B')
  supervisor.stop()
  const remote = { remoteBroker: 'B', remoteBrokerId: 'ID:B', remoteAddress: 'tcp://B:61616' }
  expect(log.lines).toEqual([
    ['warn', 'Cannot start network bridge', { reason: 'refused' }],
    ['warn', 'Cannot start network bridge', { reason: 'no route' }],
    ['info', 'Network bridge started', remote],
    ['warn', 'Network bridge ended', { reason: 'reset', connectedMs: 7000 }],
    ['info', 'Network bridge started', remote],
    ['info', 'Network bridge ended', { reason: 'stopped' }],
  ])
})
