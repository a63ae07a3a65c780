// What counts of pairs that were measured alone and beside a troublemaker.
import { describe, expect, test } from '@jest/globals'
import { judgeNeighbours, type NeighboursAnswer } from './neighbours-answer.ts'

/** Two pairs of each kind, in turn: queue, persistent queue, topic, persistent topic. */
function answer(beside: readonly number[], more: Partial<NeighboursAnswer> = {}): NeighboursAnswer {
  return { alone: [100, 10, 100, 20, 100, 10, 100, 20], beside, missing: 0, problems: '', ...more }
}

describe('the share of the rate alone', () => {
  test('is that of the kind of pairs where it is least', () => {
    const figures = judgeNeighbours(answer([200, 10, 100, 15, 200, 10, 100, 10]))
    expect(figures).toEqual({ shareBeside: 25 / 40, stalledPairs: 0 })
  })

  test('is nothing where one kind stands still, whatever the others do; what is held back may be missing', () => {
    const figures = judgeNeighbours(answer([0, 90, 900, 90, 0, 90, 900, 90], { missing: 64 }))
    expect(figures).toEqual({ shareBeside: 0, stalledPairs: 2 })
  })

  test('with one pair that stands still may be large: that pair counts by itself', () => {
    const figures = judgeNeighbours(answer([200, 10, 100, 40, 200, 10, 100, 0], { missing: 1 }))
    expect(figures).toEqual({ shareBeside: 1, stalledPairs: 1 })
  })
})

describe('there is no figure', () => {
  const whole = [100, 10, 100, 20, 100, 10, 100, 20]

  test('when a message was lost', () => {
    expect(() => judgeNeighbours(answer(whole, { missing: 3 }))).toThrow('3 messages of the pairs were not delivered')
  })

  test('when a pair did not even go alone', () => {
    const alone = [0, 10, 100, 20, 100, 10, 100, 20]
    expect(() => judgeNeighbours(answer(whole, { alone }))).toThrow('1 pairs stood still with nobody beside them')
  })

  test('when a client failed', () => {
    expect(() => judgeNeighbours(answer(whole, { problems: 'pair 1: closed' }))).toThrow('closed')
  })
})
