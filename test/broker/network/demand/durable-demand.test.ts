// Durable subscriptions over a bridge: what is kept here while the bridge or the subscriber there is away.
import { describe, expect, test } from '@jest/globals'
import {
  BridgeHarness,
  brokerPath,
  consumer,
  gone,
  named,
  subscriber,
  subscriptionsOf,
  unsubscribed,
} from './demand-harness.ts'

describe('a durable subscriber there', () => {
  test('makes a durable subscription here, which stays while it is away and ends when it unsubscribes', () => {
    const bridge = new BridgeHarness()
    expect(bridge.heard(subscriber('s', 'topic://T'))).toEqual(['+1 topic://T as NC-DS_here_T'])
    expect(bridge.demandFor('topic://T').info).toMatchObject({
      subscriptionName: 'NC-DS_here_T',
      clientId: 'NC_there_inbound_here',
    })
    expect(bridge.heard(gone("s's"))).toEqual([])
    expect(bridge.heard(subscriber('s', 'topic://T'))).toEqual([])
    expect(bridge.heard(unsubscribed('s'), unsubscribed('s'))).toEqual(['-1 topic://T unsubscribed'])
    expect(bridge.table.rememberedBytes).toBe(0)
  })

  test('shares it with others of the topic', () => {
    const bridge = new BridgeHarness()
    bridge.heard(subscriber('s', 'topic://T'), subscriber('t', 'topic://T'), consumer('c', 'topic://T'))
    expect(bridge.wanted).toEqual(['topic://T!'])
    expect(bridge.heard(unsubscribed('s'), gone('c'))).toEqual([])
    expect(bridge.heard(unsubscribed('t'))).toEqual(['-1 topic://T unsubscribed'])
  })

  test('makes the demand durable that others have made', () => {
    const bridge = new BridgeHarness()
    bridge.heard(consumer('c', 'topic://T'))
    expect(bridge.heard(subscriber('s', 'topic://T'))).toEqual(['+2 topic://T as NC-DS_here_T', '-1 topic://T'])
    expect(bridge.heard(unsubscribed('s'))).toEqual(['+3 topic://T', '-2 topic://T unsubscribed'])
  })

  test('is served by a wider durable subscription, which stays for it', () => {
    const bridge = new BridgeHarness()
    bridge.heard(subscriber('all', 'topic://A.>'), subscriber('s', 'topic://A.B'))
    expect(bridge.wanted).toEqual(['topic://A.>!'])
    expect(bridge.heard(unsubscribed('all'))).toEqual([])
    expect(bridge.heard(unsubscribed('s'))).toEqual(['-1 topic://A.> unsubscribed'])
    expect(bridge.table.rememberedBytes).toBe(0)
  })

  test('is not served by a wider one that keeps nothing', () => {
    const bridge = new BridgeHarness()
    bridge.heard(consumer('all', 'topic://A.>'), consumer('c', 'topic://A.B'))
    expect(bridge.heard(subscriber('s', 'topic://A.B'))).toEqual(['+2 topic://A.B as NC-DS_here_A.B'])
  })

  test('has a durable subscription also without conduit subscriptions', () => {
    const bridge = new BridgeHarness({ conduitSubscriptions: false })
    bridge.heard(subscriber('s', 'topic://T', { selector: 'x = 1' }), subscriber('t', 'topic://T'))
    expect(bridge.wanted).toEqual(['topic://T!'])
    expect(bridge.demandFor('topic://T').info.selector).toBeNull()
  })

  test('of a queue is a consumer: there are no durable ones', () => {
    const bridge = new BridgeHarness()
    expect(bridge.heard(subscriber('s', 'queue://A'), gone("s's"))).toEqual(['+1 queue://A', '-1 queue://A'])
  })
})

describe('forceDurable', () => {
  test('makes it durable for consumers that are not, until the last has gone', () => {
    const bridge = new BridgeHarness({
      dynamicallyIncludedDestinations: [named('topic://T.>', true), named('queue://>')],
    })
    bridge.heard(consumer('c', 'topic://T.A'), consumer('d', 'topic://T.A'), consumer('q', 'queue://T.A'))
    expect(bridge.wanted).toEqual(['queue://T.A', 'topic://T.A!'])
    expect(bridge.heard(gone('c'))).toEqual([])
    expect(bridge.heard(gone('d'))).toEqual(['-1 topic://T.A unsubscribed'])
  })
})

describe('subscriptions that the bridge left here when it was up before', () => {
  test('go on, and end with the subscriber that was heard of since', () => {
    const bridge = new BridgeHarness()
    expect(bridge.start('topic://T')).toEqual(['+1 topic://T as NC-DS_here_T'])
    expect(bridge.heard(subscriber('s', 'topic://T'), gone("s's"))).toEqual([])
    expect(bridge.heard(unsubscribed('stranger'))).toEqual([])
    expect(bridge.heard(unsubscribed('s'))).toEqual(['-1 topic://T unsubscribed'])
  })

  test('wait for a consumer with dynamicOnly, and take no part without conduit subscriptions', () => {
    expect(new BridgeHarness({ dynamicOnly: true }).start('topic://T')).toEqual([])
    expect(new BridgeHarness({ conduitSubscriptions: false }).start('topic://T')).toEqual([])
  })

  test('are not those of another name', () => {
    const bridge = new BridgeHarness()
    const destination = { kind: 'topic', name: 'T' } as const
    expect(bridge.table.start([{ subscriptionName: 'NC-DS_elsewhere_T', destination }])).toEqual([])
  })

  test('end with syncDurableSubs when their destination may not be bridged any more', () => {
    const excludedDestinations = [named('topic://T')]
    expect(new BridgeHarness({ excludedDestinations }).start('topic://T')).toEqual([])
    expect(new BridgeHarness({ excludedDestinations, syncDurableSubs: true }).start('topic://T')).toEqual([
      'unsubscribed NC-DS_here_T',
    ])
  })
})

describe('the other broker tells which durable subscriptions it has', () => {
  test('those of before that are for none of these end', () => {
    const bridge = new BridgeHarness({ syncDurableSubs: true })
    bridge.start('topic://KEPT', 'topic://LEFT')
    expect(
      bridge.synchronize(subscriptionsOf(subscriber('s', 'topic://KEPT'), subscriber('n', 'topic://NEW'))),
    ).toEqual(['+3 topic://NEW as NC-DS_here_NEW', '-2 topic://LEFT unsubscribed'])
    expect(bridge.heard(unsubscribed('s'))).toEqual(['-1 topic://KEPT unsubscribed'])
  })

  test('also those of which an advisory has told meanwhile stay', () => {
    const bridge = new BridgeHarness({ syncDurableSubs: true })
    bridge.start('topic://T')
    bridge.heard(subscriber('s', 'topic://T'))
    expect(bridge.synchronize(subscriptionsOf())).toEqual([])
  })

  test('one that makes no sense does not keep the others from it', () => {
    const bridge = new BridgeHarness({ syncDurableSubs: true })
    const wrong = subscriber('w', 'topic://T', { destination: null })
    expect(bridge.synchronize(subscriptionsOf(wrong, subscriber('s', 'topic://T')))).toEqual([
      'refused: Cannot take a consumer as demand: the destination is missing',
      '+1 topic://T as NC-DS_here_T',
    ])
  })
})

describe("subscriptions of the other broker's own bridges", () => {
  const ofBridgeTo = (broker: string, client: string) =>
    consumer(`there->${broker}`, 'topic://T', {
      clientId: client,
      subscriptionName: 'NC-DS_there_T',
      networkSubscription: true,
      brokerPath: brokerPath(broker),
    })

  test('are demand of their own, told apart by where they lead', () => {
    const bridge = new BridgeHarness({ consumerTTL: 2 })
    bridge.heard(ofBridgeTo('east', 'NC_east_inbound_there'), ofBridgeTo('west', 'NC_west_inbound_there'))
    expect(bridge.wanted).toEqual(['topic://T!'])
    expect(bridge.heard(unsubscribed('NC_west_inbound_there', 'NC-DS_there_T'))).toEqual([])
    expect(bridge.heard(ofBridgeTo('east', 'NC_east_inbound_there'))).toEqual([])
    expect(bridge.heard(unsubscribed('NC_east_inbound_there', 'NC-DS_there_T'))).toEqual(['-1 topic://T unsubscribed'])
  })

  test('of ActiveMQ, announced with the client id of a subscriber, end as well', () => {
    const bridge = new BridgeHarness({ consumerTTL: 2 })
    bridge.heard(ofBridgeTo('ID:east', 's'), ofBridgeTo('ID:west', 's'))
    bridge.heard(unsubscribed('NC_east_inbound_there', 'NC-DS_there_T'))
    expect(bridge.wanted).toEqual(['topic://T!'])
    bridge.heard(unsubscribed('NC_west_inbound_there', 'NC-DS_there_T'))
    expect(bridge.wanted).toEqual([])
  })

  test('stay when others of the same name end: those for us, and those that were too far away to be heard of', () => {
    const bridge = new BridgeHarness({ consumerTTL: 2 })
    bridge.heard(ofBridgeTo('east', 'NC_east_inbound_there'))
    for (const other of ['NC_here_inbound_there', 'NC_west_inbound_there'])
      expect(bridge.heard(unsubscribed(other, 'NC-DS_there_T'))).toEqual([])
    const ofActiveMq = new BridgeHarness({ consumerTTL: 2 })
    ofActiveMq.heard(ofBridgeTo('ID:east', 's'))
    expect(ofActiveMq.heard(unsubscribed('NC_here_inbound_there', 'NC-DS_there_T'))).toEqual([])
  })
})
