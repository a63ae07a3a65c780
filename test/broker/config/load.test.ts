import { expect, test } from '@jest/globals'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  ConfigError,
  defaultBrokerConfig,
  loadBrokerConfig,
  parseBrokerConfigText,
} from '../../../broker/config/load.ts'
import { memoryLimitBytes } from '../../../broker/config/memory-limit.ts'

test('without a file: OpenWire on 61616, admin port 8161, a journal', () => {
  expect(defaultBrokerConfig()).toMatchObject({
    store: { type: 'Journal' },
    transportConnectors: [{ name: 'openwire', port: 61_616 }],
    admin: { port: 8161 },
  })
})

test.each([
  ['YAML', 'brokerName: orders\nstore: {type: Memory}\n'],
  ['JSON', '{"brokerName": "orders", "store": {"type": "Memory"}}'],
])('%s is read, with every default filled in', async (_name, text) => {
  expect(await parseBrokerConfigText('file', text)).toEqual({
    ...defaultBrokerConfig(),
    brokerName: 'orders',
    store: { type: 'Memory' },
  })
})

test('an empty file is all defaults', async () => {
  expect(await parseBrokerConfigText('file', '\n')).toEqual(defaultBrokerConfig())
  expect(await parseBrokerConfigText('file', '# nothing yet\n')).toEqual(defaultBrokerConfig())
})

test('every problem is told with path, what was given and what is accepted', async () => {
  const text = 'brokerName: 1\nmemoryLimit: lots\nadmin: {port: 8161, hots: x}\n'
  const error = await parseBrokerConfigText('broker.yaml', text).catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(ConfigError)
  expect((error as ConfigError).message.split('\n')).toEqual([
    'Cannot use configuration broker.yaml: 3 problems',
    '  brokerName: got 1, expected string, received number',
    '  memoryLimit: got "lots", expected 1% to 90% of the memory available to the process, or a size such as 512Ki, 64Mi, 2Gi of at least 1Mi',
    '  admin.hots: got "x", there is no such field; the nearest is host',
  ])
})

test('also what is wrong between connectors, and a store that there is not', async () => {
  const connectors = '[{name: a}, {name: a, port: 1}, {name: b, port: 1}]'
  const text = `store: {type: Volume}\nadmin: {port: 99999}\ntransportConnectors: ${connectors}\n`
  const error = await parseBrokerConfigText('broker.yaml', text).catch((reason: unknown) => reason)
  expect((error as ConfigError).message.split('\n').slice(1)).toEqual([
    '  store.type: got "Volume", expected one of "Journal"|"JDBC"|"Replicated"|"Memory"',
    '  admin.port: got 99999, expected number to be <=65535',
    '  transportConnectors[1].name: got "a", already used by transportConnectors[0]',
    '  transportConnectors[2].port: got 1, already used by transportConnectors[1]',
  ])
})

test.each([
  ['64Mi', '64Mi'],
  [undefined, undefined],
])('the limit of a memory store may be %s', async (limit, expected) => {
  const text = JSON.stringify({ store: { type: 'Memory', limit } })
  expect((await parseBrokerConfigText('file', text)).store).toEqual({ type: 'Memory', ...(expected && { limit }) })
})

test.each(['1Ki', 'lots'])('a memory store of %s is refused', async (limit) => {
  await expect(parseBrokerConfigText('file', `store: {type: Memory, limit: ${limit}}`)).rejects.toThrow(
    `store.limit: got "${limit}", expected a size such as 512Ki, 64Mi, 2Gi`,
  )
})

test('a store that could not get any space back is refused', async () => {
  await expect(parseBrokerConfigText('file', 'store: {type: Journal, limit: 64Mi}')).rejects.toThrow(
    'store.limit: got "64Mi", expected at least 4 times maxFileLength, or no space would ever come back',
  )
})

test.each([
  ['a list', '- a\n', 'expected object'],
  ['no YAML', 'a: [b\n', 'a: [b'],
  ['two documents', 'a: 1\n---\nb: 2\n', 'got 2 YAML documents, expected one'],
])('%s is refused as a whole', async (_name, text, expected) => {
  await expect(parseBrokerConfigText('file', text)).rejects.toThrow(expected)
})

test('a file that is not there is named', async () => {
  await expect(loadBrokerConfig('/no/such/file')).rejects.toThrow(
    'Cannot use configuration /no/such/file: 1 problem\n  configuration: got a path where there is no file',
  )
})

test('a file is loaded', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'flotilla-config-'))
  try {
    const file = join(directory, 'broker.yaml')
    writeFileSync(file, 'brokerName: orders\n')
    expect((await loadBrokerConfig(file)).brokerName).toBe('orders')
  } finally {
    rmSync(directory, { recursive: true })
  }
})

test('a memory limit is a size or a share of what there is', () => {
  expect(memoryLimitBytes('25%', 1000)).toBe(250)
  expect(memoryLimitBytes('2Mi', 1000)).toBe(2 * 2 ** 20)
})

test.each(['0', '0B', '4Mi', '50Gi'])('a temp limit may be %s', async (tempLimit) => {
  expect(await parseBrokerConfigText('file', JSON.stringify({ tempLimit }))).toMatchObject({ tempLimit })
})

test.each(['3Mi', '4194303', 'lots', '-1', '50%', ''])('a temp limit of %j is refused', async (tempLimit) => {
  await expect(parseBrokerConfigText('file', JSON.stringify({ tempLimit }))).rejects.toThrow(
    `tempLimit: got ${JSON.stringify(tempLimit)}, expected a size such as 512Ki, 64Mi, 2Gi of at least 4Mi, or 0 for none`,
  )
})

test('a field that there is not: the nearest that there is', async () => {
  const text = `
tempLimits: 1Gi
destinations: []
virtualDestinations:
  - virtualTopic: {prefixx: A., zzzzzz: 1}
  - compositQueue: {name: A}
  - compositeTopic: {name: A, forwardTo: [{que: A}]}
store: {type: Journal, lock: {aquireInterval: 1s}}
`
  const error = await parseBrokerConfigText('broker.yaml', text).catch((reason: unknown) => reason)
  expect((error as ConfigError).problems.map(({ path, accepted }) => `${path}: ${accepted}`)).toEqual([
    'store.lock.aquireInterval: there is no such field; the nearest is acquireInterval',
    'virtualDestinations[0].virtualTopic.prefixx: there is no such field; the nearest is prefix',
    'virtualDestinations[0].virtualTopic.zzzzzz: there is no such field',
    'virtualDestinations[1].compositQueue: there is no such field; the nearest is compositeQueue',
    'virtualDestinations[1]: expected exactly one of virtualTopic, compositeQueue, compositeTopic',
    'virtualDestinations[2].compositeTopic.forwardTo[0].que: there is no such field; the nearest is queue',
    'virtualDestinations[2].compositeTopic.forwardTo[0]: expected exactly one of queue, topic, filteredDestination',
    'tempLimits: there is no such field; the nearest is tempLimit',
    'destinations: there is no such field; the nearest is startupDestinations',
  ])
})

test('virtual destinations by the names that ActiveMQ has for them', async () => {
  const text = `
virtualDestinations:
  - virtualTopic: {name: 'VT.>', postfix: .IN, dropOnResourceLimit: true}
  - compositeQueue: {name: C, forwardTo: [{queue: A}, {topic: B}, {filteredDestination: {queue: D}}]}
  - virtualTopic: {selectorAware: true}
  - compositeTopic: {name: C, forwardTo: [{filteredDestination: {topic: D, selector: a = 1}}]}
`
  expect((await parseBrokerConfigText('file', text)).virtualDestinations).toMatchObject([
    { virtualTopic: { name: 'VT.>', prefix: 'Consumer.*.', postfix: '.IN', local: false, selectorAware: false } },
    { compositeQueue: { name: 'C', forwardOnly: true, copyMessage: true, forwardTo: [{}, {}, {}] } },
    { virtualTopic: { name: '>', selectorAware: true } },
    { compositeTopic: { forwardTo: [{ filteredDestination: { topic: 'D', selector: 'a = 1' } }] } },
  ])
})

test.each([
  [
    'compositeQueue: {name: C, forwardTo: [{filteredDestination: {queue: A, selector: "a = 1 AND"}}]}',
    '[0].compositeQueue.forwardTo[0].filteredDestination.selector',
    'expected a selector: at character 10 a name, a value or ( was expected, found the end',
  ],
  [
    'compositeQueue: {name: C, forwardTo: [{filteredDestination: {queue: A, topic: B, selector: "a = 1"}}]}',
    '[0].compositeQueue.forwardTo[0].filteredDestination',
    'exactly one of queue, topic',
  ],
  [
    'compositeQueue: {name: C, forwardTo: [{queue: A, topic: B}]}',
    '[0].compositeQueue.forwardTo[0]',
    'exactly one of queue, topic, filteredDestination',
  ],
  ['compositeQueue: {name: C, forwardTo: []}', '[0].compositeQueue.forwardTo', '>=1'],
  [
    'compositeQueue: {name: C, forwardTo: [{queue: "A.*"}]}',
    '[0].compositeQueue.forwardTo[0].queue',
    'without wildcards',
  ],
  ['compositeQueue: {name: C, forwardTo: [{queue: "A,B"}]}', '[0].compositeQueue.forwardTo[0].queue', 'without ","'],
  ['virtualTopic: {prefix: ">."}', '[0].virtualTopic.prefix', 'without ",", "?", ">"'],
  [
    '{virtualTopic: {}, compositeQueue: {name: C, forwardTo: [{queue: A}]}}',
    '[0]',
    'exactly one of virtualTopic, compositeQueue, compositeTopic',
  ],
  ['compositeQueue: {name: "C.*", forwardTo: [{queue: C.1}]}', '[0].compositeQueue.forwardTo', 'forwarded back'],
])('refused: %s', async (entry, path, accepted) => {
  const error = await parseBrokerConfigText(
    'file',
    `virtualDestinations: [${entry.startsWith('{') ? entry : `{${entry}}`}]`,
  ).catch((reason: unknown) => reason)
  expect((error as ConfigError).problems).toEqual([
    { path: `virtualDestinations${path}`, given: expect.anything(), accepted: expect.stringContaining(accepted) },
  ])
})

test('composites that forward in a circle by way of others', async () => {
  const text = `
virtualDestinations:
  - compositeQueue: {name: A, forwardTo: [{topic: B}]}
  - compositeTopic: {name: 'B.>', forwardTo: [{queue: C}, {queue: A}]}
  - compositeQueue: {name: C, forwardTo: [{queue: D}]}
`
  const error = await parseBrokerConfigText('file', text).catch((reason: unknown) => reason)
  expect((error as ConfigError).problems.map(({ path }) => path)).toEqual([
    'virtualDestinations[0].compositeQueue.forwardTo',
    'virtualDestinations[1].compositeTopic.forwardTo',
  ])
})

test('dead letter strategies by the names that ActiveMQ has for them', async () => {
  const text = `
deadLetter: {queue: DLQ}
destinationPolicies:
  - queue: '>'
    deadLetterStrategy: {individualDeadLetterStrategy: {queuePrefix: DLQ., processExpired: false}}
  - queue: LOG.>
    deadLetterStrategy: {discarding: {}}
  - topic: '>'
    deadLetterStrategy: {sharedDeadLetterStrategy: {deadLetterQueue: DLQ.TOPICS, expiration: 24h, enableAudit: false}}
  - queue: DEFAULT
`
  const { deadLetter, destinationPolicies } = await parseBrokerConfigText('file', text)
  expect(deadLetter).toEqual({ queue: 'DLQ', processExpired: true, processNonPersistent: false })
  expect(destinationPolicies).toMatchObject([
    {
      queue: '>',
      deadLetterStrategy: {
        individualDeadLetterStrategy: {
          queuePrefix: 'DLQ.',
          queueSuffix: '',
          topicPrefix: 'ActiveMQ.DLQ.Topic.',
          useQueueForQueueMessages: true,
          useQueueForTopicMessages: true,
          destinationPerDurableSubscriber: false,
          processExpired: false,
          processNonPersistent: false,
          expiration: '0s',
          enableAudit: true,
          maxAuditDepth: 2048,
          maxProducersToAudit: 64,
        },
      },
    },
    { queue: 'LOG.>', deadLetterStrategy: { discarding: {} } },
    {
      topic: '>',
      deadLetterStrategy: { sharedDeadLetterStrategy: { deadLetterQueue: 'DLQ.TOPICS', expiration: '24h' } },
    },
    { queue: 'DEFAULT' },
  ])
})

test.each([
  ['{}', '', 'exactly one of sharedDeadLetterStrategy, individualDeadLetterStrategy, discarding'],
  ['{discarding: {}, sharedDeadLetterStrategy: {}}', '', 'exactly one of'],
  [
    '{individualDeadLetterStrategy: {destinationPerDurableSubscriber: true}}',
    '.individualDeadLetterStrategy.destinationPerDurableSubscriber',
    'durable subscriptions',
  ],
  [
    '{sharedDeadLetterStrategy: {deadLetterQueu: A}}',
    '.sharedDeadLetterStrategy.deadLetterQueu',
    'there is no such field; the nearest is deadLetterQueue',
  ],
  [
    '{individualDeadLetterStrategy: {useQueueForQueueMessage: false}}',
    '.individualDeadLetterStrategy.useQueueForQueueMessage',
    'the nearest is useQueueForQueueMessages',
  ],
  ['{individualDeadLetterStrategy: {queuePrefix: "a,b"}}', '.individualDeadLetterStrategy.queuePrefix', 'without ","'],
])('refused as a dead letter strategy: %s', async (strategy, path, accepted) => {
  const text = `destinationPolicies: [{queue: A, deadLetterStrategy: ${strategy}}]`
  const error = await parseBrokerConfigText('file', text).catch((reason: unknown) => reason)
  expect((error as ConfigError).problems).toEqual([
    {
      path: `destinationPolicies[0].deadLetterStrategy${path}`,
      given: expect.anything(),
      accepted: expect.stringContaining(accepted),
    },
  ])
})

test('how queues share out, by the names that ActiveMQ has for it', async () => {
  const text = `
destinationPolicies:
  - queue: A
    messageGroupMapFactoryType: cached?cacheSize=2000
    consumersBeforeDispatchStarts: 3
    timeBeforeDispatchStarts: 5s
    strictOrderDispatch: true
    useConsumerPriority: false
    allConsumersExclusiveByDefault: true
  - queue: B
`
  const { destinationPolicies } = await parseBrokerConfigText('file', text)
  expect(destinationPolicies).toMatchObject([
    { messageGroupMapFactoryType: 'cached?cacheSize=2000', consumersBeforeDispatchStarts: 3 },
    {
      consumersBeforeDispatchStarts: 0,
      timeBeforeDispatchStarts: '0s',
      strictOrderDispatch: false,
      useConsumerPriority: true,
      allConsumersExclusiveByDefault: false,
    },
  ])
})

test('a map of message groups that is none of ActiveMQ’s is refused', async () => {
  const text = 'destinationPolicies: [{queue: A, messageGroupMapFactoryType: hashed}]'
  const error = await parseBrokerConfigText('file', text).catch((reason: unknown) => reason)
  expect((error as ConfigError).problems).toMatchObject([
    { given: '"hashed"', accepted: expect.stringContaining('simple, bucket or cached') },
  ])
})

test('expiry and recovery policies by the names that ActiveMQ has for them', async () => {
  const text = `
destinationPolicies:
  - queue: '>'
    expireMessagesPeriod: 1m
    maxExpirePageSize: 400
  - topic: PRICES.>
    alwaysRetroactive: true
    subscriptionRecoveryPolicy: {timedSubscriptionRecoveryPolicy: {recoverDuration: 5m}}
  - topic: COUNT
    subscriptionRecoveryPolicy: {fixedCountSubscriptionRecoveryPolicy: {}}
  - topic: SIZE
    subscriptionRecoveryPolicy: {fixedSizedSubscriptionRecoveryPolicy: {}}
  - topic: LAST
    subscriptionRecoveryPolicy: {lastImageSubscriptionRecoveryPolicy: {}}
  - topic: NONE
    subscriptionRecoveryPolicy: {noSubscriptionRecoveryPolicy: {}}
`
  expect((await parseBrokerConfigText('file', text)).destinationPolicies).toMatchObject([
    { expireMessagesPeriod: '1m', maxExpirePageSize: 400, alwaysRetroactive: false },
    { expireMessagesPeriod: '30s', maxExpirePageSize: 5000, alwaysRetroactive: true },
    { subscriptionRecoveryPolicy: { fixedCountSubscriptionRecoveryPolicy: { maximumSize: 100 } } },
    {
      subscriptionRecoveryPolicy: {
        fixedSizedSubscriptionRecoveryPolicy: { maximumSize: '64Ki', useSharedBuffer: true },
      },
    },
    { subscriptionRecoveryPolicy: { lastImageSubscriptionRecoveryPolicy: {} } },
    { subscriptionRecoveryPolicy: { noSubscriptionRecoveryPolicy: {} } },
  ])
})

test.each([
  ['{}', '', 'exactly one of fixedCountSubscriptionRecoveryPolicy'],
  ['{lastImageSubscriptionRecoveryPolicy: {}, noSubscriptionRecoveryPolicy: {}}', '', 'exactly one of'],
  [
    '{queryBasedSubscriptionRecoveryPolicy: {query: Q}}',
    '.queryBasedSubscriptionRecoveryPolicy',
    'its query is a Java class',
  ],
  [
    '{retainedMessageSubscriptionRecoveryPolicy: {}}',
    '.retainedMessageSubscriptionRecoveryPolicy',
    'retained messages are not supported',
  ],
  [
    '{lastImageSubscriptionRecoverPolicy: {}}',
    '.lastImageSubscriptionRecoverPolicy',
    'lastImageSubscriptionRecoveryPolicy',
  ],
  [
    '{fixedSizedSubscriptionRecoveryPolicy: {maximumSize: 1.5Ki}}',
    '.fixedSizedSubscriptionRecoveryPolicy.maximumSize',
    'a size such as 64Ki',
  ],
  [
    '{fixedCountSubscriptionRecoveryPolicy: {maximumSize: 0}}',
    '.fixedCountSubscriptionRecoveryPolicy.maximumSize',
    'expected number to be >=1',
  ],
])('refused as a recovery policy: %s', async (policy, path, accepted) => {
  const text = `destinationPolicies: [{topic: A, subscriptionRecoveryPolicy: ${policy}}]`
  const error = await parseBrokerConfigText('file', text).catch((reason: unknown) => reason)
  expect((error as ConfigError).problems).toContainEqual({
    path: `destinationPolicies[0].subscriptionRecoveryPolicy${path}`,
    given: expect.anything(),
    accepted: expect.stringContaining(accepted),
  })
})

test('redelivery by the broker, by the names that ActiveMQ has for it', async () => {
  const text = `
redeliveryPlugin:
  fallbackToDeadLetter: false
  redeliveryPolicyMap:
    redeliveryPolicyEntries:
      - {queue: ORDERS.>, maximumRedeliveries: -1, useExponentialBackOff: true, maximumRedeliveryDelay: 1h}
    defaultEntry: {initialRedeliveryDelay: 5s}
`
  const policy = {
    maximumRedeliveries: 6,
    initialRedeliveryDelay: '1s',
    redeliveryDelay: '1s',
    useExponentialBackOff: false,
    backOffMultiplier: 5,
    useCollisionAvoidance: false,
    collisionAvoidancePercent: 15,
  }
  expect((await parseBrokerConfigText('file', text)).redeliveryPlugin).toEqual({
    sendToDlqIfMaxRetriesExceeded: true,
    fallbackToDeadLetter: false,
    redeliveryPolicyMap: {
      redeliveryPolicyEntries: [
        {
          ...policy,
          queue: 'ORDERS.>',
          maximumRedeliveries: -1,
          useExponentialBackOff: true,
          maximumRedeliveryDelay: '1h',
        },
      ],
      defaultEntry: { ...policy, initialRedeliveryDelay: '5s' },
    },
  })
  expect(defaultBrokerConfig()).not.toHaveProperty('redeliveryPlugin')
})

test('what is wrong with it is told where it stands', async () => {
  const text = `
redeliveryPlugin:
  sendToDlqIfMaxRetriesExceded: false
  redeliveryPolicyMap:
    redeliveryPolicyEntries: [{queue: A, maximumRedelivries: 1}, {redeliveryDelay: '5'}]
    defaultEntry: {backoffMultiplier: 2, maximumRedeliveries: -2}
`
  const error = await parseBrokerConfigText('file', text).catch((reason: unknown) => reason)
  const at = 'redeliveryPlugin.redeliveryPolicyMap'
  expect((error as ConfigError).problems.map(({ path, accepted }) => `${path}: ${accepted}`)).toEqual([
    `${at}.redeliveryPolicyEntries[0].maximumRedelivries: there is no such field; the nearest is maximumRedeliveries`,
    `${at}.redeliveryPolicyEntries[1].queue: expected string, received undefined`,
    `${at}.redeliveryPolicyEntries[1].redeliveryDelay: expected a duration such as 250ms, 2s, 1m30s`,
    `${at}.defaultEntry.maximumRedeliveries: expected number to be >=-1`,
    `${at}.defaultEntry.backoffMultiplier: there is no such field; the nearest is backOffMultiplier`,
    'redeliveryPlugin.sendToDlqIfMaxRetriesExceded: there is no such field; the nearest is sendToDlqIfMaxRetriesExceeded',
  ])
})
