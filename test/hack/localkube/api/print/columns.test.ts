import { describe, expect, test } from '@jest/globals'
import { columnsOf, customColumns } from '../../../../../hack/localkube/api/print/columns.ts'
import { formatDuration } from '../../../../../hack/localkube/api/print/durations.ts'
import type { LocalObject } from '../../../../../hack/localkube/api/registry.ts'

const nowMs = Date.parse('2026-01-01T01:00:00Z')
const object = (fields: Record<string, unknown>): LocalObject =>
  ({
    apiVersion: 'v1',
    kind: 'X',
    metadata: { name: 'a', creationTimestamp: '2026-01-01T00:00:00Z' },
    ...fields,
  }) as LocalObject
const row = (kind: string, fields: Record<string, unknown>): unknown[] =>
  columnsOf(kind).map((column) => column.cell(object(fields), nowMs))

test.each([
  [45, '45s'],
  [119, '119s'],
  [130, '2m10s'],
  [600, '10m'],
  [3 * 3600, '3h'],
  [7 * 3600 + 300, '7h5m'],
  [3 * 86400 + 7200, '3d2h'],
  [100 * 86400, '100d'],
  [800 * 86400, '2y70d'],
])('%d seconds are %s', (seconds, text) => {
  expect(formatDuration(seconds * 1000)).toBe(text)
})

describe('columns of built-in kinds', () => {
  test('a pod whose container crashes', () => {
    const status = {
      phase: 'Running',
      podIP: '10.0.0.1',
      containerStatuses: [
        {
          ready: false,
          restartCount: 3,
          state: { waiting: { reason: 'CrashLoopBackOff' } },
          lastState: { terminated: { finishedAt: '2026-01-01T00:58:00Z' } },
        },
      ],
    }
    expect(row('Pod', { spec: { containers: [{}, {}], nodeName: 'n' }, status })).toEqual([
      'a',
      '0/2',
      'CrashLoopBackOff',
      '3 (2m ago)',
      '60m',
      '10.0.0.1',
      'n',
      '<none>',
      '<none>',
    ])
  })

  test('a pod that is terminating, one that has completed', () => {
    const terminating = object({ spec: { containers: [{}] }, status: { phase: 'Running' } })
    terminating.metadata.deletionTimestamp = '2026-01-01T00:59:00Z'
    expect(columnsOf('Pod')[2]!.cell(terminating, nowMs)).toBe('Terminating')
    const ended = {
      phase: 'Succeeded',
      containerStatuses: [{ state: { terminated: { exitCode: 0, reason: 'Completed' } } }],
    }
    expect(row('Pod', { spec: { containers: [{}] }, status: ended })[2]).toBe('Completed')
  })

  test('services, StatefulSets, events, jobs', () => {
    const spec = {
      type: 'ClusterIP',
      clusterIP: 'None',
      ports: [
        { port: 80, protocol: 'TCP' },
        { port: 81, nodePort: 30000, protocol: 'TCP' },
      ],
      selector: { app: 'x' },
    }
    expect(row('Service', { spec })).toEqual([
      'a',
      'ClusterIP',
      'None',
      '<none>',
      '80/TCP,81:30000/TCP',
      '60m',
      'app=x',
    ])
    expect(
      row('StatefulSet', {
        spec: { replicas: 3, template: { spec: { containers: [{ name: 'c', image: 'i' }] } } },
        status: { readyReplicas: 2 },
      }),
    ).toEqual(['a', '2/3', '60m', 'c', 'i'])
    const template = { spec: { containers: [{ name: 'c', image: 'i' }] } }
    const selector = { matchLabels: { app: 'x' } }
    expect(
      row('Deployment', {
        spec: { replicas: 3, template, selector },
        status: { readyReplicas: 2, updatedReplicas: 1 },
      }),
    ).toEqual(['a', '2/3', '1', '0', '60m', 'c', 'i', 'app=x'])
    expect(
      row('ReplicaSet', { spec: { replicas: 3, template, selector }, status: { replicas: 2, readyReplicas: 1 } }),
    ).toEqual(['a', '3', '2', '1', '60m', 'c', 'i', 'app=x'])
    const event = {
      involvedObject: { kind: 'Pod', name: 'p' },
      type: 'Normal',
      reason: 'Started',
      message: 'started\n',
      lastTimestamp: '2026-01-01T00:59:50Z',
      count: 2,
      source: { component: 'kubelet', host: 'h' },
    }
    expect(row('Event', event)).toEqual([
      '10s',
      'Normal',
      'Started',
      'pod/p',
      '',
      'kubelet, h',
      'started',
      '<unknown>',
      '2',
      'a',
    ])
    const job = {
      spec: { completions: 1 },
      status: {
        succeeded: 1,
        startTime: '2026-01-01T00:00:00Z',
        completionTime: '2026-01-01T00:00:30Z',
        conditions: [{ type: 'Complete', status: 'True' }],
      },
    }
    expect(row('Job', job).slice(0, 4)).toEqual(['a', 'Complete', '1/1', '30s'])
  })
})

test('columns of custom resources come from their definition; a value of another type is left out', () => {
  const declared = [
    { name: 'Replicas', type: 'integer', jsonPath: '.spec.replicas' },
    { name: 'Wrong', type: 'integer', jsonPath: '.spec.text' },
    { name: 'Since', type: 'date', jsonPath: '.metadata.creationTimestamp' },
    { name: 'Message', type: 'string', jsonPath: '.spec.text', priority: 1 },
  ]
  const columns = customColumns(declared)
  expect(columns.map((column) => column.cell(object({ spec: { replicas: 3, text: 'x' } }), nowMs))).toEqual([
    'a',
    3,
    null,
    '60m',
    'x',
  ])
  expect(columns.map((column) => column.priority)).toEqual([0, 0, 0, 0, 1])
  expect(customColumns(undefined).map((column) => column.name)).toEqual(['Name', 'Age'])
})
