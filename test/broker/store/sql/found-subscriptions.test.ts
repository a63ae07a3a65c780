import { describe, expect, test } from '@jest/globals'
import { foundSubscriptions, type AckRow, type OwnRow } from '../../../../broker/store/sql/found-subscriptions.ts'

const key = { container: 'topic://A.B', priority: 0, clientId: 'c', name: 'n' }
const ack: AckRow = { ...key, subscribedDestination: 'topic://A.B', selector: null, lastAckedId: 7 }
const own: OwnRow = { ...key, selector: null, noLocal: false, acked: null }
const ackOfWildcard: AckRow = { ...ack, subscribedDestination: 'topic://A.>' }
const marker: OwnRow = { ...own, container: 'topic://A.>', selector: 'a = 1', noLocal: true }
const foundMarker = {
  ...marker,
  subscribedDestination: 'topic://A.>',
  lastAckedId: 0,
}

describe('a subscription of ActiveMQ', () => {
  test('is what its row says, which does not say noLocal', () => {
    expect(foundSubscriptions([{ ...ack, selector: 'a = 1' }], [])).toEqual([
      { ...ack, selector: 'a = 1', noLocal: null, acked: null },
    ])
  })

  test.each([
    [-1, 0],
    [null, 0],
    [9, 9],
  ])('with the last acknowledgement %p begins behind %p', (lastAckedId, expected) => {
    expect(foundSubscriptions([{ ...ack, lastAckedId }], [])).toMatchObject([{ lastAckedId: expected }])
  })

  test('to a wildcard has a marker beside the rows of its topics', () => {
    const found = foundSubscriptions(
      [ackOfWildcard, { ...ackOfWildcard, container: 'topic://A.C' }, { ...ack, clientId: 'other' }],
      [],
    )
    expect(found.map(({ container, clientId }) => [container, clientId])).toEqual([
      ['topic://A.B', 'c'],
      ['topic://A.C', 'c'],
      ['topic://A.B', 'other'],
      ['topic://A.>', 'c'],
    ])
    expect(found[3]).toEqual({
      ...ackOfWildcard,
      container: 'topic://A.>',
      noLocal: null,
      lastAckedId: 0,
      acked: null,
    })
  })

  test('to a composite has one, too', () => {
    const found = foundSubscriptions([{ ...ack, subscribedDestination: 'A.B,topic://C' }], [])
    expect(found.at(-1)).toMatchObject({ container: 'topic://A.B,topic://C', subscribedDestination: 'A.B,topic://C' })
  })
})

describe('what our row says beside it', () => {
  test('is added', () => {
    const row = { ...own, noLocal: true, acked: Buffer.of(1) }
    expect(foundSubscriptions([ack], [row])).toEqual([{ ...ack, noLocal: true, acked: Buffer.of(1) }])
  })

  test('may not say noLocal either, when it was made for acknowledgements', () => {
    const row = { ...own, noLocal: null, acked: Buffer.of(1) }
    expect(foundSubscriptions([ack], [row])).toEqual([{ ...ack, noLocal: null, acked: Buffer.of(1) }])
  })

  test('is a selector that is too long for the other', () => {
    const selector = 'x'.repeat(251)
    expect(foundSubscriptions([ack], [{ ...own, selector }])).toMatchObject([{ selector }])
  })

  test('counts for nothing when somebody subscribed anew with another selector', () => {
    const row = { ...own, selector: 'a = 1', noLocal: true }
    for (const selector of [null, 'a = 2'])
      expect(foundSubscriptions([{ ...ack, selector }], [row])).toMatchObject([{ selector, noLocal: null }])
  })

  test('is nothing when somebody has unsubscribed', () => {
    expect(foundSubscriptions([], [own])).toEqual([])
  })
})

describe('a marker of ours', () => {
  test('is there while it has no topics', () => {
    expect(foundSubscriptions([], [marker])).toEqual([foundMarker])
  })

  test('is there with its topics, once', () => {
    expect(foundSubscriptions([ackOfWildcard], [marker])).toEqual([
      { ...ackOfWildcard, noLocal: null, acked: null },
      foundMarker,
    ])
  })

  test('is gone when somebody subscribed to something else by that name', () => {
    expect(foundSubscriptions([ack], [marker])).toHaveLength(1)
    const found = foundSubscriptions([{ ...ack, subscribedDestination: 'topic://*.B' }], [marker])
    expect(found.map(({ container }) => container)).toEqual(['topic://A.B', 'topic://*.B'])
  })

  test('of somebody else is another one', () => {
    expect(foundSubscriptions([{ ...ack, name: 'other' }], [marker])).toHaveLength(2)
  })
})
