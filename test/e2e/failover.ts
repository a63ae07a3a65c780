// What users see when an active member goes: killed, hung, stopped in order, with the operator and without it.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { LocalObject } from '../../hack/localkube/api/registry.ts'
import {
  configMaps,
  persistentVolumeClaims,
  podDisruptionBudgets,
  pods,
  services,
  statefulSets,
} from '../../hack/localkube/controllers/resource-names.ts'
import { brokerClusters, masterSlave, type Stack, type StartStack, until } from '../support/stack.ts'
import { nothingLost } from '../support/traffic.ts'

export function failover(title: string, startStack: StartStack): void {
  describe(`failover on ${title}`, () => {
    let stack: Stack
    beforeAll(async () => {
      stack = await startStack()
    })
    afterAll(() => stack.stop())

    const roleLabel = (pod: string): string | undefined => stack.pod(pod).metadata.labels?.['flotilla.dev/role']

    /** The status and the labels say that somebody else than `before` is active, for this reason, in a later term. */
    function tookOver(cluster: string, before: string, term: number, reason: string): Promise<string> {
      return stack
        .eventually([brokerClusters, pods], () => {
          const { active, lastFailover, lock } = stack.group(cluster) ?? {}
          const told =
            active !== undefined &&
            active !== before &&
            (lock?.term ?? 0) > term &&
            lastFailover?.from === before &&
            lastFailover.to === active &&
            lastFailover.reason === reason &&
            roleLabel(active) === 'active'
          return told ? { active } : JSON.stringify(stack.group(cluster))
        })
        .then(({ active }) => active)
    }

    const isBack = (cluster: string, pod: string) =>
      stack.settled(cluster, ({ groups }) => groups![0]!.standbys.includes(pod) && roleLabel(pod) === 'standby')

    test('active-killed: three times, and clients go on; the killed member comes back as standby', async () => {
      await stack.apply('killed', masterSlave())
      await stack.ready('killed')
      const traffic = await stack.startTraffic('killed')
      for (let kill = 1; kill <= 3; kill++) {
        await traffic.flows()
        const { active, standbys, lock } = stack.group('killed')!
        await stack.killActive(active!, standbys)
        const heir = await tookOver('killed', active!, lock!.term!, 'Failover')
        expect(await stack.roleOf(heir)).toBe('Active')
        // Only its first restart is immediate, as everywhere in Kubernetes.
        if (kill < 3) await isBack('killed', active!)
      }
      await traffic.flows()
      expect(await traffic.stop()).toMatchObject(nothingLost)
    })

    test('active-hangs: its liveness probe ends it without the grace of an orderly stop, and a standby takes over', async () => {
      // Shorter than by default, though not shorter than a start takes on a busy machine, and a pod that may take minutes to
      // stop in good order: none of that is waited for.
      const livenessProbe = {
        periodSeconds: 1,
        timeoutSeconds: 1,
        failureThreshold: 6,
        terminationGracePeriodSeconds: 1,
      }
      await stack.apply('hung', masterSlave({ livenessProbe, terminationGracePeriodSeconds: 600 }))
      await stack.ready('hung')
      const traffic = await stack.startTraffic('hung')
      await traffic.flows()
      const { active, lock } = stack.group('hung')!
      process.kill(stack.pidOf(active!), 'SIGSTOP')
      await tookOver('hung', active!, lock!.term!, 'Failover')
      await traffic.flows()
      await isBack('hung', active!)
      expect(await traffic.stop()).toMatchObject(nothingLost)
    })

    test('graceful-hand-over: a deleted active hands over at once', async () => {
      await stack.apply('graceful', masterSlave())
      await stack.ready('graceful')
      const traffic = await stack.startTraffic('graceful')
      await traffic.flows()
      const { active, lock } = stack.group('graceful')!
      await stack.delete(pods, active!)
      await tookOver('graceful', active!, lock!.term!, 'Switchover')
      await traffic.flows()
      await isBack('graceful', active!)
      expect(await traffic.stop()).toMatchObject(nothingLost)
    })

    test('operator-stopped: failover is the same; started again the operator tells the truth and touches nothing', async () => {
      await stack.apply('alone', masterSlave())
      const { groups } = await stack.ready('alone')
      const { active, standbys, lock } = groups![0]!
      await stack.endOperator('SIGKILL')
      const children = [statefulSets, services, configMaps, podDisruptionBudgets, persistentVolumeClaims]
      const before = children.flatMap((kind) => stack.listOf(kind, 'alone')).map(untouched)
      const traffic = await stack.startTraffic('alone')
      await traffic.flows()
      await stack.killActive(active!, standbys)
      await traffic.flows()
      await until(async () => (await stack.roleOf(active!)) === 'Standby', `${active} is not back`)
      expect(await traffic.stop()).toMatchObject(nothingLost)
      expect(stack.group('alone')!.active).toBe(active)

      const written = stack.writes.length
      stack.startOperator()
      await tookOver('alone', active!, lock!.term!, 'Failover')
      await isBack('alone', active!)
      expect(children.flatMap((kind) => stack.listOf(kind, 'alone')).map(untouched)).toEqual(before)
      const paths = stack.writes.slice(written).map(({ method, path }) => `${method} ${path}`)
      const truth = /^(PATCH .*\/pods\/[^/]+|PATCH .*\/brokerclusters\/[^/]+\/status|POST .*\/events)$/
      expect(paths.filter((path) => !truth.test(path))).toEqual([])
    })
  })
}

/** What a write would change. Controllers keep the status of sets and budgets: of these only the generation counts. */
function untouched({ kind, metadata, status }: LocalObject): string {
  const { name, uid, generation, resourceVersion } = metadata
  const version = status === undefined || kind === 'PersistentVolumeClaim' ? resourceVersion : 'with status'
  return [kind, name, uid, generation, version].join(' ')
}
