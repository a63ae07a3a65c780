import { expect, test } from '@jest/globals'
import { parseEndpoint } from '../../../../broker/client/transport/parse-broker-url.ts'
import { BridgeAttempt } from '../../../../broker/network/supervision/bridge-attempt.ts'
import { ScriptedBridges, type ScriptedBridge } from './scripted-bridges.ts'

function dial(
  atOnce: (bridge: ScriptedBridge) => void = () => {},
  onStart: (attempt: BridgeAttempt) => void = () => {},
) {
  const bridges = new ScriptedBridges()
  bridges.atOnce = atOnce
  const heard: string[] = []
  const attempt: BridgeAttempt = new BridgeAttempt(parseEndpoint('tcp://b:61616'), {
    started: ({ brokerName }) => {
      heard.push(brokerName)
      onStart(attempt)
    },
    ended: ({ message }) => void heard.push(message),
  })
  attempt.dial(bridges.startBridge, bridges.clock, 1000)
  return { attempt, bridges, heard }
}

test('starts once and ends once, whatever the bridge does', () => {
  const { bridges, heard } = dial()
  bridges.last.start('B')
  bridges.last.start('B')
  bridges.last.end('x')
  bridges.last.end('y')
  bridges.last.start('B')
  expect(heard).toEqual(['B', 'x'])
  expect(bridges.clock.pendingTimers).toBe(0)
})

test('nothing is heard after a stop, also from within the call that made the bridge', () => {
  const { attempt, bridges, heard } = dial()
  attempt.stop()
  bridges.last.start('B')
  bridges.last.end()
  expect([heard, bridges.last.stopped, bridges.clock.pendingTimers]).toEqual([[], true, 0])
  const within = dial(
    (bridge) => bridge.start('B'),
    (started) => started.stop(),
  )
  expect([within.heard, within.bridges.last.stopped]).toEqual([['B'], true])
})

test('a bridge that ended by itself is not stopped as well', () => {
  const { attempt, bridges } = dial((bridge) => bridge.end())
  attempt.stop()
  expect(bridges.last.stopped).toBe(false)
})

test('who does nothing is stopped in time', () => {
  const { bridges, heard } = dial()
  bridges.clock.advance(1000)
  expect(heard).toEqual(['tcp://b:61616 has neither bridged nor failed within 1000 ms'])
  expect(bridges.last.stopped).toBe(true)
})
