// Why a drain does not go on, as somebody reads it who was woken by it.
import { expect, test } from '@jest/globals'
import type { NetworkBridgeSnapshot } from '../../../../broker/management/contract.ts'
import { drainReason, type DrainState } from '../../../../broker/network/drain/drain-reason.ts'

const bridge = (uri: string, state: NetworkBridgeSnapshot['state'], reason: string | null = null) => ({
  uri,
  state,
  reason,
})

const connected = bridge('tcp://b:61616', 'Connected')

const reasonOf = (state: Partial<DrainState>): string | null =>
  drainReason({ remaining: 5, bridges: [connected], draining: [], stalledMs: 12_345, ...state })

test('none while messages go out, or when none are left', () => {
  expect(reasonOf({ stalledMs: 9999 })).toBe(null)
  expect(reasonOf({ remaining: 0, bridges: [bridge('tcp://b:61616', 'Down', 'refused')] })).toBe(null)
})

test('nobody is reached: at once, and why, but of a few only', () => {
  const down = (name: string) => bridge(`tcp://${name}:1`, 'Down', `connect ECONNREFUSED`)
  expect(reasonOf({ stalledMs: 0, bridges: [bridge('tcp://b:1', 'Connecting')] })).toBe(
    'No other broker is reached: tcp://b:1 is being dialled',
  )
  expect(reasonOf({ bridges: [bridge('tcp://b:1', 'Idle', 'tcp://b:1 is this broker itself'), down('c')] })).toBe(
    'No other broker is reached: tcp://b:1 is this broker itself; tcp://c:1: connect ECONNREFUSED',
  )
  expect(reasonOf({ bridges: ['a', 'b', 'c', 'd', 'e'].map(down) })).toMatch(
    /^No other broker is reached: .*; tcp:\/\/c:1: connect ECONNREFUSED; and 2 more$/,
  )
  expect(reasonOf({ stalledMs: 0, bridges: [down('c'), connected] })).toBe(null)
})

test('another broker takes nothing, or says nothing', () => {
  const silent = { brokerName: 'b', underWay: 1000, refused: 0, refusal: null }
  expect(reasonOf({ draining: [silent] })).toBe(
    'b has answered none of 1000 messages for 12 s: its memory or its store may be full, or it has no store and answers when they are consumed there',
  )
  const refusing = { brokerName: 'c', underWay: 3, refused: 1, refusal: 'a message to ORDERS: too large' }
  expect(reasonOf({ draining: [silent, refusing] })).toBe(
    'c refuses 1 message, the last time a message to ORDERS: too large; it is asked again',
  )
  expect(reasonOf({})).toBe('5 messages wait and nothing is forwarded for 12 s: the log of this broker may say why')
})
