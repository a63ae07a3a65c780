// Several bridges of one broker that hear of the same consumers.
import { beforeEach, describe, expect, test } from '@jest/globals'
import type { BridgeSettings } from '../../../../broker/network/connector-settings.ts'
import { NetworkDemands } from '../../../../broker/network/demand/network-demands.ts'
import {
  BridgeHarness,
  brokerPath,
  consumer,
  consumerId,
  gone,
  subscriber,
  temporary,
  unsubscribed,
} from './demand-harness.ts'

let networkDemands: NetworkDemands

beforeEach(() => {
  networkDemands = new NetworkDemands()
})

const bridgeTo = (remote: string, settings: Partial<BridgeSettings> = {}): BridgeHarness =>
  new BridgeHarness({ consumerTTL: 5, ...settings }, { remote, networkDemands })

/** What `remote` tells of a consumer that it heard of over others, the nearest one last. */
const over = (path: string[], topic = 'topic://T') =>
  consumer(`bridge for ${path.join()}`, topic, {
    brokerPath: brokerPath(...path),
    networkSubscription: true,
    networkConsumerPath: [consumerId(`consumer behind ${path.join()}`)],
  })

describe('the shorter way is taken', () => {
  test('when it was there first', () => {
    const [east, west] = [bridgeTo('east'), bridgeTo('west')]
    expect(east.heard(consumer('c', 'topic://T'))).toEqual(['+1 topic://T'])
    expect(west.heard(over(['east']))).toEqual([])
    expect(east.takeChangedByOthers()).toEqual([])
  })

  test('when it comes later: the other bridge is told', () => {
    const [east, west] = [bridgeTo('east'), bridgeTo('west')]
    expect(west.heard(over(['east']))).toEqual(['+1 topic://T'])
    expect(east.heard(consumer('c', 'topic://T'))).toEqual(['+1 topic://T'])
    expect(west.takeChangedByOthers()).toEqual(['-1 topic://T'])
  })

  test('and the longer one again when the shorter one ends', () => {
    const [east, west] = [bridgeTo('east'), bridgeTo('west')]
    east.heard(consumer('c', 'topic://T'))
    west.heard(over(['east']))
    east.table.close()
    expect(west.takeChangedByOthers()).toEqual(['+1 topic://T'])
    expect(west.heard(gone('bridge for east'))).toEqual(['-1 topic://T'])
    expect(networkDemands.size).toBe(0)
  })
})

test('of two ways of one length the one that was there first is kept', () => {
  const [north, south] = [bridgeTo('north'), bridgeTo('south')]
  expect(north.heard(over(['far']))).toEqual(['+1 topic://T'])
  expect(south.heard(over(['far']))).toEqual([])
  expect(north.takeChangedByOthers()).toEqual([])
})

test('two bridges to one broker take its topics once', () => {
  const [one, other] = [bridgeTo('there'), bridgeTo('there')]
  one.heard(consumer('c', 'topic://T'))
  expect(other.heard(consumer('c', 'topic://T'))).toEqual([])
  expect(one.heard(gone('c'))).toEqual(['-1 topic://T'])
  expect(other.takeChangedByOthers()).toEqual(['+1 topic://T'])
  expect(other.heard(gone('c'))).toEqual(['-1 topic://T'])
})

test('consumers of the broker itself keep its demand, whatever becomes of those behind it', () => {
  const [east, west] = [bridgeTo('east'), bridgeTo('west')]
  west.heard(over(['east']), consumer('w', 'topic://T'))
  east.heard(consumer('c', 'topic://T'))
  expect(west.takeChangedByOthers()).toEqual([])
  expect(west.heard(gone('w'))).toEqual(['-1 topic://T'])
})

test('ways to different brokers, and to different destinations, are different ways', () => {
  const [east, west] = [bridgeTo('east'), bridgeTo('west')]
  east.heard(consumer('c', 'topic://T'), over(['north'], 'topic://U'))
  expect(west.heard(over(['south']), over(['north'], 'topic://V'))).toEqual(['+1 topic://T', '+2 topic://V'])
})

test('each of the two kinds has its setting', () => {
  const [east, west] = [bridgeTo('east'), bridgeTo('west')]
  east.heard(consumer('c', 'queue://A'))
  expect(west.heard(over(['east'], 'queue://A'))).toEqual(['+1 queue://A'])

  const changed = { suppressDuplicateQueueSubscriptions: true, suppressDuplicateTopicSubscriptions: false }
  const [north, south] = [bridgeTo('north', changed), bridgeTo('south', changed)]
  north.heard(consumer('c', 'queue://B'), consumer('d', 'topic://B'))
  expect(south.heard(over(['north'], 'queue://B'), over(['north'], 'topic://B'))).toEqual(['+1 topic://B'])
})

// Found by the model of networks (seed 20284360): messages stayed, because the only bridge that would have taken them was kept out of use.
test('a queue that others include statically, and that nobody wants, keeps no consumer from having its way', () => {
  const settings = { suppressDuplicateQueueSubscriptions: true }
  const [east, west] = [bridgeTo('east', settings), bridgeTo('west', settings)]
  const nobody = { brokerPath: brokerPath('south'), networkSubscription: true }
  expect(east.heard(consumer('static', 'queue://A', nobody))).toEqual(['+1 queue://A'])
  expect(west.heard(over(['south'], 'queue://A'))).toEqual(['+1 queue://A'])
  expect(east.takeChangedByOthers()).toEqual([])
})

test('a durable way that is used stays: what it has kept would be lost', () => {
  const [east, west] = [bridgeTo('east'), bridgeTo('west')]
  west.heard(subscriber('s', 'topic://T', { brokerPath: brokerPath('north') }))
  expect(east.heard(subscriber('s', 'topic://T', { brokerPath: brokerPath('north') }))).toEqual([])
  expect(west.heard(unsubscribed('s'))).toEqual(['-1 topic://T unsubscribed'])
  expect(east.takeChangedByOthers()).toEqual(['+1 topic://T as NC-DS_here_T'])
})

// Else two brokers whose direct bridges came last would each send to the other one what neither then takes to the subscriber.
test('a durable way that is used keeps no shorter one from being used, whatever the priorities are', () => {
  for (const decreaseNetworkConsumerPriority of [true, false]) {
    networkDemands = new NetworkDemands()
    const settings = { decreaseNetworkConsumerPriority }
    const [east, west] = [bridgeTo('east', settings), bridgeTo('west', settings)]
    west.heard(subscriber('s', 'topic://T', { brokerPath: brokerPath('east') }))
    expect(east.heard(subscriber('s', 'topic://T'))).toEqual(['+1 topic://T as NC-DS_here_T'])
    expect(west.takeChangedByOthers()).toEqual([])
    expect(west.heard(unsubscribed('s'))).toEqual(['-1 topic://T unsubscribed'])
    expect(east.takeChangedByOthers()).toEqual([])
  }
})

// apache/activemq issue 2406: there it was the end of the bridge.
test('two ways to consumers that name nobody behind them, and that go twice', () => {
  const [east, west] = [bridgeTo('east'), bridgeTo('west')]
  expect(east.heard({ ...over(['north']), networkConsumerPath: null })).toEqual(['+1 topic://T'])
  expect(west.heard({ ...over(['north']), networkConsumerPath: [null] })).toEqual([])
  for (let times = 0; times < 2; times++) {
    east.heard(gone('bridge for north'))
    west.heard(gone('bridge for north'))
  }
  expect([east.wanted, west.wanted]).toEqual([[], []])
})

test('a temporary destination of two ways is wanted by one', () => {
  const [east, west] = [bridgeTo('east'), bridgeTo('west')]
  east.heard(temporary('add', 'temp-topic://c:1'), consumer('c', 'temp-topic://c:1'))
  west.heard(temporary('add', 'temp-topic://c:1', 'east'), over(['east'], 'temp-topic://c:1'))
  expect([east.wanted, west.wanted]).toEqual([['temp-topic://c:1'], []])
})

test('many ways to one destination cost no more than some', () => {
  const [east, west] = [bridgeTo('east'), bridgeTo('west')]
  for (let i = 0; i < 5000; i++) west.heard(over([`broker${i}`, 'liar']))
  expect(east.heard(over(['liar']))).toEqual(['+1 topic://T'])
  for (let i = 0; i < 5000; i++) west.heard(gone(`bridge for broker${i},liar`))
  expect(west.wanted).toEqual([])
  expect(west.table.rememberedBytes).toBe(0)
})

test('many ways over long paths are looked at once each, not held against each other', () => {
  let looks = 0
  const counted = (path: string[]): string[] =>
    new Proxy(path, {
      get(target, key) {
        looks++
        return Reflect.get(target, key) as unknown
      },
    })
  const owners = [{}, {}]
  const ways = Array.from({ length: 200 }, (_, at) => ({
    owner: owners[at % 2]!,
    destinationKey: 'queue://Q',
    brokerPath: counted(Array.from({ length: 64 }, (_, hop) => `${at}:${hop}`)),
    priority: 0,
    durable: false,
    suppressed: false,
    changed() {},
  }))
  for (const way of ways) networkDemands.enter(way)
  looks = 0
  networkDemands.withdraw(ways[0]!)
  expect(ways.some(({ suppressed }) => suppressed)).toBe(false)
  expect(looks).toBeLessThan(200 * 64 * 10)
})
