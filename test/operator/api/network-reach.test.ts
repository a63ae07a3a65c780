import { describe, expect, test } from '@jest/globals'
import { findIsolated, findShortReach, longestWay } from '../../../operator/api/network-reach.ts'

const groups = ['a', 'b', 'c', 'd']

/** `a>b` leads one way, `a=b` both; behind it messageTTL and consumerTTL. */
const way = (text: string, messageTTL = 1, consumerTTL = messageTTL, isStatic = false) => {
  const [from = '', to = ''] = text.split(/[>=]/)
  return { from, to, duplex: text.includes('='), isStatic, messageTTL, consumerTTL }
}

describe('the longest way', () => {
  test.each([
    ['a pair', ['a=b'], 1],
    ['a chain', ['a=b', 'b=c', 'c=d'], 3],
    ['a chain of one direction', ['a>b', 'b>c'], 2],
    ['two that send to one', ['a>c', 'b>c'], 1],
    ['a ring', ['a=b', 'b=c', 'c=d', 'd=a'], 2],
    ['nothing', [], 1],
  ])('of %s', (_, ways, hops) => {
    expect(
      longestWay(
        groups,
        ways.map((text) => way(text)),
      ),
    ).toBe(hops)
  })

  test('does not go over what asks for no demand', () => {
    expect(longestWay(groups, [way('a=b'), way('b=c', 1, 1, true), way('c=d')])).toBe(1)
  })
})

describe('messages that stop short', () => {
  test('have passed as many brokers as they may, or nobody beyond was asked for', () => {
    expect(findShortReach(groups, [way('a>b', 2), way('b>c', 2)])).toBeUndefined()
    expect(findShortReach(groups, [way('a>b', -1), way('b>c', -1)])).toBeUndefined()
    expect(findShortReach(groups, [way('a>b', 2), way('b>c', 1, 2)])).toEqual({ from: 'a', to: 'c', hops: 2 })
    expect(findShortReach(groups, [way('a>b', 2, 1), way('b>c', 2)])).toEqual({ from: 'a', to: 'c', hops: 2 })
    // The first edge counts one broker of the message, the last one of demand.
    expect(findShortReach(groups, [way('a>b', 1, 2), way('b>c', 2, 1)])).toBeUndefined()
  })

  test('may take a longer way with a higher TTL', () => {
    const short = [way('a>b', 1), way('b>d', 1)]
    const long = [way('a>c', 3), way('c>b', 3), way('b>d', 1)]
    expect(findShortReach(['a', 'b', 'd'], short)).toEqual({ from: 'a', to: 'd', hops: 2 })
    expect(findShortReach(groups, [...short, ...long.slice(0, 2), way('c>d', 3)])).toBeUndefined()
  })
})

test('a group is isolated when no edge leads to it or from it, not even over others', () => {
  expect(findIsolated(groups, [way('b>a'), way('c>b')])).toEqual(['d'])
  expect(findIsolated(groups, [way('a>b'), way('c=d')])).toEqual(['c', 'd'])
  expect(findIsolated(groups, [way('b>a'), way('c>b', 1, 1, true), way('d=c')])).toEqual([])
})
