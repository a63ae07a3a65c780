import { expect, test } from '@jest/globals'
import { ManualClock } from '../../../../broker/base/manual-clock.ts'
import { PullRequest } from '../../../../broker/destination/subscription/pull-request.ts'

const made = () => {
  const clock = new ManualClock()
  const answers: number[] = []
  const pull = new PullRequest(clock, () => void answers.push(clock.nowMs()))
  return { clock, answers, pull }
}

test('is answered with nothing when its time is over, once', () => {
  const { clock, answers, pull } = made()
  pull.open(500)
  expect([pull.isOpen, pull.wantsAnswerAtOnce]).toEqual([true, false])
  pull.wait(500)
  clock.advance(499)
  expect(answers).toHaveLength(0)
  clock.advance(1)
  clock.advance(10_000)
  expect([answers.length, pull.isOpen]).toEqual([1, false])
})

test('0 waits for ever, -1 not at all', () => {
  const { clock, answers, pull } = made()
  pull.open(0)
  pull.wait(0)
  clock.advance(1e9)
  expect([pull.isOpen, answers]).toEqual([true, []])
  pull.open(-1)
  expect(pull.wantsAnswerAtOnce).toBe(true)
})

test('a message ends it, and so does another one', () => {
  const { clock, answers, pull } = made()
  pull.open(500)
  pull.wait(500)
  pull.end()
  clock.advance(1000)
  pull.open(100)
  pull.wait(100)
  pull.open(0)
  clock.advance(1000)
  expect([pull.isOpen, answers]).toEqual([true, []])
})
