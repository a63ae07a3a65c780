import { expect, test } from '@jest/globals'
import { VirtualDemand } from '../../../broker/advisory/virtual-demand.ts'
import { destinationKey, parseDestination } from '../../../broker/message/destination.ts'
import { defaultVirtualTopic, type VirtualDestination } from '../../../broker/routing/virtual-destination.ts'

const drawnFrom = (rules: readonly VirtualDestination[], destination: string): string[] =>
  new VirtualDemand(rules).of(parseDestination(destination)).map(destinationKey)

test('a consumer of a queue of a virtual topic draws from that topic', () => {
  const rules = [defaultVirtualTopic]
  expect(drawnFrom(rules, 'queue://Consumer.a.VirtualTopic.ORDERS.EU')).toEqual(['topic://VirtualTopic.ORDERS.EU'])
  expect(drawnFrom(rules, 'queue://Consumer.a.VirtualTopic.>')).toEqual(['topic://VirtualTopic.>'])
  expect(drawnFrom(rules, 'queue://Consumer.a.ORDERS')).toEqual([])
  expect(drawnFrom(rules, 'topic://Consumer.a.VirtualTopic.ORDERS')).toEqual([])
})

test('a consumer of what a composite names draws from the composite, once', () => {
  const forwardTo = ['queue://A', 'queue://B.*', 'topic://T'].map((text) => ({
    destination: parseDestination(text),
    selector: null,
  }))
  const parts = { forwardTo, forwardOnly: true, sendWhenNotMatched: false }
  const rules = [
    { kind: 'compositeQueue', name: 'IN', ...parts },
    { kind: 'compositeTopic', name: 'IN', ...parts },
    { kind: 'compositeQueue', name: 'IN', ...parts },
  ] as const
  for (const name of ['queue://A', 'queue://B.x', 'topic://T'])
    expect(drawnFrom(rules, name)).toEqual(['queue://IN', 'topic://IN'])
  expect(drawnFrom(rules, 'queue://T')).toEqual([])
})
