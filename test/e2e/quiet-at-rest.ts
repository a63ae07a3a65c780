// A cluster at rest costs the API server nothing: no object is written, whatever is looked at.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import * as kinds from '../../hack/localkube/controllers/resource-names.ts'
import type { LocalObject, ResourceName } from '../../hack/localkube/api/registry.ts'
import { slowPollMs } from '../../operator/reconcile/limits.ts'
import { brokerClusters, masterSlave, type Stack, standalone, type StartStack } from '../support/stack.ts'

/** Every kind that anything here could write, but Leases: whoever holds one renews it. */
const watched: ResourceName[] = [
  brokerClusters,
  ...Object.values(kinds).filter((kind): kind is ResourceName => typeof kind === 'object'),
]
/**
 * That nothing happens can only be seen by watching for a while. This long, because the operator asks the brokers for
 * their roles once more after slowPollMs, which is when it would write; later they tell them by themselves.
 */
const restMs = slowPollMs + 500
/** What was still on its way when the cluster became Ready (Events, statuses of controllers) comes in the first ones. */
const rests = 4

export function quietAtRest(title: string, startStack: StartStack): void {
  describe(`quiet-at-rest on ${title}`, () => {
    let stack: Stack
    beforeAll(async () => {
      stack = await startStack({ operator: [] })
    })
    afterAll(() => stack.stop())

    test('quiet-at-rest: no object of a settled cluster changes, except Leases', async () => {
      await stack.apply('pair', masterSlave())
      await stack.apply('single', standalone('Volume'))
      await stack.ready('pair')
      await stack.ready('single')
      expect(stack.list({ group: 'coordination.k8s.io', plural: 'leases' })).toHaveLength(1)
      const changes: string[] = []
      const known = new Map<string, string>()
      const note = (type: string, { kind, metadata }: LocalObject): void => {
        const object = `${kind} ${metadata.namespace ?? ''}/${metadata.name}`
        if (known.get(object) === metadata.resourceVersion) return
        known.set(object, metadata.resourceVersion)
        changes.push(`${type} ${object}`)
      }
      const watches = watched.map((kind) => stack.watch(kind, ({ type, object }) => note(type, object)))
      for (let rest = 0; rest < rests; rest++) {
        changes.length = 0
        await new Promise((resolve) => setTimeout(resolve, restMs))
        if (changes.length === 0) break
      }
      for (const watch of watches) watch.close()
      expect(known.size).toBeGreaterThan(10)
      expect(changes).toEqual([])
    })
  })
}
