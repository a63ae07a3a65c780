// What users see when they change a cluster, pause it, or delete it and create it again.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { persistentVolumeClaims, pods, statefulSets } from '../../hack/localkube/controllers/resource-names.ts'
import {
  brokerClusters,
  masterSlave,
  numbersUpTo,
  receive,
  send,
  type Stack,
  type StartStack,
} from '../support/stack.ts'
import { nothingLost } from '../support/traffic.ts'

export function changes(title: string, startStack: StartStack): void {
  describe(`changes on ${title}`, () => {
    let stack: Stack
    beforeAll(async () => {
      stack = await startStack()
    })
    afterAll(() => stack.stop())

    const condition = (cluster: string, type: string) =>
      stack.cluster(cluster).status?.conditions?.find((one) => one.type === type)

    /** Which pods are made anew from now on, in order. */
    function recordStarts(cluster: string): { readonly starts: string[]; end(): void } {
      const known = new Set(stack.pods(cluster).map(({ metadata }) => metadata.name))
      const uids = new Set(stack.listOf(pods, cluster).map(({ metadata }) => metadata.uid))
      const starts: string[] = []
      const watch = stack.watch(pods, ({ object: { metadata } }) => {
        if (!known.has(metadata.name) || uids.has(metadata.uid)) return
        uids.add(metadata.uid)
        starts.push(metadata.name)
      })
      return { starts, end: () => watch.close() }
    }

    test('rolling-update: standbys first, then the active hands over, and no message is lost', async () => {
      await stack.apply('rolling', masterSlave())
      const { groups } = await stack.ready('rolling')
      const { active, standbys } = groups![0]!
      const traffic = await stack.startTraffic('rolling')
      await traffic.flows()
      const record = recordStarts('rolling')
      await stack.apply('rolling', masterSlave({ broker: { memoryLimit: '50%' } }))
      const after = await stack.settled('rolling', (status) => status.groups![0]!.updatedReplicas === 2)
      await traffic.flows()
      record.end()
      expect(await traffic.stop()).toMatchObject(nothingLost)
      expect(record.starts).toEqual([standbys[0], active])
      expect(after.groups![0]).toMatchObject({
        active: standbys[0],
        lastFailover: { from: active, to: standbys[0], reason: 'Switchover' },
      })
    })

    test('rolling-update: with OnDelete a change is only reported as pending', async () => {
      const onDelete = { updateStrategy: { type: 'OnDelete' } } as const
      await stack.apply('ondelete', masterSlave(onDelete))
      const { groups } = await stack.ready('ondelete')
      const { active, standbys } = groups![0]!
      const record = recordStarts('ondelete')
      await stack.apply('ondelete', masterSlave({ ...onDelete, broker: { memoryLimit: '50%' } }))
      const pending = (expected: readonly string[], updated: number) =>
        stack.eventually([brokerClusters], () => {
          const { rollout } = stack.cluster('ondelete').status!
          const same = JSON.stringify(rollout?.pending.toSorted()) === JSON.stringify(expected.toSorted())
          const counted = stack.group('ondelete')?.updatedReplicas === updated
          return (same && counted && rollout?.state === 'AwaitingDelete') || JSON.stringify(rollout)
        })
      await pending([active!, standbys[0]!], 0)
      expect(condition('ondelete', 'UpToDate')).toMatchObject({ status: 'False', reason: 'AwaitingDelete' })
      await stack.delete(pods, standbys[0]!)
      await pending([active!], 1)
      record.end()
      expect(record.starts).toEqual([standbys[0]])
    })

    test('scale-members: from 2 to 4 and back, the active among those that leave', async () => {
      await stack.apply('scaled', masterSlave())
      await stack.ready('scaled')
      await stack.apply('scaled', masterSlave({}, { replicas: 4 }))
      await stack.settled('scaled', ({ summary }) => summary?.members === '4/4')
      const claims = stack.listOf(persistentVolumeClaims, 'scaled').map(({ metadata }) => metadata.uid)
      const traffic = await stack.startTraffic('scaled')
      await makeActive('scaled', (ordinal) => ordinal >= 2)
      await traffic.flows()
      const leaving = stack.group('scaled')!.active!
      await stack.apply('scaled', masterSlave({}, { replicas: 2 }))
      const { groups } = await stack.settled('scaled', ({ summary }) => summary?.members === '2/2')
      await traffic.flows()
      expect(await traffic.stop()).toMatchObject(nothingLost)
      expect(groups![0]).toMatchObject({ lastFailover: { reason: 'Switchover' } })
      expect(groups![0]!.active).not.toBe(leaving)
      expect(stack.pods('scaled').map(({ metadata }) => metadata.name)).toEqual(['scaled-g0-0', 'scaled-g0-1'])
      expect(stack.listOf(persistentVolumeClaims, 'scaled').map(({ metadata }) => metadata.uid)).toEqual(claims)
    })

    /** Deletes the active, while the other unwanted ones are stopped and cannot take the lock, until a wanted one has it. */
    async function makeActive(cluster: string, isWanted: (ordinal: number) => boolean): Promise<void> {
      const ordinalOf = (pod: string): number => Number(pod.split('-').at(-1))
      for (;;) {
        const { active, standbys } = (await stack.settled(cluster, ({ groups }) => groups![0]!.standbys.length === 3))
          .groups![0]!
        if (isWanted(ordinalOf(active!))) return
        const frozen = standbys.filter((pod) => !isWanted(ordinalOf(pod))).map((pod) => stack.pidOf(pod))
        for (const pid of frozen) process.kill(pid, 'SIGSTOP')
        try {
          await stack.delete(pods, active!)
          await stack.eventually([brokerClusters], () => {
            const now = stack.group(cluster)?.active
            return (now !== undefined && now !== active) || `${now} is active`
          })
        } finally {
          for (const pid of frozen) process.kill(pid, 'SIGCONT')
        }
      }
    }

    test('deleted-and-created-again: the claim stays, and the messages are still there', async () => {
      await stack.apply('again', masterSlave())
      await stack.ready('again')
      await send(stack.url('again'), 'KEPT', 20)
      const claim = stack.get(persistentVolumeClaims, 'again-g0-data')!
      await stack.delete(brokerClusters, 'again')
      await stack.eventually([pods, statefulSets], () => {
        const left = [pods, statefulSets].flatMap((kind) => stack.listOf(kind, 'again'))
        return left.length === 0 || `${left.length} objects are left`
      })
      await stack.apply('again', masterSlave())
      await stack.ready('again')
      expect(stack.get(persistentVolumeClaims, 'again-g0-data')!.metadata.uid).toBe(claim.metadata.uid)
      expect(await receive(stack.url('again'), 'KEPT', 20)).toEqual(numbersUpTo(20))
    })

    test('paused: nothing is written but the status and role labels, which go on telling the truth', async () => {
      await stack.apply('paused', masterSlave())
      await stack.ready('paused')
      const { active, standbys } = stack.group('paused')!
      await stack.apply('paused', masterSlave({ paused: true, broker: { memoryLimit: '50%' } }, { replicas: 3 }))
      const written = stack.writes.length
      await stack.eventually([brokerClusters], () => {
        const { status, metadata } = stack.cluster('paused')
        const seen = status?.observedGeneration === metadata.generation
        return (seen && condition('paused', 'Paused')?.status === 'True') || JSON.stringify(status?.conditions)
      })
      await stack.killActive(active!, standbys)
      await stack.eventually([brokerClusters], () => {
        const group = stack.group('paused')
        return (group?.active === standbys[0] && group?.standbys.includes(active!)) || JSON.stringify(group)
      })
      await stack.eventually([pods], () => {
        const labelOf = (pod: string) => stack.pod(pod).metadata.labels?.['flotilla.dev/role']
        const labels = [standbys[0]!, active!].map(labelOf)
        return (labels[0] === 'active' && labels[1] === 'standby') || JSON.stringify(labels)
      })
      const paths = stack.writes.slice(written).map(({ method, path }) => `${method} ${path}`)
      // An event that comes again is counted in the one that is there.
      const permitted =
        /^(PATCH .*\/(brokerclusters\/paused\/status|pods\/paused-g0-\d|events\/paused\.\w+)|POST .*\/events)$/
      expect(paths.filter((path) => path.includes('paused') && !permitted.test(path))).toEqual([])
      expect(stack.pods('paused')).toHaveLength(2)
    })
  })
}
