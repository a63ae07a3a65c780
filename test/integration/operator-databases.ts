// Of operator.ts: groups whose messages are in a database. The API server keeps Secret and Events; the database is nobody's.
import { expect, test } from '@jest/globals'
import type { KubeObject } from '../../operator/kube/port.ts'
import { persistentVolumeClaims, secrets, statefulSets } from '../../operator/kube/resource-types.ts'
import { databasePair, databaseSecret } from '../support/cluster-harness.ts'
import { eventually, waitMs } from './eventually.ts'
import type { OperatorSuite } from './operator-drains.ts'

interface PodSpec {
  readonly workingDir?: string
  readonly volumes: readonly { readonly name: string; readonly secret?: object; readonly emptyDir?: object }[]
}

export function operatorDatabases(suite: () => OperatorSuite): void {
  const secret = (change: Parameters<typeof databaseSecret>[0] = {}): KubeObject => ({
    ...databaseSecret(change),
    metadata: { namespace: suite().namespace, name: 'stored-db' },
  })
  const putSecret = (change?: Parameters<typeof databaseSecret>[0]) =>
    suite().client.apply(secrets, secret(change), { fieldManager: 'somebody', force: true })
  const storageOf = async (name: string) =>
    (await suite().read(name)).status?.conditions?.find(({ type }) => type === 'StorageReady')
  const uidsOf = async (name: string) => (await suite().podsOf(name)).map(({ metadata: { uid } }) => uid)

  test(
    'waits for the Secret of a database, makes a pair on it without a claim, and rolls it when the URL is another one',
    async () => {
      const { client, namespace, put, ready, podsOf } = suite()
      await put('stored', databasePair({ secretRef: { name: 'stored-db' } }))
      const waiting = await eventually(async () => (await storageOf('stored')) ?? 'no status')
      expect(waiting).toMatchObject({ status: 'False', reason: 'UnknownSecret' })
      expect(await client.get(statefulSets, { namespace, name: 'stored-g0' })).toBeUndefined()
      await putSecret()
      expect((await ready('stored')).summary).toEqual({ active: '1/1', members: '2/2' })
      expect(await storageOf('stored')).toMatchObject({ status: 'True', reason: 'DatabaseReachable' })
      const claims = await client.list(persistentVolumeClaims, {
        namespace,
        labelSelector: 'flotilla.dev/cluster=stored',
      })
      expect(claims.items).toEqual([])
      const { volumes } = (await podsOf('stored'))[0]!['spec'] as PodSpec
      expect(volumes).toContainEqual(expect.objectContaining({ name: 'data', emptyDir: {} }))
      expect(volumes.find(({ name }) => name === 'database')).toMatchObject({ secret: { secretName: 'stored-db' } })
      const before = await uidsOf('stored')
      await putSecret({ url: 'jdbc:postgresql://other/orders' })
      await eventually(async () => {
        const now = await uidsOf('stored')
        return (now.length === 2 && now.every((uid) => !before.includes(uid))) || 'not rolled yet'
      })
      expect((await ready('stored')).groups![0]!.updatedReplicas).toBe(2)
    },
    waitMs * 2,
  )
}
