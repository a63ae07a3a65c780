// A broker that tells of more than there can be.
import { describe, expect, test } from '@jest/globals'
import {
  littleRememberedBytes,
  maxInterestsOfOneId,
  maxRememberedBytes,
  maxRememberedBytesOfAll,
  maxWildcards,
} from '../../../../broker/network/demand/limits.ts'
import { NetworkDemands } from '../../../../broker/network/demand/network-demands.ts'
import type { DestinationInfo } from '../../../../broker/wire/openwire/commands.ts'
import { BridgeHarness, brokerPath, consumer, consumerId, gone, subscriber, temporary } from './demand-harness.ts'

/** Has heard of consumers of `queue://FULL` until no more can be remembered; what is short still finds room. */
function fullBridge(): { bridge: BridgeHarness; consumers: number } {
  const bridge = new BridgeHarness()
  const selector = 'x'.repeat(1024 * 1024)
  for (let consumers = 0; ; consumers++) {
    bridge.table.heard(consumer(`c${consumers}`, 'queue://FULL', { selector }))
    if (bridge.table.rememberedBytes > maxRememberedBytes - 3 * selector.length) {
      bridge.table.heard(gone('nobody'))
      return { bridge, consumers }
    }
  }
}

const huge = { selector: 'x'.repeat(2 * 1024 * 1024) }

describe('more consumers than can be remembered', () => {
  test('are demand as long as the bridge lives, when their destination is known', () => {
    const { bridge, consumers } = fullBridge()
    const reason = `the bridge remembers at most ${maxRememberedBytes} bytes of consumers`
    expect(bridge.table.heard(consumer('more', 'queue://FULL', huge))).toEqual([
      {
        kind: 'refused',
        reason: `Cannot remember consumers of queue://FULL: ${reason}; they have demand as long as it is up`,
        limit: 'maxRememberedBytes',
      },
    ])
    expect(bridge.table.heard(consumer('evenMore', 'queue://FULL', huge))).toEqual([])
    for (let i = 0; i <= consumers; i++) expect(bridge.table.heard(gone(`c${i}`))).toEqual([])
    expect(bridge.table.size).toBe(1)
  })

  test('are refused when it is not, and so are temporary destinations', () => {
    const { bridge } = fullBridge()
    const [refusal] = bridge.table.heard(consumer('other', 'queue://OTHER', huge))
    expect(refusal).toMatchObject({
      kind: 'refused',
      reason: expect.stringContaining('Cannot take consumer other:1:1'),
    })
    for (let i = 0; bridge.table.rememberedBytes + 5000 < maxRememberedBytes; i++)
      bridge.table.heard(temporary('add', `temp-queue://c:${i}`))
    const changes = [
      bridge.table.heard(temporary('add', 'temp-queue://x:1')),
      bridge.table.heard(temporary('add', 'temp-queue://x:2')),
    ]
    expect(changes.flat().at(-1)).toMatchObject({ kind: 'refused' })
    expect(bridge.table.rememberedBytes).toBeLessThanOrEqual(maxRememberedBytes)
  })

  test('have durable demand when one of them is durable', () => {
    const { bridge } = fullBridge()
    bridge.table.heard(consumer('c', 'topic://T'))
    const kinds = bridge.table.heard(subscriber('s', 'topic://T', huge)).map(({ kind }) => kind)
    expect(kinds).toEqual(['add', 'remove', 'refused'])
  })
})

test('all bridges together have a limit, but a little is left for each: whoever says to be a broker takes nothing from others', () => {
  const networkDemands = new NetworkDemands()
  const liars = ['x', 'y', 'z'].map((remote) => new BridgeHarness({}, { remote, networkDemands }))
  for (let number = 0; number < 200; number++)
    for (const { table } of liars) table.heard(consumer(`c${number}`, `queue://L${number}`, huge))
  expect(networkDemands.rememberedBytes).toBeLessThanOrEqual(maxRememberedBytesOfAll + littleRememberedBytes)
  const honest = new BridgeHarness({}, { remote: 'honest', networkDemands })
  for (let number = 0; number < 100; number++)
    expect(honest.table.heard(consumer(`c${number}`, `queue://Q${number}`))).toMatchObject([{ kind: 'add' }])
  for (const { table } of [...liars, honest]) table.close()
  expect(networkDemands.rememberedBytes).toBe(0)
})

test('paths count, of consumers and of temporary destinations', () => {
  const path = brokerPath(...Array.from({ length: 64 }, (_, hop) => `${hop}${'b'.repeat(1000)}`))
  const bridge = new BridgeHarness({ consumerTTL: -1 })
  bridge.table.heard(consumer('c', 'queue://A', { brokerPath: path }))
  const before = bridge.table.rememberedBytes
  bridge.table.heard({ ...temporary('add', 'temp-queue://x:1'), brokerPath: path } as DestinationInfo)
  expect(Math.min(before, bridge.table.rememberedBytes - before)).toBeGreaterThan(64 * 2000)
})

test('a hundred thousand consumers of usual names are none too many', () => {
  const bridge = new BridgeHarness()
  for (let i = 0; i < 100_000; i++)
    bridge.table.heard(consumer(`ID:host-35815-1795198338244-47:${i}`, `queue://ORDERS.${i % 100}`))
  expect(bridge.table.size).toBe(100)
})

test('more wildcards are refused', () => {
  const bridge = new BridgeHarness()
  for (let i = 0; i < maxWildcards; i++) bridge.table.heard(consumer(`c${i}`, `queue://A${i}.>`))
  expect(bridge.table.heard(consumer('more', 'queue://B.>'))).toEqual([
    {
      kind: 'refused',
      reason: `Cannot take consumer more:1:1 of queue://B.> as demand: ${maxWildcards} wildcards are known`,
      limit: 'maxWildcards',
    },
  ])
  expect(bridge.table.heard(consumer('known', 'queue://A1.>'))).toEqual([])
  bridge.table.heard(gone('c0'))
  expect(bridge.table.heard(consumer('more', 'queue://B.>'))).toMatchObject([{ kind: 'add' }])
})

test('one consumer has not more destinations than a composite', () => {
  const bridge = new BridgeHarness()
  for (let i = 0; i < maxInterestsOfOneId; i++) bridge.table.heard(consumer('c', `queue://A${i}`))
  expect(bridge.table.heard(consumer('c', 'queue://B'))).toMatchObject([{ kind: 'refused' }])
  expect(bridge.table.heard(gone('c'))).toHaveLength(maxInterestsOfOneId)
  expect(bridge.table.rememberedBytes).toBe(0)
})

test.each([
  ['paths', { brokerPath: brokerPath(...Array.from({ length: 65 }, () => 'b')) }],
  ['ids in paths', { brokerPath: brokerPath('b'.repeat(1025)) }],
  ['networkConsumerPaths', { networkConsumerPath: Array.from({ length: 65 }, () => consumerId('c')) }],
  ['ids', { consumerId: consumerId('c'.repeat(2000)) }],
  ['client ids', { clientId: 'c'.repeat(2000) }],
  ['subscription names', { subscriptionName: 'c'.repeat(2000) }],
])('no network has %s that long', (_, changed) => {
  const bridge = new BridgeHarness({ consumerTTL: -1 })
  expect(bridge.table.heard(consumer('c', 'queue://A', changed))).toMatchObject([{ kind: 'refused' }])
})
