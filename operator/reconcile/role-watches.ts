// Connections kept open at the brokers of each cluster, by which they tell that their role or a bridge of theirs has changed,
// or that they have ended: so clusters at rest need not be asked. A hint and nothing more: what is told wakes the cluster, and is looked up by its next
// pass; brokers that do not tell by themselves are asked as before.
import type { Clock } from '../../broker/base/clock.ts'
import { adminPort } from '../api/limits.ts'
import type { BrokerAdmin, Told } from '../broker-admin/broker-admin.ts'
import { formatKey } from '../controller/object-key.ts'
import type { ObjectKey } from '../kube/port.ts'
import type { Pod } from './kinds.ts'
import { watchRetryMs } from './limits.ts'
import { brokerStatus } from './observe.ts'

interface RoleWatch {
  readonly podIP: string
  readonly asked: Told
  readonly openedMs: number
  /** `told`: the broker has told what was asked for, and tells when that changes. `ended`: it is opened anew by a later pass. */
  state: 'opened' | 'told' | 'ended'
  close(): void
}

export class RoleWatches {
  readonly #brokerAdmin: BrokerAdmin
  readonly #clock: Clock
  readonly #wake: (cluster: ObjectKey) => void
  /** By cluster and uid of the pod. */
  readonly #clusters = new Map<string, Map<string, RoleWatch>>()

  constructor(brokerAdmin: BrokerAdmin, clock: Clock, wake: (cluster: ObjectKey) => void) {
    this.#brokerAdmin = brokerAdmin
    this.#clock = clock
    this.#wake = wake
  }

  /**
   * Listens to the brokers in these pods, and to no others of the cluster; in a network to their bridges, too. Returns whether all of them tell when something
   * changes: true only if each did so before, so that nothing is missed between a snapshot that is asked for now and what is
   * told later.
   */
  follow(cluster: ObjectKey, pods: readonly Pod[], asked: Told = 'roles'): boolean {
    const watches = this.#clusters.get(formatKey(cluster)) ?? new Map<string, RoleWatch>()
    this.#clusters.set(formatKey(cluster), watches)
    const followed = new Set<string>()
    for (const pod of pods) {
      const { uid = '' } = pod.metadata
      const podIP = pod.status?.podIP
      if (podIP === undefined || brokerStatus(pod)?.state?.running === undefined) continue
      followed.add(uid)
      const known = watches.get(uid)
      if (known && known.podIP === podIP && known.asked === asked && !this.#isDue(known)) continue
      known?.close()
      watches.set(uid, this.#open(cluster, pod, podIP, asked))
    }
    for (const [uid, watch] of watches) {
      if (followed.has(uid)) continue
      watch.close()
      watches.delete(uid)
    }
    return [...watches.values()].every(({ state }) => state === 'told')
  }

  /** The cluster is gone, or somebody else's. */
  forget(cluster: ObjectKey): void {
    for (const watch of this.#clusters.get(formatKey(cluster))?.values() ?? []) watch.close()
    this.#clusters.delete(formatKey(cluster))
  }

  close(): void {
    for (const watches of this.#clusters.values()) for (const watch of watches.values()) watch.close()
    this.#clusters.clear()
  }

  /** One that ended at once would otherwise wake the cluster again and again. */
  #isDue({ state, openedMs }: RoleWatch): boolean {
    return state === 'ended' && this.#clock.monotonicMs() - openedMs >= watchRetryMs
  }

  #open(cluster: ObjectKey, { metadata }: Pod, podIP: string, asked: Told): RoleWatch {
    const { namespace = '', name } = metadata
    const watch: RoleWatch = { podIP, asked, openedMs: this.#clock.monotonicMs(), state: 'opened', close: () => {} }
    const listener = {
      told: () => {
        const isNews = watch.state === 'told'
        watch.state = 'told'
        if (isNews) this.#wake(cluster)
      },
      ended: () => {
        const isNews = watch.state === 'told'
        watch.state = 'ended'
        if (isNews) this.#wake(cluster)
      },
    }
    watch.close = this.#brokerAdmin.watchRole({ namespace, name, podIP, adminPort }, listener, asked)
    return watch
  }
}
