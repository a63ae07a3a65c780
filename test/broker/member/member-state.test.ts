import { expect, test } from '@jest/globals'
import { MemberState } from '../../../broker/member/member-state.ts'

test('whoever listens is told of each other role, until he has had enough', () => {
  const state = new MemberState()
  const seen: string[] = []
  const end = state.onRoleChange(() => seen.push(state.role))
  state.role = 'Starting'
  state.role = 'Standby'
  state.role = 'Active'
  end()
  state.role = 'Stopping'
  expect(seen).toEqual(['Standby', 'Active'])
})

test('whoever listens is told that a bridge has come or gone, until he has had enough', () => {
  const state = new MemberState()
  let told = 0
  const end = state.onBridgeChange(() => told++)
  state.bridgeChanged()
  state.role = 'Active'
  end()
  state.bridgeChanged()
  expect(told).toBe(1)
})
