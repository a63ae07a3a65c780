import { afterEach, describe, expect, test } from '@jest/globals'
import { matchesSelector } from '../../../../hack/localkube/controllers/label-selector.ts'
import { startNamespaceController } from '../../../../hack/localkube/controllers/namespaces.ts'
import { startDeploymentController } from '../../../../hack/localkube/controllers/deployment.ts'
import { startReplicaSetController } from '../../../../hack/localkube/controllers/replica-set.ts'
import { startPodDisruptionBudgetController } from '../../../../hack/localkube/controllers/pod-disruption-budget.ts'
import { runController } from '../../../../hack/localkube/controllers/controller.ts'
import {
  configMaps,
  events,
  namespaces,
  deployments,
  podDisruptionBudgets,
  pods,
  serviceAccounts,
  statefulSets,
} from '../../../../hack/localkube/controllers/resource-names.ts'
import { startStatefulSetController } from '../../../../hack/localkube/controllers/stateful-set.ts'
import { ControlPlane, podTemplate } from '../control-plane.ts'

let plane: ControlPlane
afterEach(() => plane.stop())

describe('PodDisruptionBudget', () => {
  async function budgetStatus(spec: Record<string, unknown>, ready: number) {
    plane = new ControlPlane(startPodDisruptionBudgetController, startStatefulSetController)
    plane.create(statefulSets, {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name: 'web' },
      spec: {
        replicas: 4,
        podManagementPolicy: 'Parallel',
        serviceName: 'web',
        selector: { matchLabels: { app: 'web' } },
        template: podTemplate({ app: 'web' }),
      },
    })
    plane.create(podDisruptionBudgets, {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name: 'web' },
      spec: { selector: { matchLabels: { app: 'web' } }, ...spec },
    })
    await plane.settle()
    for (const name of plane.names(pods).slice(0, ready)) plane.setPod(name, {})
    await plane.settle()
    return plane.get(podDisruptionBudgets, 'web')!['status']
  }

  test.each([
    [{ maxUnavailable: 1 }, 4, { desiredHealthy: 3, disruptionsAllowed: 1 }],
    [{ maxUnavailable: 1 }, 3, { desiredHealthy: 3, disruptionsAllowed: 0 }],
    [{ maxUnavailable: '50%' }, 4, { desiredHealthy: 2, disruptionsAllowed: 2 }],
    [{ minAvailable: 3 }, 4, { desiredHealthy: 3, disruptionsAllowed: 1 }],
    [{ minAvailable: '30%' }, 4, { desiredHealthy: 2, disruptionsAllowed: 2 }],
  ])('%j with %i of 4 pods ready', async (spec, ready, expected) => {
    const status = await budgetStatus(spec, ready)
    expect(status).toMatchObject({ expectedPods: 4, currentHealthy: ready, ...expected })
    const allowed = expected.disruptionsAllowed > 0
    expect(status.conditions).toMatchObject([{ type: 'DisruptionAllowed', status: allowed ? 'True' : 'False' }])
  })
})

test('a PodDisruptionBudget counts what a Deployment wants, not what there is of it', async () => {
  plane = new ControlPlane(startPodDisruptionBudgetController, startDeploymentController, startReplicaSetController)
  const selector = { matchLabels: { app: 'web' } }
  const template = podTemplate({ app: 'web' })
  plane.create(deployments, {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: { replicas: 4, selector, template },
  })
  plane.create(podDisruptionBudgets, {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name: 'web' },
    spec: { selector, maxUnavailable: 1 },
  })
  await plane.settle()
  expect(plane.get(podDisruptionBudgets, 'web')!['status']).toMatchObject({ expectedPods: 4, desiredHealthy: 3 })
})

test('every namespace has a ServiceAccount default, also after somebody deleted it', async () => {
  plane = new ControlPlane(startNamespaceController)
  plane.registry.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'team' } })
  await plane.settle()
  plane.registry.delete(serviceAccounts, 'team', 'default')
  await plane.settle()
  expect(plane.registry.get(serviceAccounts, 'team', 'default')).toBeDefined()
})

describe('events', () => {
  const about = () =>
    plane.create(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'subject' }, data: {} })

  test('repetitions are counted in one object', () => {
    plane = new ControlPlane()
    const subject = about()
    const recorder = plane.context.events.as('tester')
    for (let index = 0; index < 3; index += 1) {
      recorder.record(subject, 'Warning', 'Broken', 'it broke')
      plane.clock.advance(1000)
    }
    recorder.record(subject, 'Warning', 'Broken', 'it broke differently')
    const found = plane.registry.list(events, 'default').sort((a, b) => b['count'] - a['count'])
    expect(found).toMatchObject([
      { reason: 'Broken', message: 'it broke', count: 3, source: { component: 'tester' }, type: 'Warning' },
      { message: 'it broke differently', count: 1 },
    ])
    expect(Date.parse(found[0]!['lastTimestamp']) - Date.parse(found[0]!['firstTimestamp'])).toBe(2000)
  })

  test('are forgotten after an hour', async () => {
    plane = new ControlPlane()
    plane.context.events.record(about(), 'Normal', 'Done', 'done')
    await plane.advance(3_000_000)
    expect(plane.registry.list(events)).toHaveLength(1)
    await plane.advance(900_000)
    expect(plane.registry.list(events)).toHaveLength(0)
  })

  test('an event that the registry refuses stops nobody', () => {
    plane = new ControlPlane()
    const subject = { ...about(), metadata: { ...about.prototype, name: 'x', namespace: 'no-such', uid: 'u' } }
    expect(() => plane.context.events.record(subject as never, 'Normal', 'R', 'm')).not.toThrow()
  })
})

describe('the engine', () => {
  test('coalesces changes, tries again with growing waits after failures, and looks again when asked', async () => {
    plane = new ControlPlane()
    const seen: number[] = []
    const startMs = plane.clock.nowMs()
    const running = runController(
      plane.context,
      'test',
      [{ resource: configMaps, keysOf: ({ metadata }) => [metadata.name] }],
      () => {
        seen.push(plane.clock.nowMs() - startMs)
        if (seen.length <= 2) throw new Error('not yet')
        return seen.length === 3 ? 1000 : undefined
      },
    )
    for (const version of ['1', '2', '3'])
      if (version === '1')
        plane.create(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: { version } })
      else plane.registry.update(configMaps, 'default', 'a', (object) => (object['data'] = { version }))
    await plane.settle()
    expect(seen).toEqual([0])
    await plane.advance(50)
    await plane.advance(100)
    await plane.advance(1000)
    await plane.advance(100_000)
    expect(seen).toEqual([0, 50, 150, 1150])
    running.stop()
  })
})

test.each([
  [{ matchLabels: { a: '1' } }, true],
  [{ matchLabels: { a: '2' } }, false],
  [{ matchExpressions: [{ key: 'a', operator: 'In', values: ['1', '2'] }] }, true],
  [{ matchExpressions: [{ key: 'b', operator: 'NotIn', values: ['1'] }] }, true],
  [{ matchExpressions: [{ key: 'b', operator: 'Exists' }] }, false],
  [{ matchExpressions: [{ key: 'b', operator: 'DoesNotExist' }] }, true],
  [{}, true],
  [undefined, false],
])('selector %j', (selector, expected) => {
  plane = new ControlPlane()
  expect(matchesSelector(selector, { a: '1' })).toBe(expected)
})
