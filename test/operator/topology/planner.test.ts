import { describe, expect, test } from '@jest/globals'
import { parseBrokerConfig } from '../../../broker/config/parse.ts'
import { parseSpec } from '../../../operator/api/validate.ts'
import type { BrokerCluster } from '../../../operator/api/broker-cluster.ts'
import type { BrokerClusterSpecInput } from '../../../operator/api/spec-schema.ts'
import type { KnownDatabases } from '../../../operator/topology/database.ts'
import { claimNames, type ClusterPlan } from '../../../operator/topology/plan.ts'
import { planCluster } from '../../../operator/topology/planner.ts'
import { databasePair, sharedPair, single } from '../../support/cluster-harness.ts'

const metadata = { name: 'orders', namespace: 'shop', uid: 'uid-1' }

function plan(input: BrokerClusterSpecInput, defaultImage = 'broker:1', databases?: KnownDatabases): ClusterPlan {
  const parsed = parseSpec({ metadata, spec: input } as BrokerCluster)
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  return planCluster(metadata, parsed.spec, { defaultImage }, undefined, databases)
}

describe('the plan of a pair', () => {
  const { groups, endpoints, update } = plan(sharedPair())

  test('is one group of two members with stable names', () => {
    expect(groups).toHaveLength(1)
    expect(groups[0]).toMatchObject({
      name: 'g0',
      statefulSet: 'orders-g0',
      members: [
        { name: 'orders-g0-0', ordinal: 0, host: 'orders-g0-0.orders-g0.shop.svc' },
        { name: 'orders-g0-1', ordinal: 1, host: 'orders-g0-1.orders-g0.shop.svc' },
      ],
    })
  })

  test('has a complete broker configuration without paths', () => {
    const { brokerConfig } = groups[0]!
    expect(parseBrokerConfig(brokerConfig)).toMatchObject({ ok: true })
    expect(brokerConfig).toEqual({
      brokerName: 'orders-g0',
      store: { type: 'Journal', lock: { acquireInterval: '250ms', keepAlivePeriod: '2s' } },
      memoryLimit: '60%',
      transportConnectors: [
        { name: 'openwire', protocol: 'OpenWire', port: 61_616, maximumConnections: 1000, maxFrameSize: '100Mi' },
      ],
      admin: { port: 8161 },
    })
    expect(JSON.stringify(brokerConfig)).not.toContain('/')
  })

  test('on a database has one, too, whatever is known of it', () => {
    for (const hasCa of [undefined, false, true]) {
      const known = hasCa === undefined ? [] : [['g0', { urlHash: '0123456789', hasCa }] as const]
      const { brokerConfig } = plan(databasePair(), 'broker:1', new Map(known)).groups[0]!
      const found = parseBrokerConfig(brokerConfig)
      expect(found).toMatchObject({ ok: true, config: { store: { type: 'JDBC', urlFile: 'url', tablePrefix: '' } } })
      expect(brokerConfig.store).toHaveProperty('locker', 'Lease')
      expect('caFile' in brokerConfig.store!).toBe(hasCa === true)
    }
  })

  test.each([
    ['50Gi', undefined],
    ['0', '0'],
    ['0B', '0B'],
    ['4Mi', '4Mi'],
  ])('a temp limit of %s is told as %s: what the broker takes by itself is not', (tempLimit, told) => {
    const { brokerConfig } = plan(sharedPair({ broker: { tempLimit } })).groups[0]!
    expect(brokerConfig.tempLimit).toBe(told)
    expect(parseBrokerConfig(brokerConfig)).toMatchObject({ ok: true, config: { tempLimit } })
  })

  test('has what the spec says of destinations in the broker’s file', () => {
    const broker: BrokerClusterSpecInput['broker'] = {
      useVirtualTopics: false,
      useVirtualDestSubs: true,
      virtualDestinations: [
        { virtualTopic: { name: 'VT.>', postfix: '.IN', dropOnResourceLimit: true, selectorAware: true } },
        { compositeTopic: { name: 'C', forwardTo: [{ filteredDestination: { queue: 'A', selector: 'a = 1' } }] } },
        { compositeQueue: { name: 'C', forwardTo: [{ queue: 'A' }, { topic: 'B' }], forwardOnly: false } },
      ],
      startupDestinations: [{ queue: 'A' }, { topic: 'B' }],
      schedulePeriodForDestinationPurge: '10s',
      maxPurgedDestinationsPerSweep: 5,
      destinationPolicies: [
        { queue: 'A.>', gcInactiveDestinations: true, inactiveTimeoutBeforeGC: '5m' },
        { queue: 'B', persistJMSRedelivered: true, prioritizedMessages: true },
      ],
    }
    const { brokerConfig } = plan(sharedPair({ broker })).groups[0]!
    expect(brokerConfig).toMatchObject(broker)
    expect(parseBrokerConfig(brokerConfig)).toMatchObject({ ok: true, config: broker })
  })

  test('says of policies only what is no default: an image of before knows no such field', () => {
    const broker = {
      destinationPolicies: [
        { queue: 'A.>', strictOrderDispatch: true },
        { queue: 'B', useConsumerPriority: true },
      ],
    }
    const { brokerConfig } = plan(sharedPair({ broker })).groups[0]!
    expect(brokerConfig.destinationPolicies).toEqual([{ queue: 'A.>', strictOrderDispatch: true }, { queue: 'B' }])
  })

  test('has what the spec says of dead letters and redelivery in the broker’s file', () => {
    const broker: BrokerClusterSpecInput['broker'] = {
      deadLetter: { queue: 'DLQ', processExpired: false },
      destinationPolicies: [
        { queue: 'A.>', deadLetterStrategy: { individualDeadLetterStrategy: { queuePrefix: 'DLQ.' } } },
        { topic: '>', deadLetterStrategy: { sharedDeadLetterStrategy: { deadLetterQueue: 'D', expiration: '24h' } } },
        { queue: 'LOG.>', deadLetterStrategy: { discarding: {} } },
      ],
      redeliveryPlugin: {
        redeliveryPolicyMap: {
          redeliveryPolicyEntries: [{ queue: 'A.>', maximumRedeliveries: 4, backOffMultiplier: 1.5 }],
          defaultEntry: { initialRedeliveryDelay: '5s', maximumRedeliveryDelay: '1h' },
        },
      },
    }
    const { brokerConfig } = plan(sharedPair({ broker })).groups[0]!
    expect(brokerConfig).toMatchObject(broker)
    expect(parseBrokerConfig(brokerConfig)).toMatchObject({ ok: true, config: broker })
    expect(plan(sharedPair({ broker: { deadLetter: {} } })).groups[0]!.brokerConfig).not.toHaveProperty('deadLetter')
  })

  test('has what the spec says of expiry and recovery in the broker’s file', () => {
    const broker: BrokerClusterSpecInput['broker'] = {
      destinationPolicies: [
        { queue: 'A.>', expireMessagesPeriod: '1m', maxExpirePageSize: 100 },
        {
          topic: '>',
          alwaysRetroactive: true,
          subscriptionRecoveryPolicy: { fixedSizedSubscriptionRecoveryPolicy: { maximumSize: '1Mi' } },
        },
        { topic: 'NONE', subscriptionRecoveryPolicy: { noSubscriptionRecoveryPolicy: {} } },
      ],
    }
    const { brokerConfig } = plan(sharedPair({ broker })).groups[0]!
    expect(brokerConfig).toMatchObject(broker)
    expect(parseBrokerConfig(brokerConfig)).toMatchObject({ ok: true, config: broker })
  })

  test('shares one claim, kept when the cluster goes', () => {
    expect(claimNames(groups[0]!)).toEqual(['orders-g0-data'])
    expect(groups[0]!.store).toMatchObject({
      type: 'SharedVolume',
      claims: [{ whenDeleted: 'Retain', whenScaled: 'Retain' }],
    })
  })

  test('offers a failover URL for each connector', () => {
    expect(endpoints).toEqual([
      {
        name: 'openwire',
        url: 'failover:(tcp://orders-g0-0.orders-g0.shop.svc:61616,tcp://orders-g0-1.orders-g0.shop.svc:61616)',
      },
    ])
    expect(update).toEqual({ type: 'RollingUpdate', handoverTimeoutMs: 60_000, progressDeadlineMs: 600_000 })
  })
})

test('a single broker with a volume keeps a journal on a claim of its own', () => {
  const [group] = plan(single('Volume')).groups
  expect(group!.brokerConfig.store).toEqual({ type: 'Journal' })
  expect(claimNames(group!)).toEqual(['data-orders-g0-0'])
})

test('a single broker without storage keeps messages in memory', () => {
  const [group] = plan(single('None')).groups
  expect(group!.brokerConfig.store).toEqual({ type: 'Memory' })
  expect(claimNames(group!)).toEqual([])
})

test('groups keep the names that they are given', () => {
  const spec: BrokerClusterSpecInput = {
    topology: { type: 'MasterSlave' },
    groups: [{ name: 'bc', ...sharedPair().groupTemplate! }],
  }
  expect(plan(spec).groups.map(({ statefulSet }) => statefulSet)).toEqual(['orders-bc'])
})

test('what a spec names and somebody else makes is a reference, to be read first', () => {
  const spec = sharedPair()
  spec.groupTemplate!.storage.sharedVolume = { existingClaim: { name: 'nfs' } }
  expect(plan(spec).references).toEqual([{ kind: 'PersistentVolumeClaim', name: 'nfs' }])
  expect(plan(sharedPair()).references).toEqual([])
})
