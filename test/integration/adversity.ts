// Two operators that are processes, in bad circumstances: the leader is killed and frozen, the API server is away, etcd is
// restarted, requests are refused by storms, watches are cut. Clusters are created, scaled, rolled and deleted meanwhile. In
// the end each is what it was asked to be, no operator has ended by itself, and nobody but the leader has written anything.
//
// A suite for any API server with the controllers of Kubernetes. A PodPlayer takes the part of kubelet and brokers.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../broker/base/clock.ts'
import { seededRandom } from '../../broker/base/random.ts'
import type { BrokerCluster } from '../../operator/api/broker-cluster.ts'
import { buildBrokerClusterCrd } from '../../operator/api/crd.ts'
import type { BrokerClusterSpecInput } from '../../operator/api/spec-schema.ts'
import { leaseDurationMs } from '../../operator/controller/limits.ts'
import { sleep } from '../../operator/controller/sleep.ts'
import { type HttpKubeClient, openKubeClient } from '../../operator/kube/kube-client.ts'
import { loadClusterAccess } from '../../operator/kube/kube-config.ts'
import type { ResourceType } from '../../operator/kube/port.ts'
import {
  brokerClusters,
  configMaps,
  customResourceDefinitions,
  podDisruptionBudgets,
  pods,
  services,
  statefulSets,
} from '../../operator/kube/resource-types.ts'
import { AdminPorts } from './admin-ports.ts'
import { ApiProxy, type Fault, type ProxiedRequest } from './api-proxy.ts'
import { foreignWrites, leaders } from './one-writer.ts'
import { eventually } from './eventually.ts'
import { pair, type TestServer } from './operator.ts'
import { OperatorProcess } from './operator-process.ts'
import { PodPlayer } from './pod-player.ts'

export interface AdverseServer extends TestServer {
  /** Kills a part of it and starts it again, for suites that try that. */
  stopPart?(part: ServerPart): Promise<void>
  startPart?(part: ServerPart): Promise<void>
}

type ServerPart = 'apiserver' | 'etcd' | 'controller-manager'

export interface Adversity {
  /** How often the leader is killed; another one takes over after a quarter of a minute. 0: nobody has to take over. */
  readonly kills: number
  readonly stormMs: number
  /** Undefined: it does not go away. */
  readonly awayMs?: number
  /** Given figures that are no matter of right or wrong. */
  readonly tell: (figures: string) => void
}

const namespace = `adversity-${process.pid}`
const namespaces: ResourceType = { apiVersion: 'v1', kind: 'Namespace', plural: 'namespaces', namespaced: false }
const byUser = { fieldManager: 'somebody', force: true }
const waitMs = 1_800_000
const podPollMs = 100
/** The leader is killed at one of so many next writes. */
const mostWritesBeforeKill = 8
const etcdAwayMs = 3_000
const rolled = { broker: { memoryLimit: '30%' } }

export function operatorAdversity(
  title: string,
  startServer: () => Promise<AdverseServer>,
  adversity: Adversity,
): void {
  describe(`operators on ${title}, in adversity`, () => {
    const folder = mkdtempSync(join(tmpdir(), 'flotilla-adversity-'))
    const random = seededRandom(12)
    const adminPorts = new AdminPorts(namespace)
    const processes: OperatorProcess[] = []
    let server: AdverseServer
    let client: HttpKubeClient
    let proxy: ApiProxy
    let player: PodPlayer
    let clusters: Clusters

    async function startOperator(): Promise<void> {
      const identity = `operator-${processes.length + 1}`
      const kubeconfig = join(folder, identity)
      writeFileSync(kubeconfig, await proxy.open(identity, namespace))
      processes.push(new OperatorProcess(identity, kubeconfig, namespace))
    }

    const leader = () => processes.find(({ identity }) => identity === leaders(proxy.writes).at(-1))
    const anotherLeaderThan = (old: OperatorProcess | undefined) =>
      eventually(() => {
        const now = leader()
        return Promise.resolve(now && now !== old ? now : 'no other leader')
      })
    const isOfLeader = ({ who, method, isLease }: ProxiedRequest) =>
      method !== 'GET' && !isLease && who === leader()?.identity

    /** Resolves when the leader has sent so many more writes, the last of which is passed on after `act`. */
    function atWriteOfLeader(count: number, act: (leader: OperatorProcess) => void): Promise<void> {
      const done = Promise.withResolvers<void>()
      let left = count
      proxy.fault = (request) => {
        if (!isOfLeader(request) || --left > 0) return undefined
        proxy.fault = () => undefined
        act(leader()!)
        done.resolve()
        return undefined
      }
      return done.promise
    }

    /** For so long, some of the requests are refused so. */
    async function storm(status: Fault['status'], refused: (request: ProxiedRequest) => boolean): Promise<void> {
      proxy.fault = (request) =>
        refused(request) && random.next() < 0.7
          ? { status, afterwards: status === 500 && random.next() < 0.5 }
          : undefined
      await pass(adversity.stormMs)
      proxy.fault = () => undefined
    }

    const resident = () => processes.filter(({ isRunning }) => isRunning).map(({ residentMiB }) => residentMiB)

    beforeAll(async () => {
      server = await startServer()
      const access = await loadClusterAccess({ kubeconfig: server.kubeconfig, env: {}, clock: systemClock })
      client = openKubeClient({ access })
      await client.apply(customResourceDefinitions, buildBrokerClusterCrd(), byUser)
      await client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })
      await eventually(async () => {
        const { items } = await client.list(brokerClusters, { namespace }).catch(() => ({ items: undefined }))
        return items ?? 'the kind is not served yet'
      })
      proxy = new ApiProxy(access)
      player = new PodPlayer(client, namespace, podPollMs, (name) => adminPorts.addressOf(name))
      adminPorts.brokers = player
      clusters = new Clusters(client)
      await startOperator()
      await startOperator()
      await anotherLeaderThan(undefined)
    }, waitMs)

    afterAll(async () => {
      await Promise.all(processes.map((one) => one.stop()))
      proxy?.stop()
      await player?.stop()
      adminPorts.stop()
      await client?.close()
      await server?.stop()
      rmSync(folder, { recursive: true, force: true })
    }, waitMs)

    if (adversity.kills > 0) {
      test(
        `the leader is killed ${adversity.kills} times: clusters become what they were asked to be`,
        async () => {
          for (let kill = 0; kill < adversity.kills; kill++) {
            const old = leader()!
            const killed = atWriteOfLeader(1 + Math.floor(random.next() * mostWritesBeforeKill), (one) => one.kill())
            await clusters.put(`killed-${kill}`, pair())
            if (kill >= 1) await clusters.put(`killed-${kill - 1}`, pair({}, 3))
            if (kill >= 2) await clusters.put(`killed-${kill - 2}`, pair(rolled))
            if (kill >= 3) await clusters.delete(`killed-${kill - 3}`)
            await killed
            await startOperator()
            await anotherLeaderThan(old)
          }
          await clusters.settle()
        },
        waitMs,
      )

      test(
        'the leader is frozen in the middle of a reconcile, and wakes up when another one leads',
        async () => {
          const old = leader()!
          const frozen = atWriteOfLeader(2, (one) => one.freeze())
          await clusters.put('frozen', pair())
          await frozen
          await anotherLeaderThan(old)
          old.thaw()
          await eventually(() => Promise.resolve(old.output.includes('Lost the leadership') || 'it has not noticed'))
          await clusters.settle()
        },
        waitMs,
      )

      test(
        'the leader alone does not reach the API server: what it has sent is cut, and takes no effect when another one leads',
        async () => {
          const old = leader()!
          const isBack = Promise.withResolvers<void>()
          proxy.fault = ({ who }) => (who === old.identity ? isBack.promise.then(() => undefined) : undefined)
          await clusters.put('held', pair())
          await anotherLeaderThan(old)
          isBack.resolve()
          proxy.fault = () => undefined
          await clusters.settle()
        },
        waitMs,
      )
    }

    test(
      'requests are refused by storms of 429, 409 and 500',
      async () => {
        await clusters.put('rolled', pair())
        await clusters.settle()
        let memoryPercent = 30
        for (const [status, refused] of [
          [429, () => true],
          [409, ({ method }: ProxiedRequest) => method !== 'GET'],
          [500, () => true],
        ] as const) {
          const over = storm(status, refused)
          await clusters.put(`storm-${status}`, pair())
          await clusters.put('rolled', pair({ broker: { memoryLimit: `${memoryPercent++}%` } }))
          await over
          const endedMs = performance.now()
          await clusters.settle()
          adversity.tell(`storm of ${status}: settled ${seconds(performance.now() - endedMs)} after it`)
        }
      },
      waitMs,
    )

    test(
      'watches are cut each second',
      async () => {
        let cut = 0
        const cutting = setInterval(() => (cut += proxy.cutWatches()), 1000)
        try {
          await clusters.put('cut', pair())
          await clusters.settle()
          await clusters.put('cut', pair(rolled))
          await clusters.settle()
          await pass(adversity.stormMs)
          expect(cut).toBeGreaterThan(10)
        } finally {
          clearInterval(cutting)
        }
        adversity.tell(`${cut} watches cut`)
      },
      waitMs,
    )

    if (adversity.awayMs !== undefined)
      test(
        `the API server is away for ${adversity.awayMs / 1000} s`,
        async () => {
          await clusters.put('away', pair())
          const before = resident()
          await server.stopPart!('apiserver')
          await pass(adversity.awayMs!)
          const after = resident()
          await server.startPart!('apiserver')
          const backMs = performance.now()
          await eventually(() => clusters.put('back', pair()).catch(() => 'not served yet'))
          const made = await eventually(async () => {
            const set = await client.get(statefulSets, { namespace, name: 'back-g0' }).catch(() => undefined)
            return set ? performance.now() - backMs : 'not made yet'
          })
          // The controllers of Kubernetes wait for up to half a minute before they look again.
          await server.stopPart!('controller-manager')
          await server.startPart!('controller-manager')
          await clusters.settle()
          const settledMs = performance.now()
          const first = proxy.writes.find(({ isLease, sentAtMs, status }) => !isLease && sentAtMs > backMs && status)!
          adversity.tell(
            `API server away for ${adversity.awayMs! / 1000} s: first write ${seconds(first.sentAtMs - backMs)} after it was back, a new cluster's StatefulSet ${seconds(made)}, ` +
              `all settled after ${seconds(settledMs - backMs)}; ` +
              `operators had ${before.join(' and ')} MiB, and ${after.join(' and ')} at the end of it`,
          )
        },
        waitMs,
      )

    if (adversity.awayMs !== undefined)
      test(
        'etcd is restarted',
        async () => {
          await clusters.put('etcd', pair())
          await server.stopPart!('etcd')
          await pass(etcdAwayMs)
          await server.startPart!('etcd')
          await eventually(() => clusters.put('after-etcd', pair()).catch(() => 'not served yet'))
          await clusters.settle()
        },
        waitMs,
      )

    test('nobody but the leader has written anything, and no operator has ended by itself', () => {
      adversity.tell(`${proxy.writes.length} writes, ${leaders(proxy.writes).length} times another leader`)
      expect(foreignWrites(proxy.writes, leaseDurationMs)).toEqual([])
      expect(processes.filter(({ hasEndedByItself }) => hasEndedByItself).map(({ output }) => output)).toEqual([])
    })
  })
}

/** What was asked for, and whether it is so. */
class Clusters {
  readonly #client: HttpKubeClient
  readonly #wanted = new Map<string, BrokerClusterSpecInput | undefined>()

  constructor(client: HttpKubeClient) {
    this.#client = client
  }

  async put(name: string, spec: BrokerClusterSpecInput): Promise<true> {
    const { apiVersion, kind } = brokerClusters
    await this.#client.apply(brokerClusters, { apiVersion, kind, metadata: { namespace, name }, spec }, byUser)
    this.#wanted.set(name, spec)
    return true
  }

  async delete(name: string): Promise<void> {
    await this.#client.delete(brokerClusters, { namespace, name })
    this.#wanted.set(name, undefined)
  }

  /** Waits until every cluster is as it was asked for last, and nothing is left of those that were deleted. */
  async settle(): Promise<void> {
    for (const [name, spec] of this.#wanted)
      await eventually(() => (spec ? this.#isAsWanted(name, spec) : this.#isGone(name)).catch(String))
  }

  async #isAsWanted(name: string, spec: BrokerClusterSpecInput): Promise<true | string> {
    const { metadata, status } = (await this.#client.get(brokerClusters, {
      namespace,
      name,
    })) as unknown as BrokerCluster
    const ready = status?.conditions?.find(({ type }) => type === 'Ready')
    const replicas = spec.groupTemplate!.replicas!
    const isReady = ready?.status === 'True' && status?.observedGeneration === metadata.generation
    const group = status?.groups?.[0]
    if (!isReady || group?.updatedReplicas !== replicas) return `${name}: ${JSON.stringify(status ?? 'no status')}`
    const members = await this.#of(pods, name)
    return members === replicas || `${name} has ${members} members`
  }

  async #isGone(name: string): Promise<true | string> {
    for (const type of [statefulSets, services, configMaps, podDisruptionBudgets, pods])
      if ((await this.#of(type, name)) > 0) return `${name} has left a ${type.kind}`
    return true
  }

  async #of(type: ResourceType, name: string): Promise<number> {
    return (await this.#client.list(type, { namespace, labelSelector: `flotilla.dev/cluster=${name}` })).items.length
  }
}

const pass = (durationMs: number): Promise<void> => sleep(systemClock, durationMs, new AbortController().signal)

const seconds = (durationMs: number): string => `${(durationMs / 1000).toFixed(1)} s`
