import { beforeEach, expect, test } from '@jest/globals'
import { ManualClock } from '../../../broker/base/manual-clock.ts'
import { EarlyAcknowledgements } from '../../../broker/store/early-acknowledgements.ts'
import { storeLimits } from '../../../broker/store/limits.ts'

let clock: ManualClock
let early: EarlyAcknowledgements
let sequence: number
beforeEach(() => {
  clock = new ManualClock()
  early = new EarlyAcknowledgements(clock)
  sequence = 0
})

/** Dispatched, and acknowledged after its write. */
function dispatch(acknowledgedAfterMs: number): void {
  early.dispatched(++sequence, clock.monotonicMs())
  clock.advance(acknowledgedAfterMs)
  early.acknowledged(sequence, false)
}

test('nothing is expected at first, and after a few early acknowledgements it is', () => {
  expect(early.expected).toBe(false)
  for (let i = 0; i < 4; i++) dispatch(0.5)
  expect(early.expected).toBe(true)
})

test('one late acknowledgement ends the hope while nothing is put off', () => {
  for (let i = 0; i < 3; i++) dispatch(0.5)
  dispatch(5)
  dispatch(0.5)
  expect(early.expected).toBe(false)
})

test('what is spared keeps it up; waiting in vain ends it soon', () => {
  for (let i = 0; i < 16; i++) early.acknowledged(++sequence, true)
  early.waitedInVain()
  expect(early.expected).toBe(true)
  for (let i = 0; i < 2; i++) early.waitedInVain()
  expect(early.expected).toBe(false)
})

test('a message that is never acknowledged does not keep others from being timed', () => {
  early.dispatched(++sequence, clock.monotonicMs())
  clock.advance(storeLimits.timedAcknowledgementMs + 1)
  for (let i = 0; i < 4; i++) dispatch(0.5)
  expect(early.expected).toBe(true)
})
