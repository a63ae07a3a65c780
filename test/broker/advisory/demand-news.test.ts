// What bridges are told of consumers here, against what they would make of everything: nothing that counts is kept from them.
import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { Advisories } from '../../../broker/advisory/advisories.ts'
import { ManualClock } from '../../../broker/base/manual-clock.ts'
import { compositeMembers, destinationKey, parseDestination } from '../../../broker/message/destination.ts'
import type { BridgeSettings } from '../../../broker/network/connector-settings.ts'
import { demandTermsOf } from '../../../broker/network/demand/advisory-filter.ts'
import { consumerIdText } from '../../../broker/openwire/id-text.ts'
import type { ConsumerOptions } from '../../../broker/region/region.ts'
import { matchesWildcard, parseWildcard } from '../../../broker/routing/wildcard.ts'
import { consumerOptionsOf } from '../../../broker/session/openwire/consumer-options.ts'
import type { ConsumerInfo, DataStructure, DestinationInfo } from '../../../broker/wire/openwire/commands.ts'
import { messageCommandOf } from '../../../broker/wire/openwire/stored-form.ts'
import { FakeRegion } from '../../support/fake-region.ts'
import { bridgeSettings } from '../network/bridge-settings.ts'
import { BridgeHarness, brokerPath, consumer, subscriber, temporary } from '../network/demand/demand-harness.ts'

const identity = { brokerName: 'there', brokerId: 'there', brokerUrl: 'tcp://there:61616' }
const forBridges = 'topic://ActiveMQ.Advisory.Consumer.>,ActiveMQ.Advisory.TempQueue,ActiveMQ.Advisory.TempTopic'

/** The broker `there`, as its region tells the advisories of it. */
class Told {
  readonly region = new FakeRegion()
  readonly advisories = new Advisories(identity, new ManualClock())
  readonly #consumers = new Map<string, ConsumerOptions>()

  constructor() {
    this.advisories.attach(this.region)
  }

  /** A bridge of the broker `here` begins to listen. */
  listen(settings: Partial<BridgeSettings> = {}, name = 'bridge', topics = forBridges): void {
    this.#add(
      consumerOptionsOf(
        consumerIdText(consumer(name, topics).consumerId!),
        consumer(name, topics),
        demandTermsOf(bridgeSettings(settings), 'here'),
      ),
    )
  }

  add(...infos: ConsumerInfo[]): void {
    for (const info of infos) this.#add(consumerOptionsOf(consumerIdText(info.consumerId!), info))
  }

  remove(...names: string[]): void {
    for (const name of names) {
      const options = this.#consumers.get(`${name}:1:1`)
      if (!options) continue
      this.#consumers.delete(options.consumerId)
      for (const member of compositeMembers(options.destination))
        this.advisories.consumerRemoved(options.consumerId, member, 0)
    }
  }

  unsubscribe(name: string): void {
    this.advisories.subscriptionRemoved({ clientId: name, subscriptionName: name }, null, topicOf(name), 0)
  }

  temporary(operation: 'add' | 'remove', text: string, ...path: string[]): void {
    const info = temporary(operation, text, ...path) as DestinationInfo
    if (operation === 'add') this.advisories.destinationAdded(parseDestination(text), 'their-connection', info)
    else this.advisories.destinationRemoved(parseDestination(text))
  }

  /** What the bridge was told since the last call, and nobody else. */
  heard(name = 'bridge'): DataStructure[] {
    this.advisories.flush()
    const told = this.region.published.splice(0)
    return told.flatMap(({ to, message }) =>
      to === `${name}:1:1` ? [messageCommandOf(message.bytes).dataStructure!] : [],
    )
  }

  /** The same in short. */
  lines(name = 'bridge'): string[] {
    return this.heard(name).map(lineOf)
  }

  #add(options: ConsumerOptions): void {
    if (this.#consumers.has(options.consumerId)) return
    this.#consumers.set(options.consumerId, options)
    for (const member of compositeMembers(options.destination))
      this.advisories.consumerAdded(options, 'their-connection', member, 1)
  }
}

const topicOf = (name: string) => ({ kind: 'topic', name: `of ${name}` }) as const

/** `+1 Q`: one that stands for others, `+c Q`: the consumer of connection c. */
function lineOf(structure: DataStructure): string {
  const nameOf = (id: DataStructure | null): string =>
    id?.kind !== 'ConsumerId' ? '?' : id.connectionId!.startsWith('there:') ? String(id.value) : id.connectionId!
  if (structure.kind === 'ConsumerInfo')
    return `+${nameOf(structure.consumerId)} ${structure.destination!.physicalName}`
  if (structure.kind === 'RemoveInfo') return `-${nameOf(structure.objectId)}`
  if (structure.kind === 'DestinationInfo')
    return `${structure.operationType === 0 ? '+' : '-'} ${structure.destination!.physicalName}`
  return structure.kind
}

const throughBridge = (name: string, destination: string, ...path: string[]): ConsumerInfo =>
  consumer(name, destination, { networkSubscription: true, brokerPath: brokerPath(...path) })

describe('to a bridge with conduit subscriptions', () => {
  test('all consumers of clients that a destination has are one', () => {
    const told = new Told()
    told.listen()
    told.add(consumer('a', 'queue://Q'), consumer('b', 'queue://Q', { selector: 'x = 1' }))
    expect(told.lines()).toEqual(['+1 Q'])
    told.remove('a')
    told.add(consumer('c', 'queue://Q'))
    told.remove('b')
    expect(told.lines()).toEqual([])
    told.remove('c')
    expect(told.lines()).toEqual(['-1'])
    told.add(consumer('a', 'queue://Q'))
    expect(told.lines()).toEqual(['+2 Q'])
  })

  test('a queue and a topic of one name are two, and so are the members of a composite', () => {
    const told = new Told()
    told.listen()
    told.add(consumer('a', 'queue://A,queue://B,topic://A'), consumer('b', 'queue://B'))
    expect(told.lines()).toEqual(['+1 A', '+2 B', '+3 A'])
    told.remove('a')
    expect(told.lines()).toEqual(['-1', '-3'])
  })

  test('what a bridge may take over from a consumer stays apart', () => {
    const told = new Told()
    told.listen()
    const changes = [{ priority: 3 }, { exclusive: true }, { retroactive: true }]
    told.add(consumer('a', 'topic://T'), ...changes.map((changed, at) => consumer(`c${at}`, 'topic://T', changed)))
    expect(told.heard()).toMatchObject([{ priority: 0, exclusive: false, retroactive: false }, ...changes])
  })

  test('it is told as one that selects nothing and is no client', () => {
    const told = new Told()
    told.listen()
    told.add(consumer('a', 'queue://Q', { selector: 'x = 1', prefetchSize: 7 }))
    expect(told.heard()).toMatchObject([
      { selector: null, clientId: null, prefetchSize: 7, brokerPath: null, networkSubscription: false },
    ])
  })

  test('durable subscribers, and consumers of bridges, are told one by one', () => {
    const told = new Told()
    told.listen({ consumerTTL: 2 })
    told.add(subscriber('s', 'topic://T'), subscriber('r', 'topic://T'), throughBridge('n', 'queue://Q', 'far'))
    told.add(throughBridge('m', 'queue://Q', 'far'))
    expect(told.lines()).toEqual(["+s's T", "+r's T", '+n Q', '+m Q'])
    told.remove('n', "s's")
    told.unsubscribe('s')
    expect(told.lines()).toEqual(['-n', "-s's", 'RemoveSubscriptionInfo'])
  })

  test('what is there is told to one that comes later, and what it need not know is not', () => {
    const told = new Told()
    told.add(consumer('a', 'queue://Q'), consumer('b', 'queue://Q'), consumer('c', 'queue://R'))
    told.add(throughBridge('n', 'queue://Q', 'far'), subscriber('s', 'topic://T'))
    told.remove('c')
    told.temporary('add', 'temp-queue://t')
    told.temporary('add', 'temp-queue://u', 'here')
    told.listen()
    expect(told.lines()).toEqual(['+ t', "+s's T", '+1 Q'])
    told.remove('a', 'b')
    expect(told.lines()).toEqual(['-1'])
  })
})

test('to one without conduit subscriptions each consumer is told of as it announced itself', () => {
  const told = new Told()
  told.add(consumer('a', 'queue://Q'))
  told.listen({ conduitSubscriptions: false })
  told.listen({}, 'conduit')
  told.add(consumer('b', 'queue://Q', { selector: 'x = 1' }))
  told.advisories.flush()
  expect(told.region.published.map(({ to }) => to)).toEqual(['bridge:1:1', 'conduit:1:1', 'bridge:1:1'])
  expect(told.heard()).toMatchObject([{ clientId: 'client of a' }, { selector: 'x = 1' }])
  told.remove('a', 'b')
  expect(told.lines()).toEqual(['-a', '-b'])
})

test('with syncDurableSubs, too: it hears of single consumers in another way', () => {
  const told = new Told()
  told.listen({ syncDurableSubs: true })
  told.add(consumer('a', 'topic://T'), consumer('b', 'topic://T'))
  expect(told.lines()).toEqual(['+a T', '+b T'])
})

describe('not told is', () => {
  test.each([
    ['a browser', {}, consumer('n', 'queue://Q', { browser: true })],
    [
      'what has passed the broker that would be told',
      { consumerTTL: -1 },
      throughBridge('n', 'queue://Q', 'here', 'x'),
    ],
    ['what has passed as many brokers as it may', { consumerTTL: 2 }, throughBridge('n', 'queue://Q', 'x', 'y')],
  ])('%s, and neither is its end', (_, settings, info) => {
    const told = new Told()
    told.add(info)
    told.listen(settings)
    told.remove('n')
    told.add(info)
    told.remove('n')
    expect(told.lines()).toEqual([])
  })

  test('a temporary destination that has passed the broker that would be told', () => {
    const told = new Told()
    told.listen({ consumerTTL: -1 })
    for (const operation of ['add', 'remove'] as const) {
      told.temporary(operation, 'temp-queue://t', 'here')
      told.temporary(operation, 'temp-topic://u', 'far')
    }
    expect(told.lines()).toEqual(['+ u', '- u'])
  })

  test('what it does not listen to', () => {
    const told = new Told()
    told.listen({}, 'bridge', 'topic://ActiveMQ.Advisory.Consumer.Queue.ORDERS.>')
    told.add(consumer('a', 'queue://ORDERS.A'), consumer('b', 'queue://Q'), consumer('c', 'topic://ORDERS.A'))
    told.temporary('add', 'temp-queue://t')
    told.remove('a', 'b', 'c')
    expect(told.lines()).toEqual(['+1 ORDERS.A', '-1'])
  })

  test('what nobody reads: who the broker is and how many consumers there are', () => {
    const told = new Told()
    told.listen()
    told.add(consumer('a', 'queue://Q'), consumer('watch', 'topic://ActiveMQ.Advisory.Consumer.>'))
    told.remove('a')
    told.advisories.flush()
    const propertiesTo = (receiver: string | null): boolean[] =>
      told.region.published
        .filter(({ to }) => to === receiver)
        .map(({ message }) => messageCommandOf(message.bytes).marshalledProperties !== null)
    expect(propertiesTo('bridge:1:1')).toEqual([false, false])
    expect(propertiesTo(null)).toEqual([true])
  })

  test('anything, when it has gone', () => {
    const told = new Told()
    told.listen()
    told.remove('bridge')
    told.add(consumer('a', 'queue://Q'))
    told.advisories.flush()
    expect(told.region.published).toEqual([])
  })
})

type Event =
  | { readonly kind: 'add'; readonly info: ConsumerInfo }
  | { readonly kind: 'remove' | 'unsubscribe'; readonly name: string }

const name = fc.integer({ min: 0, max: 4 }).map((number) => `c${number}`)
const member = fc
  .record({ kind: fc.constantFrom('queue', 'topic'), name: fc.constantFrom('A', 'A.B', 'A.>') })
  .map(({ kind, name: text }) => `${kind}://${text}`)
const destination = fc.oneof(
  { weight: 4, arbitrary: member },
  { weight: 1, arbitrary: fc.array(member, { minLength: 2, maxLength: 3 }).map((members) => members.join(',')) },
)
const path = fc.subarray(['here', 'x', 'y'], { minLength: 1 })

const info: fc.Arbitrary<ConsumerInfo> = fc.oneof(
  fc
    .record({
      name,
      destination,
      priority: fc.constantFrom(0, 0, 5),
      browser: fc.constantFrom(false, false, false, false, true),
    })
    .map(({ name: id, destination: text, ...changed }) => consumer(id, text, changed)),
  fc
    .record({ name, destination, path })
    .map(({ name: id, destination: text, path: passed }) => throughBridge(id, text, ...passed)),
  name.map((id) => subscriber(id, destinationKey(topicOf(id)))),
)

const event: fc.Arbitrary<Event> = fc.oneof(
  { weight: 5, arbitrary: info.map((added) => ({ kind: 'add' as const, info: added })) },
  {
    weight: 4,
    arbitrary: fc
      .oneof(
        name,
        name.map((id) => `${id}'s`),
      )
      .map((id) => ({ kind: 'remove' as const, name: id })),
  },
  { weight: 1, arbitrary: name.map((id) => ({ kind: 'unsubscribe' as const, name: id })) },
)

/**
 * Destinations whose messages it takes along, and its durable demands. By which demand is another matter: a wider one that was there before
 * also serves a narrower one, and a bridge that comes later hears of them in another order.
 */
function servedBy(bridge: BridgeHarness): string[] {
  const demands = [...bridge.demands.values()]
  const isServed = (text: string): boolean => {
    const { kind, name: concrete } = parseDestination(text)
    return demands.some(
      (d) => d.destination.kind === kind && matchesWildcard(parseWildcard(d.destination.name), concrete),
    )
  }
  const concrete = ['A', 'A.B', 'A.C'].flatMap((text) => [`queue://${text}`, `topic://${text}`])
  return [...concrete.filter(isServed), ...bridge.wanted.filter((text) => text.endsWith('!'))]
}

test('a bridge has the same demand as one that is told everything', () => {
  const settings = fc.record({
    conduitSubscriptions: fc.constantFrom(true, true, true, false),
    conduitNetworkQueueSubscriptions: fc.boolean(),
    consumerTTL: fc.constantFrom(-1, 1, 2, 3),
  })
  fc.assert(
    fc.property(
      settings,
      fc.array(event, { minLength: 5, maxLength: 40, size: 'max' }),
      fc.nat(10),
      (chosen, events, comesAt) => {
        const told = new Told()
        told.add(consumer('everything', 'topic://ActiveMQ.Advisory.>'))
        const [some, all] = [new BridgeHarness(chosen), new BridgeHarness(chosen)]
        const hear = (): void => {
          told.advisories.flush()
          for (const { to, message } of told.region.published.splice(0))
            (to === 'bridge:1:1' ? some : all).heard(messageCommandOf(message.bytes).dataStructure!)
        }
        for (const [at, happens] of events.entries()) {
          if (at === comesAt) told.listen(chosen)
          // Who subscribed durably, and was away when the bridge came, is told of to none (syncDurableSubs is for that).
          if (at < comesAt && happens.kind === 'add' && happens.info.subscriptionName !== null) continue
          if (happens.kind === 'add') told.add(happens.info)
          else if (happens.kind === 'remove') told.remove(happens.name)
          else told.unsubscribe(happens.name)
          hear()
          if (at >= comesAt) expect(servedBy(some)).toEqual(servedBy(all))
        }
      },
    ),
    { numRuns: 200 },
  )
})
