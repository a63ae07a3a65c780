// What a URL can say of a connection, with ActiveMQ's names and defaults. The way to the broker has options of its own, in
// transport/transport-options.ts.
import type { OptionValues } from './transport/parse-options.ts'
import { booleanOption, factorOption, numberOption, textOption } from './transport/parse-options.ts'

/** Of the connection, each with the prefix `jms.` */
export const connectionOptionTable = {
  clientID: textOption(null),
  userName: textOption(null),
  password: textOption(null),
  useAsyncSend: booleanOption(false),
  alwaysSyncSend: booleanOption(false),
  watchTopicAdvisories: booleanOption(true),
  checkForDuplicates: booleanOption(true),
  dispatchAsync: booleanOption(true),
  useCompression: booleanOption(false),
  nestedMapAndListEnabled: booleanOption(true),
  // Not ActiveMQ's, which takes every name: Qpid JMS's.
  validatePropertyNames: booleanOption(true),
  disableTimeStampsByDefault: booleanOption(false),
  exclusiveConsumer: booleanOption(false),
  useRetroactiveConsumer: booleanOption(false),
  consumerExpiryCheckEnabled: booleanOption(true),
  closeTimeout: numberOption(15_000, 0),
  sendTimeout: numberOption(0, 0),
  connectResponseTimeout: numberOption(0, 0),
  'prefetchPolicy.all': numberOption(-1, 0),
  'prefetchPolicy.queuePrefetch': numberOption(1000, 0),
  'prefetchPolicy.queueBrowserPrefetch': numberOption(500, 0),
  'prefetchPolicy.topicPrefetch': numberOption(32_767, 0),
  'prefetchPolicy.durableTopicPrefetch': numberOption(100, 0),
  'redeliveryPolicy.maximumRedeliveries': numberOption(6, -1),
  'redeliveryPolicy.initialRedeliveryDelay': numberOption(1000, 0),
  'redeliveryPolicy.redeliveryDelay': numberOption(1000, 0),
  'redeliveryPolicy.maximumRedeliveryDelay': numberOption(-1, -1),
  'redeliveryPolicy.useExponentialBackOff': booleanOption(false),
  'redeliveryPolicy.backOffMultiplier': factorOption(5),
  'redeliveryPolicy.useCollisionAvoidance': booleanOption(false),
  'redeliveryPolicy.collisionAvoidancePercent': numberOption(15, 0),
  'redeliveryPolicy.preDispatchCheck': booleanOption(true),
}

export type ConnectionOptions = OptionValues<typeof connectionOptionTable>
