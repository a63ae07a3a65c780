import { describe, expect, test } from '@jest/globals'
import type { BrokerCluster } from '../../../operator/api/broker-cluster.ts'
import { formatSpecProblem, parseSpec } from '../../../operator/api/validate.ts'
import { sharedPair, single } from '../../support/cluster-harness.ts'

const problems = (spec: unknown): string[] => {
  const parsed = parseSpec({ metadata: { name: 'orders', namespace: 'shop', uid: 'u' }, spec } as BrokerCluster)
  return parsed.ok ? [] : parsed.problems.map(formatSpecProblem)
}

describe('the operator itself refuses, with the field, what was given and what is accepted,', () => {
  test.each<[string, unknown, string[]]>([
    [
      'a field that there is not',
      { ...single('None'), topology: { type: 'Standalone', federation: {} } },
      ['spec.topology.federation: got {}, there is no such field'],
    ],
    [
      'a memory limit that is too small',
      sharedPair({ broker: { memoryLimit: '64Ki' } }),
      ['spec.broker.memoryLimit: got "64Ki", expected at least 1Mi, or 1% to 90%'],
    ],
    [
      'a frame that does not fit',
      sharedPair({ transportConnectors: [{ name: 'a', port: 1, maxFrameSize: '4Gi' }] }),
      ['spec.transportConnectors[0].maxFrameSize: got "4Gi", expected 1Ki to less than 2Gi'],
    ],
    [
      'a request above its limit',
      {
        ...single('None'),
        groupTemplate: {
          ...single('None').groupTemplate,
          resources: { requests: { cpu: 2 }, limits: { cpu: '500m' } },
        },
      },
      ['spec.groupTemplate.resources.requests.cpu: got 2, expected at most the limit, 500m'],
    ],
    [
      'a duration without unit',
      sharedPair({ updateStrategy: { progressDeadline: '60' } }),
      ['spec.updateStrategy.progressDeadline: got "60", expected a duration such as 250ms, 2s, 1m30s'],
    ],
    [
      'everything at once',
      { ...sharedPair({ paused: 'yes' as never }), terminationGracePeriodSeconds: -1 },
      [
        'spec.terminationGracePeriodSeconds: got -1, expected number to be >=0',
        'spec.paused: got "yes", expected boolean, received string',
      ],
    ],
    [
      'what an older CRD lets through: a MasterSlave of one',
      sharedPair({}, 1),
      ['spec.groupTemplate.replicas: got 1, expected 2 or more with topology.type MasterSlave'],
    ],
    [
      'what an older CRD lets through: members that share nothing',
      { topology: { type: 'MasterSlave' }, groupTemplate: { replicas: 2, storage: { type: 'None' } } },
      [
        'spec.groupTemplate.storage.type: got "None", expected SharedVolume, JDBC, ZooKeeper or Replicated when replicas is more than 1',
      ],
    ],
    [
      'what an older CRD lets through: two connectors on one port',
      sharedPair({
        transportConnectors: [
          { name: 'a', port: 61_616 },
          { name: 'b', port: 61_616 },
        ],
      }),
      ['spec.transportConnectors[1].port: got 61616, already used by transportConnectors[0]'],
    ],
  ])('%s', (_, spec, expected) => {
    expect(problems(spec)).toEqual(expected)
  })
})
