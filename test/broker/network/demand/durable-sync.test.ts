import { describe, expect, test } from '@jest/globals'
import type { BridgeSettings } from '../../../../broker/network/connector-settings.ts'
import { buildSubscriptionInfo, subscriptionsToHear } from '../../../../broker/network/demand/durable-sync.ts'
import type { ConsumerInfo } from '../../../../broker/wire/openwire/commands.ts'
import { bridgeSettings } from '../bridge-settings.ts'
import { brokerPath, consumer, named, subscriber, subscriptionsOf } from './demand-harness.ts'

const parties = (settings: Partial<BridgeSettings>) => ({
  settings: bridgeSettings(settings),
  localBrokerId: 'here',
  localBrokerName: 'here',
  remoteBrokerId: 'there',
  remoteBrokerName: 'there',
})

const clientsOf = (infos: readonly (ConsumerInfo | null)[] | null): (string | null | undefined)[] =>
  (infos ?? []).map((info) => info?.clientId)

/** The subscription that a bridge of broker `at` has for consumers of broker `of`. */
const ofBridge = (at: string, of: string, changed: Partial<ConsumerInfo> = {}): ConsumerInfo =>
  subscriber(`NC_${of}_inbound_${at}`, 'topic://T', {
    subscriptionName: `NC-DS_${at}_T`,
    networkSubscription: true,
    ...changed,
  })

describe('what is told to the other broker', () => {
  const told = (settings: Partial<BridgeSettings>, ...infos: ConsumerInfo[]) =>
    clientsOf(buildSubscriptionInfo(parties(settings), infos).subscriptionInfos)

  test('are the durable subscriptions of destinations that may be bridged', () => {
    const subscriptions = [subscriber('s', 'topic://T'), subscriber('x', 'topic://X'), consumer('c', 'topic://T')]
    expect(told({}, ...subscriptions)).toEqual(['s', 'x'])
    expect(told({ dynamicallyIncludedDestinations: [named('topic://T')] }, ...subscriptions)).toEqual(['s'])
    expect(told({ excludedDestinations: [named('topic://T')] }, ...subscriptions)).toEqual(['x'])
  })

  test('and the consumers that are durable by force', () => {
    const dynamicallyIncludedDestinations = [named('topic://T', true), named('queue://>')]
    expect(told({ dynamicallyIncludedDestinations }, consumer('c', 'topic://T'), consumer('q', 'queue://A'))).toEqual([
      'client of c',
    ])
  })

  test("but not the other broker's own demand", () => {
    const subscriptions = [
      ofBridge('here', 'there'),
      ofBridge('here', 'far'),
      ofBridge('here', 'nobody', { clientId: null }),
    ]
    expect(told({ consumerTTL: 2 }, ...subscriptions)).toEqual(['NC_far_inbound_here'])
    const past = ofBridge('here', 'far', { brokerPath: brokerPath('there', 'far') })
    expect(told({ consumerTTL: -1 }, past)).toEqual([])
  })

  test('as far as interest goes', () => {
    const [away, attached] = [ofBridge('here', 'far'), ofBridge('here', 'far', { brokerPath: brokerPath('far') })]
    expect(told({ consumerTTL: 1 }, away, attached, subscriber('s', 'topic://T'))).toEqual(['s'])
    expect(told({ consumerTTL: 0 }, subscriber('s', 'topic://T'))).toEqual([])
    expect(told({ consumerTTL: 2 }, away, attached)).toHaveLength(2)
  })

  test('with who tells it', () => {
    expect(buildSubscriptionInfo(parties({}), [])).toMatchObject({
      kind: 'BrokerSubscriptionInfo',
      brokerId: { kind: 'BrokerId', value: 'here' },
      brokerName: 'here',
    })
  })
})

describe('what the other broker told', () => {
  const heard = (settings: Partial<BridgeSettings>, ...infos: (ConsumerInfo | null)[]) =>
    clientsOf(subscriptionsToHear({ ...subscriptionsOf(), subscriptionInfos: infos }, parties(settings)))

  test('is demand unless it is our own', () => {
    const infos = [subscriber('s', 'topic://T'), ofBridge('there', 'here'), ofBridge('there', 'far'), null]
    expect(heard({ consumerTTL: 2 }, ...infos)).toEqual(['s', 'NC_far_inbound_there'])
  })

  test('takes no more hops than interest does (AMQ-9689)', () => {
    expect(heard({ consumerTTL: 1 }, subscriber('s', 'topic://T'), ofBridge('there', 'far'))).toEqual(['s'])
    expect(heard({ consumerTTL: -1 }, ofBridge('there', 'far', { brokerPath: brokerPath('here', 'far') }))).toEqual([])
  })

  test('may be nothing', () => {
    expect(subscriptionsToHear({ ...subscriptionsOf(), subscriptionInfos: null }, parties({}))).toEqual([])
  })
})
