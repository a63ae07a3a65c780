// Which messages of a load count, and which loads have no figure.
import { describe, expect, test } from '@jest/globals'
import { measuredMessages, type LoadAnswer } from './load-answer.ts'

const whole: LoadAnswer = {
  elapsedMs: 1000,
  sent: 110,
  received: 100,
  expectedInAll: 200,
  receivedInAll: 200,
  delivery: null,
  answer: null,
  problems: '',
}

describe('messages of a load that count', () => {
  test('with consumers those that were delivered', () => {
    expect(measuredMessages({ consumers: 1 }, whole)).toBe(100)
  })

  test('without consumers those whose sends were answered', () => {
    const answer = { ...whole, received: 0, expectedInAll: 0, receivedInAll: 0 }
    expect(measuredMessages({ consumers: 0 }, answer)).toBe(110)
  })
})

describe('a load without a figure', () => {
  test('has lost a message', () => {
    expect(() => measuredMessages({ consumers: 1 }, { ...whole, receivedInAll: 199 })).toThrow(
      '199 of 200 messages were delivered',
    )
  })

  test('stood still', () => {
    expect(() => measuredMessages({ consumers: 1 }, { ...whole, received: 0 })).toThrow('no message was delivered')
    const unsent = { ...whole, sent: 0, received: 0, expectedInAll: 0, receivedInAll: 0 }
    expect(() => measuredMessages({ consumers: 0 }, unsent)).toThrow('no message was sent')
  })

  test('had a client that failed', () => {
    expect(() => measuredMessages({ consumers: 1 }, { ...whole, problems: 'producer 0: closed' })).toThrow('closed')
  })
})
