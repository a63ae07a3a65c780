import { expect, test } from '@jest/globals'
import { parseDestination } from '../../../../broker/message/destination.ts'
import { DestinationRules } from '../../../../broker/network/demand/destination-rules.ts'
import { bridgeSettings } from '../bridge-settings.ts'
import { named } from './demand-harness.ts'

const answers = (rules: DestinationRules, texts: readonly string[]): string[] =>
  texts.filter((text) => rules.isPermitted(parseDestination(text)))

test('everything is permitted when nothing is said', () => {
  const all = ['queue://A', 'topic://A', 'temp-queue://c:1', 'queue://>']
  expect(answers(new DestinationRules(bridgeSettings()), all)).toEqual(all)
})

test('what is excluded wins over what is included; static destinations need not be included dynamically', () => {
  const rules = new DestinationRules(
    bridgeSettings({
      excludedDestinations: [named('queue://*.PRIVATE')],
      staticallyIncludedDestinations: [named('queue://S'), named('queue://S.PRIVATE')],
      dynamicallyIncludedDestinations: [named('queue://D.>,topic://D'), named('queue://D.PRIVATE')],
    }),
  )
  const permitted = ['queue://S', 'queue://D', 'queue://D.A.B', 'topic://D', 'queue://D.>']
  const refused = ['queue://A', 'queue://S.PRIVATE', 'queue://D.PRIVATE', 'topic://D.A', 'topic://S', 'queue://>']
  expect(answers(rules, [...permitted, ...refused])).toEqual(permitted)
  expect(answers(rules, [...permitted, ...refused])).toEqual(permitted)
})

test('a rule for queues says nothing of topics, and neither of temporary destinations', () => {
  const excluding = new DestinationRules(bridgeSettings({ excludedDestinations: [named('queue://>')] }))
  expect(answers(excluding, ['queue://A', 'topic://A', 'temp-queue://A'])).toEqual(['topic://A', 'temp-queue://A'])
  const without = new DestinationRules(bridgeSettings({ bridgeTempDestinations: false }))
  expect(answers(without, ['queue://A', 'temp-queue://A', 'temp-topic://A'])).toEqual(['queue://A'])
})

test('the first rule that includes a topic says whether it is durable by force', () => {
  const rules = new DestinationRules(
    bridgeSettings({
      dynamicallyIncludedDestinations: [named('topic://D', true), named('topic://E'), named('queue://D', true)],
      staticallyIncludedDestinations: [named('topic://E', true), named('topic://S', true)],
    }),
  )
  const forced = ['topic://D', 'topic://E', 'topic://S', 'queue://D', 'topic://OTHER'].filter((text) =>
    rules.isForcedDurable(parseDestination(text)),
  )
  expect(forced).toEqual(['topic://D', 'topic://S'])
})
