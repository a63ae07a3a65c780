// What decodes is not what makes sense: whatever another broker sends is demand or is refused, and leaves nothing behind.
import { test, expect } from '@jest/globals'
import * as fc from 'fast-check'
import { consumerIdText } from '../../../../broker/openwire/id-text.ts'
import type {
  ConsumerId,
  ConsumerInfo,
  DataStructure,
  DestinationInfo,
  DestinationStructure,
} from '../../../../broker/wire/openwire/commands.ts'
import { BridgeHarness, consumer, subscriptionsOf, unsubscribed } from './demand-harness.ts'

const text = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.stringMatching(/^((queue|temp-topic):\/\/)?[AB.*>,? ]{0,8}$/),
  fc.constantFrom('ActiveMQ.Advisory.Consumer.>', 'NC-DS_there_T', 'here', '__proto__'),
)
const orNull = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { freq: 6 })

const consumerId: fc.Arbitrary<ConsumerId> = fc.record({
  kind: fc.constant('ConsumerId' as const),
  connectionId: text,
  sessionId: fc.integer({ min: -1, max: 2 }),
  value: fc.integer({ min: -1, max: 2 }),
})
const path = orNull(
  fc.array(orNull(fc.record({ kind: fc.constant('BrokerId' as const), value: text })), {
    maxLength: 70,
    size: 'small',
  }),
)
const destination: fc.Arbitrary<DestinationStructure> = fc.record({
  kind: fc.constantFrom('ActiveMQQueue', 'ActiveMQTopic', 'ActiveMQTempQueue', 'ActiveMQTempTopic'),
  physicalName: orNull(text),
})
const consumerInfo: fc.Arbitrary<ConsumerInfo> = fc
  .record({
    consumerId: orNull(consumerId),
    destination: orNull(destination),
    browser: fc.boolean(),
    networkSubscription: fc.boolean(),
    selector: orNull(text),
    clientId: orNull(text),
    subscriptionName: orNull(text),
    priority: fc.integer({ min: -128, max: 127 }),
    brokerPath: path,
    networkConsumerPath: orNull(fc.array(orNull(consumerId), { maxLength: 5 })),
  })
  .map((fields) => ({ ...consumer('c', 'queue://A'), ...fields }))
const destinationInfo: fc.Arbitrary<DestinationInfo> = fc.record({
  kind: fc.constant('DestinationInfo' as const),
  commandId: fc.constant(0),
  responseRequired: fc.boolean(),
  connectionId: fc.constant(null),
  destination: orNull(destination),
  operationType: fc.integer({ min: -1, max: 2 }),
  timeout: fc.constant(0),
  brokerPath: path,
})

const removal = (objectId: DataStructure | null): DataStructure => ({
  kind: 'RemoveInfo',
  commandId: 0,
  responseRequired: false,
  objectId,
  lastDeliveredSequenceId: 0,
})

test('nothing that is heard breaks the table, and what has gone is forgotten', () => {
  const settings = fc.record({ conduitSubscriptions: fc.boolean(), consumerTTL: fc.constantFrom(1, -1) })
  const heard = fc.array(fc.oneof(consumerInfo, destinationInfo), { maxLength: 25 })
  fc.assert(
    fc.property(settings, heard, (given, structures) => {
      const bridge = new BridgeHarness(given)
      bridge.heard(...structures, ...structures)
      const consumers = structures.filter((structure) => structure.kind === 'ConsumerInfo')
      bridge.synchronize(subscriptionsOf(...consumers))
      bridge.heard(removal(null), removal(consumers[0]?.destination ?? null))
      // Subscriptions of a bridge end one at a time, those of a composite, too.
      const most = consumers.flatMap((info) => info.destination?.physicalName?.split(',') ?? []).length
      for (const { consumerId, clientId, subscriptionName } of consumers) {
        if (consumerId && consumerIdText(consumerId) !== '') bridge.heard(removal(consumerId))
        if (subscriptionName !== null)
          for (let i = 0; i < most; i++) bridge.heard(unsubscribed(clientId ?? '', subscriptionName))
      }
      for (const structure of structures)
        if (structure.kind === 'DestinationInfo') bridge.heard({ ...structure, operationType: 1 })
      expect([bridge.wanted, [...bridge.temporary], bridge.table.rememberedBytes]).toEqual([[], [], 0])
    }),
    { numRuns: 300 },
  )
})
