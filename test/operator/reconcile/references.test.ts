import { expect, test } from '@jest/globals'
import { KubeApiError } from '../../../operator/kube/errors.ts'
import { resolveReferences } from '../../../operator/reconcile/references.ts'
import { specSchema } from '../../../operator/api/spec-schema.ts'
import { planCluster } from '../../../operator/topology/planner.ts'
import { sharedPair } from '../../support/cluster-harness.ts'
import { FakeKube } from '../../support/fake-kube.ts'

const storage = (name: string) => ({
  type: 'SharedVolume' as const,
  sharedVolume: { existingClaim: { name } },
})
const plan = planCluster(
  { name: 'orders', namespace: 'shop', uid: 'u' },
  specSchema.parse({
    topology: { type: 'MasterSlave' },
    groups: [
      { name: 'a', replicas: 2, storage: storage('there') },
      { name: 'b', replicas: 2, storage: storage('missing') },
      { name: 'c', ...sharedPair().groupTemplate! },
    ],
  }),
  { defaultImage: 'broker:1' },
)

test('what a plan refers to is read in its namespace; what is missing is none, and what is its own is not asked for', async () => {
  const kube = new FakeKube()
  for (const [namespace, name] of [
    ['shop', 'there'],
    ['shop', 'orders-c-data'],
    ['other', 'missing'],
  ] as const)
    kube.put({ apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { namespace, name } })
  const { claims } = await resolveReferences(kube, plan)
  expect(claims.map(({ metadata }) => metadata.name)).toEqual(['there'])
})

test('one that cannot be read is an error: nothing is decided without it', async () => {
  const kube = new FakeKube()
  kube.get = () => Promise.reject(new KubeApiError(403, 'Forbidden', 'may not read claims'))
  await expect(resolveReferences(kube, plan)).rejects.toThrow('may not read claims')
})
