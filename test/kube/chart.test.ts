// The chart on a real API server, by Helm: what the operator may do is what it needs; install, upgrade, rollback and
// uninstall leave broker clusters as they are. No nodes: the operator is started here, with the account of the release, and
// a PodPlayer takes the part of kubelet and brokers.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../broker/base/clock.ts'
import { silentLogger } from '../../broker/base/logger.ts'
import { systemRandom } from '../../broker/base/random.ts'
import type { BrokerCluster } from '../../operator/api/broker-cluster.ts'
import type { BrokerClusterSpecInput } from '../../operator/api/spec-schema.ts'
import { noMetrics } from '../../operator/controller/metrics.ts'
import { type HttpKubeClient, openKubeClient } from '../../operator/kube/kube-client.ts'
import { type ClusterAccess, loadClusterAccess } from '../../operator/kube/kube-config.ts'
import {
  brokerClusters,
  customResourceDefinitions,
  leases,
  persistentVolumeClaims,
  pods,
  roleBindings,
  services,
  statefulSets,
} from '../../operator/kube/resource-types.ts'
import { startOperator } from '../../operator/operator.ts'
import { eventually } from '../integration/eventually.ts'
import { pair } from '../integration/operator.ts'
import { PodPlayer } from '../integration/pod-player.ts'
import { type ControlPlane, startControlPlane } from './control-plane.ts'
import { asServiceAccount, rightsOf } from './lease-account.ts'

const root = join(import.meta.dirname, '..', '..')
const chart = join(root, 'charts', 'flotilla')
/** Of cluster `ledger`, whose members are elected by a Lease. */
const member = { namespace: 'shop', name: 'ledger-g0' }
const copies: BrokerClusterSpecInput = {
  topology: { type: 'MasterSlave' },
  groupTemplate: {
    replicas: 3,
    storage: { type: 'Replicated', replicated: { claimTemplate: { resources: { requests: { storage: '1Gi' } } } } },
  },
}
const crd = { namespace: '', name: 'brokerclusters.flotilla.dev' }
const waitMs = 240_000
const isPossible = process.env['KUBECONFIG'] !== undefined
const describeOnKube = isPossible ? describe : describe.skip

describeOnKube('the chart on a real API server', () => {
  let plane: ControlPlane
  let access: ClusterAccess
  let admin: HttpKubeClient

  beforeAll(async () => {
    plane = await startControlPlane()
    access = await loadClusterAccess({ kubeconfig: plane.kubeconfig, env: {}, clock: systemClock })
    admin = openKubeClient({ access })
    for (const namespace of ['operators', 'north', 'south', 'shop', 'bank'])
      await plane.kubectl('create', 'namespace', namespace)
    await plane.kubectl('label', 'namespace', 'operators', 'pod-security.kubernetes.io/enforce=restricted')
  }, waitMs)

  afterAll(async () => {
    await admin?.close()
    await plane?.stop()
  }, waitMs)

  /** As the pod of the release would be it: with the token of its account, and nothing else. */
  async function asRelease(namespace: string): Promise<HttpKubeClient> {
    const token = (await plane.kubectl('create', 'token', 'flotilla', '--namespace', namespace)).trim()
    const { ca } = access.tls
    const credentials = () => Promise.resolve({ authorization: `Bearer ${token}` })
    return openKubeClient({ access: { ...access, namespace, tls: ca === undefined ? {} : { ca }, credentials } })
  }

  /** Runs an operator and the brokers of a namespace while something is done. */
  async function withOperator(
    watchNamespaces: readonly string[],
    played: string,
    work: () => Promise<void>,
  ): Promise<void> {
    const client = await asRelease('operators')
    const player = new PodPlayer(admin, played)
    const operator = startOperator({
      client,
      brokerAdmin: player,
      clock: systemClock,
      random: systemRandom,
      logger: silentLogger,
      metrics: noMetrics,
      brokerImage: 'broker:test',
      watchNamespaces,
      lease: { namespace: 'operators', name: 'flotilla' },
      identity: 'test',
      concurrency: 4,
    })
    try {
      expect(await operator.started).toBe(true)
      await work()
    } finally {
      await operator.stop()
      await player.stop()
      await client.close()
    }
  }

  const apply = (namespace: string, name: string, spec: number | BrokerClusterSpecInput = 2) =>
    admin.apply(
      brokerClusters,
      {
        apiVersion: brokerClusters.apiVersion,
        kind: brokerClusters.kind,
        metadata: { namespace, name },
        spec: typeof spec === 'number' ? pair({}, spec) : spec,
      },
      { fieldManager: 'somebody', force: true },
    )
  const ready = (namespace: string, name: string) =>
    eventually(async () => {
      const cluster = (await admin.get(brokerClusters, { namespace, name })) as unknown as BrokerCluster
      const { status, metadata } = cluster
      const isReady = status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True')
      return (isReady && status?.observedGeneration === metadata.generation) || JSON.stringify(status ?? 'no status')
    })
  const gone = (namespace: string) =>
    eventually(async () => {
      const left = await Promise.all(
        [statefulSets, services, pods].map((type) =>
          admin.list(type, { namespace, labelSelector: 'flotilla.dev/cluster' }),
        ),
      )
      return left.every(({ items }) => items.length === 0) || 'something is left'
    })
  const description = async () => {
    const { spec } = (await admin.get(customResourceDefinitions, crd)) as unknown as {
      spec: { versions: { additionalPrinterColumns: { description: string }[] }[] }
    }
    return spec.versions[0]!.additionalPrinterColumns[0]!.description
  }

  describe.each([
    ['all namespaces', [], []],
    ['some namespaces', ['shop', 'bank'], ['--set', 'watchNamespaces={shop,bank}']],
  ])('looking after %s', (_title, watched, set) => {
    beforeAll(() => plane.helm('upgrade', '--install', 'flotilla', chart, '--namespace', 'operators', ...set), waitMs)

    test(
      'the operator may do what it needs: make, scale, delete, elect, tell',
      async () => {
        await withOperator(watched, 'shop', async () => {
          await apply('shop', 'orders')
          await ready('shop', 'orders')
          await apply('shop', 'orders', 3)
          await ready('shop', 'orders')
          await eventually(async () => {
            const told = await plane.kubectl('get', 'events.events.k8s.io', '--namespace', 'shop')
            return told.includes('ScaleUp') || told
          })
          await apply('shop', 'orders', 2)
          await ready('shop', 'orders')
          await admin.delete(brokerClusters, { namespace: 'shop', name: 'orders' })
          await gone('shop')
        })
      },
      waitMs,
    )

    test(
      'members that are elected by a Lease may read and renew that one, and do nothing else',
      async () => {
        await withOperator(watched, 'shop', async () => {
          await apply('shop', 'ledger', copies)
          await eventually(
            async () => (await admin.get(roleBindings, member)) !== undefined || 'no account for members',
          )
          await asServiceAccount(plane, access, member, async (leaseNamed) => {
            const own = await leaseNamed(member.name)
            const before = await eventually(async () => (await own.read().catch(String)) ?? 'no Lease')
            const renewed = { ...before, spec: { ...before.spec, holderIdentity: 'ledger-g0-0/1' } }
            expect((await own.update(renewed)).spec).toMatchObject(renewed.spec)
            const other = await leaseNamed('other')
            const metadata = { ...before.metadata, name: other.name }
            await admin.create(leases, {
              apiVersion: 'coordination.k8s.io/v1',
              kind: 'Lease',
              metadata: { namespace: 'shop', name: other.name },
            })
            await expect(other.read()).rejects.toMatchObject({ kind: 'Forbidden' })
            await expect(other.update({ ...renewed, metadata })).rejects.toMatchObject({ kind: 'Forbidden' })
            await expect(
              (await leaseNamed('third')).create({ metadata: { namespace: 'shop', name: 'third' } }),
            ).rejects.toMatchObject({ kind: 'Forbidden' })
            await admin.delete(leases, { namespace: 'shop', name: other.name })
          })
          expect(await rightsOf(plane, member)).toEqual([`leases.coordination.k8s.io [${member.name}] [get update]`])
          await admin.delete(brokerClusters, { namespace: 'shop', name: 'ledger' })
          await gone('shop')
        })
      },
      waitMs,
    )

    test(
      'and no more than that',
      async () => {
        const may = async (verb: string, resource: string, namespace: string) =>
          (
            await plane
              .kubectl(
                'auth',
                'can-i',
                verb,
                resource,
                '--namespace',
                namespace,
                '--as',
                'system:serviceaccount:operators:flotilla',
              )
              .catch((error: unknown) => (error as { stdout: string }).stdout)
          ).trim()
        expect(await may('list', 'pods', 'shop')).toBe('yes')
        expect(await may('list', 'pods', 'north')).toBe(watched.length === 0 ? 'yes' : 'no')
        expect(await may('get', 'secrets', 'shop')).toBe('yes')
        // Whoever gives a right to brokers has to have it: that to renew the Lease by which their members are elected.
        expect(await may('update', 'leases.coordination.k8s.io', 'shop')).toBe('yes')
        for (const [verb, resource] of [
          ['list', 'secrets'],
          ['watch', 'secrets'],
          ['patch', 'secrets'],
          ['create', 'pods'],
          ['create', 'pods/exec'],
          ['patch', 'brokerclusters.flotilla.dev'],
          ['delete', 'brokerclusters.flotilla.dev'],
          ['delete', 'leases.coordination.k8s.io'],
          ['list', 'leases.coordination.k8s.io'],
          ['escalate', 'roles.rbac.authorization.k8s.io'],
        ] as const)
          expect([verb, resource, await may(verb, resource, 'shop')]).toEqual([verb, resource, 'no'])
      },
      waitMs,
    )
  })

  test(
    'its pods are admitted where Pod Security is `restricted`, and everything that may be switched on is taken',
    async () => {
      const values = [
        'networkPolicy.enabled=true',
        'dashboard.enabled=true',
        'priorityClassName=system-cluster-critical',
      ]
      const set = values.flatMap((value) => ['--set', value])
      await plane.helm('upgrade', 'flotilla', chart, '--namespace', 'operators', ...set)
      await eventually(async () => {
        const { items } = await admin.list(pods, { namespace: 'operators' })
        const urgent = items.filter(({ spec }) => (spec as { priorityClassName?: string }).priorityClassName)
        return urgent.length > 0 || 'no pod'
      })
    },
    waitMs,
  )

  test(
    'who may edit a namespace may edit its broker clusters',
    async () => {
      await plane.kubectl(
        'create',
        'rolebinding',
        'ann',
        '--clusterrole',
        'edit',
        '--user',
        'ann',
        '--namespace',
        'shop',
      )
      await eventually(async () => {
        const answer = await plane
          .kubectl('auth', 'can-i', 'create', 'brokerclusters.flotilla.dev', '--namespace', 'shop', '--as', 'ann')
          .catch(() => 'no')
        return answer.trim() === 'yes' || 'not yet'
      })
    },
    waitMs,
  )

  test(
    'two releases of one name live side by side, and the CRD has one owner',
    async () => {
      await plane.helm('install', 'flotilla', chart, '--namespace', 'north')
      const said = await plane.helm('upgrade', '--install', 'flotilla', chart, '--namespace', 'south')
      expect(said).toContain('The CRD belongs to release operators/flotilla')
      expect((await admin.get(customResourceDefinitions, crd))!.metadata.annotations).toMatchObject({
        'meta.helm.sh/release-namespace': 'operators',
      })
      await plane.helm('uninstall', 'flotilla', '--namespace', 'north')
      await plane.helm('uninstall', 'flotilla', '--namespace', 'south')
    },
    waitMs,
  )

  describe('with broker clusters that are at work', () => {
    const changed = mkdtempSync(join(tmpdir(), 'flotilla-chart-'))
    const file = join('files', 'brokerclusters.yaml')
    /** Everything that brokers live from, by what would change if it was touched. */
    const brokers = async () => {
      const seen: string[] = []
      for (const type of [brokerClusters, statefulSets, services, persistentVolumeClaims, pods])
        for (const { metadata } of (await admin.list(type, { namespace: 'bank' })).items)
          seen.push(
            `${type.kind} ${metadata.name} ${metadata.uid} ${metadata.generation} ${metadata.deletionTimestamp}`,
          )
      return seen
    }
    let before: string[]

    beforeAll(async () => {
      cpSync(chart, changed, { recursive: true })
      const text = readFileSync(join(chart, file), 'utf8')
      writeFileSync(
        join(changed, file),
        text.replace('Whether all members are there', 'Changed, whether all members are there'),
      )
      await withOperator(['bank'], 'bank', async () => {
        await apply('bank', 'ledger')
        await ready('bank', 'ledger')
      })
      before = await brokers()
      expect(before.length).toBeGreaterThan(5)
    }, waitMs)
    afterAll(() => rmSync(changed, { recursive: true, force: true }))

    test(
      'an upgrade upgrades the CRD, a rollback takes it back, and the brokers are not touched',
      async () => {
        await plane.helm('upgrade', 'flotilla', changed, '--namespace', 'operators')
        expect(await description()).toContain('Changed, whether')
        await plane.helm('rollback', 'flotilla', '--namespace', 'operators')
        expect(await description()).not.toContain('Changed, whether')
        await plane.helm('upgrade', 'flotilla', chart, '--namespace', 'operators', '--set', 'crds.install=false')
        expect(await brokers()).toEqual(before)
      },
      waitMs,
    )

    test(
      'an uninstall leaves the CRD, the clusters and the brokers, and a new release takes them on',
      async () => {
        await plane.helm('upgrade', 'flotilla', chart, '--namespace', 'operators', '--take-ownership')
        await plane.helm('uninstall', 'flotilla', '--namespace', 'operators', '--wait')
        expect(await brokers()).toEqual(before)
        await plane.helm('install', 'flotilla', changed, '--namespace', 'operators')
        expect(await description()).toContain('Changed, whether')
        await withOperator([], 'bank', () => ready('bank', 'ledger').then(() => {}))
        expect(await brokers()).toEqual(before)
        await plane.helm('uninstall', 'flotilla', '--namespace', 'operators', '--wait')
      },
      waitMs,
    )

    test(
      'a CRD that no release owns is taken over when that is said, and nothing is changed before',
      async () => {
        await plane.kubectl(
          'annotate',
          'crd',
          crd.name,
          'meta.helm.sh/release-name-',
          'meta.helm.sh/release-namespace-',
        )
        await plane.kubectl('label', 'crd', crd.name, 'app.kubernetes.io/managed-by-')
        const install = ['install', 'flotilla', chart, '--namespace', 'operators']
        await expect(plane.helm(...install)).rejects.toThrow('cannot be imported into the current release')
        expect(await description()).toContain('Changed, whether')
        await plane.helm(...install, '--take-ownership')
        expect(await description()).not.toContain('Changed, whether')
        expect(await brokers()).toEqual(before)
      },
      waitMs,
    )
  })

  test(
    'dist/install.yaml is taken by `kubectl apply --server-side`, once and again',
    async () => {
      await plane.helm('uninstall', 'flotilla', '--namespace', 'operators', '--wait')
      await plane.kubectl('delete', 'crd', crd.name)
      const apply = ['apply', '--server-side', '--filename', join(root, 'dist', 'install.yaml')]
      await plane.kubectl(...apply)
      const generations = ['get', 'deployment,crd', '--all-namespaces', '--output', 'jsonpath={..metadata.generation}']
      const before = await plane.kubectl(...generations)
      expect(before).toMatch(/^1( 1)*$/)
      await plane.kubectl(...apply)
      expect(await plane.kubectl(...generations)).toBe(before)
    },
    waitMs,
  )
})
