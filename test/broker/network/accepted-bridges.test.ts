import { expect, test } from '@jest/globals'
import { ManualClock } from '../../../broker/base/manual-clock.ts'
import { AcceptedBridges } from '../../../broker/network/accepted-bridges.ts'
import { LogLines, remoteOf, ScriptedBridge } from './supervision/scripted-bridges.ts'

function setUp() {
  const log = new LogLines()
  const accepted = new AcceptedBridges(new ManualClock(), log)
  const accept = (name: string, connector = 'nc') => {
    const made: ScriptedBridge[] = []
    const bridge = accepted.accept({ connector, remote: remoteOf(name) }, (listener) => {
      const scripted = new ScriptedBridge(name, 0, listener)
      made.push(scripted)
      return scripted
    })
    return { bridge, scripted: made[0]! }
  }
  const states = () => accepted.bridges().map(({ connector, uri, state }) => `${connector} ${uri} ${state}`)
  return { accepted, accept, states, log }
}

test('is shown while it lives', () => {
  const { accepted, accept, states, log } = setUp()
  const { scripted } = accept('B')
  expect(states()).toEqual(['nc tcp://B:61616 Connecting'])
  scripted.start('B')
  scripted.statistics = { demandSubscriptions: 1, forwarded: 2, received: 3 }
  expect(accepted.bridges()).toEqual([
    {
      connector: 'nc',
      uri: 'tcp://B:61616',
      duplex: true,
      accepted: true,
      state: 'Connected',
      reason: null,
      remoteBrokerName: 'B',
      remoteBrokerId: 'ID:B',
      remoteAddress: 'tcp://B:61616',
      since: '2023-11-14T22:13:20.000Z',
      restarts: 0,
      demandSubscriptions: 1,
      forwarded: 2,
      received: 3,
    },
  ])
  scripted.end('reset')
  scripted.end('reset')
  scripted.start('B')
  expect(states()).toEqual([])
  const fields = { connector: 'nc', remoteBroker: 'B', remoteBrokerId: 'ID:B', remoteAddress: 'tcp://B:61616' }
  expect(log.lines).toEqual([
    ['info', 'Network bridge accepted', fields],
    ['warn', 'Accepted network bridge ended', { ...fields, reason: 'reset' }],
  ])
})

test('takes the place of an earlier one of the same connector and broker, and of no other', () => {
  const { accept, states } = setUp()
  const first = accept('B')
  const other = accept('B', 'other')
  first.scripted.start('B')
  const second = accept('B')
  expect([first.scripted.stopped, other.scripted.stopped]).toEqual([true, false])
  expect(states()).toEqual(['nc tcp://B:61616 Connecting', 'other tcp://B:61616 Connecting'])
  first.bridge.stop()
  second.scripted.start('B')
  expect(states()).toEqual(['nc tcp://B:61616 Connected', 'other tcp://B:61616 Connecting'])
})

test('is stopped by whoever accepted it, or with all others', () => {
  const { accepted, accept, states } = setUp()
  const first = accept('B')
  first.bridge.stop()
  expect([states(), first.scripted.stopped, first.bridge.statistics.forwarded]).toEqual([[], true, 0])
  const second = accept('C')
  accepted.stop()
  second.scripted.start('C')
  expect([states(), second.scripted.stopped]).toEqual([[], true])
})
