import { describe, expect, test } from '@jest/globals'
import { BridgeHarness, brokerPath, consumer, consumerId, gone, named, subscriber } from './demand-harness.ts'

describe('a consumer there is demand here', () => {
  test('from the advisory that tells of it to the one that tells of its end', () => {
    const bridge = new BridgeHarness()
    expect(bridge.heard(consumer('c', 'queue://A'))).toEqual(['+1 queue://A'])
    expect(bridge.heard(gone('c'))).toEqual(['-1 queue://A'])
    expect(bridge.table.rememberedBytes).toBe(0)
  })

  test('as a consumer of the bridge: its id, its path, its prefetch, its priority', () => {
    const bridge = new BridgeHarness({ consumerTTL: 3 })
    const theirs = { brokerPath: brokerPath('far'), networkConsumerPath: [consumerId('first')], priority: 7 }
    bridge.heard(consumer('c', 'queue://A', { ...theirs, noLocal: true, maximumPendingMessageLimit: 5 }))
    expect(bridge.demandFor('queue://A').info).toMatchObject({
      consumerId: { connectionId: 'here->there', sessionId: 1, value: 1 },
      clientId: 'NC_there_inbound_here',
      networkSubscription: true,
      brokerPath: brokerPath('far', 'there'),
      networkConsumerPath: [consumerId('first'), consumerId('c')],
      prefetchSize: 1000,
      dispatchAsync: true,
      priority: -8,
      noLocal: false,
      maximumPendingMessageLimit: 0,
    })
  })

  test.each([
    [true, [], -5],
    [true, ['far'], -8],
    [true, ['farther', 'far'], -9],
    [false, ['farther', 'far'], 7],
  ])('with decreaseNetworkConsumerPriority %s and a path of %j its priority is %i', (decreases, path, expected) => {
    const bridge = new BridgeHarness({ decreaseNetworkConsumerPriority: decreases, consumerTTL: -1 })
    bridge.heard(consumer('c', 'queue://A', { brokerPath: brokerPath(...path), priority: 7 }))
    expect(bridge.demandFor('queue://A').info.priority).toBe(expected)
  })

  test('however often it is told of', () => {
    const bridge = new BridgeHarness()
    bridge.heard(consumer('c', 'queue://A'))
    const { rememberedBytes } = bridge.table
    expect(bridge.heard(consumer('c', 'queue://A'), consumer('c', 'queue://A'))).toEqual([])
    expect(bridge.table.rememberedBytes).toBe(rememberedBytes)
    expect(bridge.heard(gone('c'), gone('c'), gone('nobody'))).toEqual(['-1 queue://A'])
  })

  test('of a composite for each member, and for all of them to the end', () => {
    const bridge = new BridgeHarness()
    expect(bridge.heard(consumer('c', 'queue://A, topic://B,A'))).toEqual(['+1 queue://A', '+2 topic://B'])
    expect(bridge.heard(gone('c'))).toEqual(['-1 queue://A', '-2 topic://B'])
  })

  test('also when each member comes with an advisory of its own', () => {
    const bridge = new BridgeHarness()
    bridge.heard(consumer('c', 'queue://A'), consumer('c', 'queue://B'))
    expect(bridge.wanted).toEqual(['queue://A', 'queue://B'])
    expect(bridge.heard(gone('c'), gone('c'))).toEqual(['-1 queue://A', '-2 queue://B'])
  })
})

describe('it is none', () => {
  test('when it only browses', () => {
    expect(new BridgeHarness().heard(consumer('c', 'queue://A', { browser: true }))).toEqual([])
  })

  test.each([
    [1, 0, true],
    [1, 1, false],
    [2, 1, true],
    [2, 2, false],
    [-1, 9, true],
    [0, 0, false],
  ])('when consumerTTL is %i and it has come over %i brokers: %s', (consumerTTL, passed, isDemand) => {
    const bridge = new BridgeHarness({ consumerTTL })
    const path = Array.from({ length: passed }, (_, i) => `broker${i}`)
    bridge.heard(consumer('c', 'queue://A', { brokerPath: path.length === 0 ? null : brokerPath(...path) }))
    expect(bridge.table.size).toBe(isDemand ? 1 : 0)
  })

  test('when its interest has come by here before', () => {
    const bridge = new BridgeHarness({ consumerTTL: -1 })
    expect(bridge.heard(consumer('c', 'queue://A', { brokerPath: brokerPath('far', 'here', 'next') }))).toEqual([])
  })

  test('when its destination may not be bridged', () => {
    const bridge = new BridgeHarness({ excludedDestinations: [named('queue://PRIVATE.>')] })
    expect(bridge.heard(consumer('c', 'queue://PRIVATE.A'), consumer('d', 'topic://PRIVATE.A'))).toEqual([
      '+1 topic://PRIVATE.A',
    ])
    expect(bridge.heard(consumer('e', 'queue://PRIVATE.A,OPEN'))).toEqual(['+2 queue://OPEN'])
  })

  test('when it makes no sense, which is told', () => {
    const bridge = new BridgeHarness()
    expect(bridge.heard(consumer('c', 'queue://A', { destination: null }))).toEqual([
      'refused: Cannot take a consumer as demand: the destination is missing',
    ])
    expect(bridge.heard(consumer('c', 'queue://A', { consumerId: null }))).toEqual([
      'refused: Cannot take a consumer as demand: it has no id',
    ])
    expect(bridge.heard(consumer('c', 'temp-queue://A.>'))).toEqual([
      'refused: Cannot use destination temp-queue://A.>: temporary destinations cannot be addressed by wildcards',
    ])
    expect(bridge.heard({ kind: 'RemoveInfo' } as never, { kind: 'KeepAliveInfo' } as never)).toEqual([])
    expect(bridge.table.heard(null)).toEqual([])
  })
})

describe('conduit subscriptions', () => {
  test('make one demand of all consumers of a destination, without selectors', () => {
    const bridge = new BridgeHarness()
    bridge.heard(consumer('c', 'queue://A', { selector: 'x = 1' }), consumer('d', 'queue://A', { selector: 'x = 2' }))
    expect(bridge.wanted).toEqual(['queue://A'])
    expect(bridge.demandFor('queue://A').info.selector).toBeNull()
    expect(bridge.heard(gone('c'))).toEqual([])
    expect(bridge.heard(gone('d'))).toEqual(['-1 queue://A'])
  })

  test('serve a consumer of a narrower destination with the demand of a wider one', () => {
    const bridge = new BridgeHarness()
    expect(bridge.heard(consumer('wide', 'queue://A.>'), consumer('narrow', 'queue://A.B'))).toEqual(['+1 queue://A.>'])
    expect(bridge.heard(consumer('topic', 'topic://A.B'))).toEqual(['+2 topic://A.B'])
    expect(bridge.heard(gone('narrow'), gone('wide'))).toEqual(['-1 queue://A.>'])
  })

  test('do not take along more than is wanted when the wider consumer has gone: messages would get stuck there', () => {
    const bridge = new BridgeHarness()
    bridge.heard(consumer('wide', 'queue://A.>'), consumer('narrow', 'queue://A.B'), consumer('other', 'queue://A.C'))
    expect(bridge.heard(gone('wide'))).toEqual(['+2 queue://A.B', '+3 queue://A.C', '-1 queue://A.>'])
    expect(bridge.heard(gone('narrow'), gone('other'))).toEqual(['-2 queue://A.B', '-3 queue://A.C'])
    expect(bridge.table.rememberedBytes).toBe(0)
  })

  test('give the next wider demand to whom the widest one has served', () => {
    const bridge = new BridgeHarness()
    bridge.heard(consumer('a', 'queue://A.*'), consumer('all', 'queue://>'), consumer('b', 'queue://A.B'))
    expect(bridge.wanted).toEqual(['queue://>', 'queue://A.*'])
    expect(bridge.heard(gone('a'))).toEqual(['-1 queue://A.*'])
    expect(bridge.heard(gone('all'))).toEqual(['+3 queue://A.B', '-2 queue://>'])
  })

  test('leave apart what bridges behind the other broker ask of a queue: each is a consumer like another', () => {
    const network = { networkSubscription: true, brokerPath: brokerPath('far') }
    const infos = [
      consumer('c', 'queue://A'),
      consumer('n', 'queue://A', network),
      consumer('m', 'queue://A', network),
      consumer('t', 'topic://A', network),
      consumer('u', 'topic://A', network),
    ]
    const apart = new BridgeHarness({ consumerTTL: 2 })
    apart.heard(...infos)
    expect(apart.wanted).toEqual(['queue://A', 'queue://A', 'queue://A', 'topic://A'])
    expect(apart.heard(gone('n'))).toEqual(['-2 queue://A'])
    const merged = new BridgeHarness({ consumerTTL: 2, conduitNetworkQueueSubscriptions: true })
    merged.heard(...infos)
    expect(merged.wanted).toEqual(['queue://A', 'topic://A'])
  })

  test('switched off, each consumer is a demand with its selector', () => {
    const bridge = new BridgeHarness({ conduitSubscriptions: false })
    bridge.heard(consumer('wide', 'queue://>'), consumer('c', 'queue://A', { selector: 'x = 1' }))
    bridge.heard(consumer('d', 'queue://A'))
    expect([...bridge.demands.values()].map(({ info }) => info.selector)).toEqual([null, 'x = 1', null])
    expect(bridge.heard(gone('c'))).toEqual(['-2 queue://A'])
  })
})

describe('messages that a demand matches are taken along', () => {
  test('unless their destination is excluded, though the wildcard of the demand is not', () => {
    const bridge = new BridgeHarness({ excludedDestinations: [named('queue://A.PRIVATE')] })
    bridge.heard(consumer('c', 'queue://A.>'))
    expect(bridge.carriersOf('queue://A.OPEN')).toEqual([1])
    expect(bridge.carriersOf('queue://A.PRIVATE')).toEqual([])
  })

  test('of a topic by one demand only', () => {
    const bridge = new BridgeHarness()
    bridge.heard(consumer('b', 'topic://A.B'), consumer('all', 'topic://A.>'), consumer('star', 'topic://*.B'))
    expect(bridge.carriersOf('topic://A.B')).toEqual([1])
    bridge.heard(gone('b'))
    expect(bridge.carriersOf('topic://A.B')).toEqual([2])
  })

  test('of a topic by every durable demand, what it keeps is its own, and then by no other', () => {
    const bridge = new BridgeHarness()
    bridge.heard(consumer('all', 'topic://A.>'), subscriber('s', 'topic://A.B'), subscriber('t', 'topic://*.B'))
    expect(bridge.wanted).toEqual(['topic://*.B!', 'topic://A.>', 'topic://A.B!'])
    expect(bridge.carriersOf('topic://A.B')).toEqual([2, 3])
  })

  test('but no advisories that are for bridges', () => {
    const bridge = new BridgeHarness()
    bridge.heard(consumer('all', 'topic://>'))
    expect(bridge.carriersOf('topic://ActiveMQ.Advisory.Consumer.Queue.A')).toEqual([])
    expect(bridge.carriersOf('topic://ActiveMQ.Advisory.TempQueue')).toEqual([])
    expect(bridge.carriersOf('topic://ActiveMQ.Advisory.Expired.Queue.A')).toEqual([1])
  })

  test('not any more by a demand that is to be removed', () => {
    const bridge = new BridgeHarness()
    bridge.heard(consumer('c', 'queue://A'))
    const demand = bridge.demandFor('queue://A')
    bridge.heard(gone('c'))
    expect(bridge.table.carries(demand, { kind: 'queue', name: 'A' })).toBe(false)
  })
})

describe('the other broker asks for advisories on a duplex connection', () => {
  const wish = 'topic://ActiveMQ.Advisory.Consumer.>,ActiveMQ.Advisory.TempQueue,ActiveMQ.Advisory.TempTopic'

  test('as one demand for the whole list, whatever may be bridged', () => {
    const bridge = new BridgeHarness({
      excludedDestinations: [named('topic://>')],
      dynamicallyIncludedDestinations: [named('queue://A')],
      advisoryPrefetchSize: 77,
      dispatchAsync: false,
    })
    expect(bridge.heard(consumer('peer', wish))).toEqual([`+1 ${wish}`])
    const demand = bridge.demandFor(wish)
    expect(demand).toMatchObject({ advisory: true, info: { prefetchSize: 77, dispatchAsync: true } })
    expect(bridge.carriersOf('topic://ActiveMQ.Advisory.Consumer.Queue.A')).toEqual([1])
    expect(bridge.carriersOf('topic://OTHER')).toEqual([])
    expect(bridge.heard(gone('peer'))).toEqual([`-1 ${wish}`])
  })

  test('is told of once', () => {
    const bridge = new BridgeHarness()
    expect(bridge.heard(consumer('peer', wish), consumer('peer', wish))).toEqual([`+1 ${wish}`])
  })
})

describe('static destinations', () => {
  test('are wanted from the start to the end, whoever comes and goes', () => {
    const bridge = new BridgeHarness({
      staticallyIncludedDestinations: [named('queue://A'), named('topic://T'), named('queue://NO')],
      excludedDestinations: [named('queue://NO')],
    })
    expect(bridge.start()).toEqual(['+1 queue://A', '+2 topic://T'])
    expect(bridge.demandFor('queue://A').info).toMatchObject({
      brokerPath: brokerPath('there'),
      networkConsumerPath: null,
      priority: -5,
    })
    expect(bridge.heard(consumer('c', 'topic://T'), gone('c'))).toEqual([])
  })

  // Else a queue that is included on both sides would send what nobody wants to and fro.
  test('of queues are made anew when somebody comes, and when nobody is left: what goes back goes to somebody', () => {
    const bridge = new BridgeHarness({ staticallyIncludedDestinations: [named('queue://A'), named('queue://B.>')] })
    expect(bridge.start()).toEqual(['+1 queue://A', '+2 queue://B.>'])
    expect(bridge.demandFor('queue://A').forNobody).toBe(true)
    expect(bridge.heard(consumer('c', 'queue://A'))).toEqual(['+3 queue://A', '-1 queue://A'])
    expect(bridge.demandFor('queue://A').forNobody).toBe(false)
    expect(bridge.heard(consumer('d', 'queue://A'), gone('c'))).toEqual([])
    expect(bridge.heard(gone('d'))).toEqual(['+4 queue://A', '-3 queue://A'])
    expect(bridge.demandFor('queue://A').forNobody).toBe(true)
    expect(bridge.heard(consumer('e', 'queue://B.1'))).toEqual(['+5 queue://B.1'])
    expect(bridge.demandFor('queue://B.1').forNobody).toBe(false)
  })

  // What one broker includes is no consumer to those that hear of it from there, either: they would send it to and fro.
  test('of queues that another broker includes are nobody, too, and said to be so farther on, until somebody comes', () => {
    const bridge = new BridgeHarness({ consumerTTL: 3 })
    const included = { brokerPath: brokerPath('far'), networkSubscription: true }
    expect(bridge.heard(consumer('static', 'queue://A', included))).toEqual(['+1 queue://A'])
    expect(bridge.demandFor('queue://A')).toMatchObject({ forNobody: true, info: { networkConsumerPath: null } })

    const real = { brokerPath: brokerPath('farther', 'far'), networkConsumerPath: [consumerId('c')] }
    const conduit = new BridgeHarness({ consumerTTL: 3, conduitNetworkQueueSubscriptions: true })
    expect(conduit.heard(consumer('static', 'queue://A', included))).toEqual(['+1 queue://A'])
    expect(conduit.heard(consumer('bridge', 'queue://A', { ...included, ...real }))).toEqual([
      '+2 queue://A',
      '-1 queue://A',
    ])
    expect(conduit.demandFor('queue://A')).toMatchObject({
      forNobody: false,
      info: {
        brokerPath: brokerPath('farther', 'far', 'there'),
        networkConsumerPath: [consumerId('c'), consumerId('bridge')],
      },
    })
    expect(conduit.heard(gone('bridge'))).toEqual(['+3 queue://A', '-2 queue://A'])
    expect(conduit.heard(gone('static'))).toEqual(['-3 queue://A'])
  })

  test('are durable when they are to be', () => {
    const bridge = new BridgeHarness({ staticallyIncludedDestinations: [named('topic://T', true)] })
    expect(bridge.start()).toEqual(['+1 topic://T as NC-DS_here_T'])
    expect(bridge.heard(subscriber('s', 'topic://T'))).toEqual([])
  })
})

test('a consumer that is told of again is the same, whatever is said of it then', () => {
  const bridge = new BridgeHarness({ consumerTTL: 2 })
  const network = { networkSubscription: true, brokerPath: brokerPath('far') }
  expect(bridge.heard(consumer('c', 'queue://A', network), consumer('c', 'queue://A'))).toEqual(['+1 queue://A'])
  expect(bridge.heard(gone('c'))).toEqual(['-1 queue://A'])
})
