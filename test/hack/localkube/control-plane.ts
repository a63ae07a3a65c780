// A control plane for tests: the real registry in memory, a clock that stands still, and what is started on them.
// `settle` waits until nobody writes any more.
import { setImmediate as turn } from 'node:timers/promises'
import { ManualClock } from '../../../broker/base/manual-clock.ts'
import { createApiServer } from '../../../hack/localkube/api-server.ts'
import type { LocalObject, NewLocalObject, Registry, ResourceName } from '../../../hack/localkube/api/registry.ts'
import type { ControllerContext, Stoppable } from '../../../hack/localkube/controllers/controller.ts'
import { createEventRecorder } from '../../../hack/localkube/controllers/event-recorder.ts'
import * as resources from '../../../hack/localkube/controllers/resource-names.ts'

const quietTurns = 8

export class ControlPlane {
  readonly clock = new ManualClock()
  readonly registry: Registry
  readonly context: ControllerContext
  readonly warnings: unknown[] = []
  #writes = 0
  #running: Stoppable[] = []

  constructor(...starts: ((context: ControllerContext) => Stoppable)[]) {
    const { registry } = createApiServer({ now: () => new Date(this.clock.nowMs()) })
    this.registry = this.#counting(registry)
    const log = (level: string, message: string, fields?: object) => {
      if (level === 'warn' || level === 'error') this.warnings.push({ message, ...fields })
    }
    const events = createEventRecorder(this.registry, this.clock, log)
    this.context = { registry: this.registry, clock: this.clock, log, events }
    this.#running = [...starts.map((start) => start(this.context)), events]
  }

  async settle(): Promise<void> {
    for (let quiet = 0, seen = this.#writes; quiet < quietTurns; quiet += 1) {
      await turn()
      if (seen !== this.#writes) quiet = 0
      seen = this.#writes
    }
  }

  get writes(): number {
    return this.#writes
  }

  async advance(durationMs: number): Promise<void> {
    this.clock.advance(durationMs)
    await this.settle()
  }

  create(resource: ResourceName, object: NewLocalObject): LocalObject {
    return this.registry.create(resource, { ...object, metadata: { namespace: 'default', ...object.metadata } })
  }

  get(resource: ResourceName, name: string): LocalObject | undefined {
    return this.registry.get(resource, 'default', name)
  }

  names(resource: ResourceName): string[] {
    return this.registry.list(resource, 'default').map(({ metadata }) => metadata.name)
  }

  pod(name: string): LocalObject {
    return this.get(resources.pods, name)!
  }

  /** `reason: message` of the events about an object. */
  eventsOf(name: string): string[] {
    return this.registry
      .list(resources.events)
      .filter((event) => event['involvedObject'].name === name)
      .map((event) => `${event['reason']}: ${event['message']}`)
  }

  /** Plays the kubelet: assigns the pod and says how it is. */
  setPod(name: string, state: { phase?: string; ready?: boolean; ip?: string; finishedAt?: string }): void {
    this.registry.update(resources.pods, 'default', name, (pod) => {
      pod['spec'].nodeName = 'local'
    })
    this.registry.updateStatus(resources.pods, 'default', name, (pod) => {
      const { phase = 'Running', ready = true, ip, finishedAt } = state
      const lastTransitionTime = new Date(this.clock.nowMs()).toISOString().replace(/\.\d+/, '')
      const ended = finishedAt === undefined ? {} : { terminated: { exitCode: 1, finishedAt } }
      pod['status'] = {
        ...pod['status'],
        phase,
        conditions: [{ type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime }],
        containerStatuses: [
          { name: 'main', image: 'i', imageID: '', ready, restartCount: 0, state: ended, lastState: {} },
        ],
        ...(ip === undefined ? {} : { podIP: ip, podIPs: [{ ip }] }),
      }
    })
  }

  /** Plays the kubelet: the processes of a pod that is being deleted have ended. */
  finishDeletion(name: string): void {
    this.registry.delete(resources.pods, 'default', name, { gracePeriodSeconds: 0 })
  }

  stop(): void {
    for (const running of this.#running) running.stop()
  }

  #counting(registry: Registry): Registry {
    const count = () => {
      this.#writes += 1
    }
    return {
      get: (...given) => registry.get(...given),
      list: (...given) => registry.list(...given),
      watch: (...given) => registry.watch(...given),
      create: (...given) => (count(), registry.create(...given)),
      update: (...given) => (count(), registry.update(...given)),
      updateStatus: (...given) => (count(), registry.updateStatus(...given)),
      delete: (...given) => (count(), registry.delete(...given)),
    }
  }
}

export const podTemplate = (labels: Record<string, string>, image = 'example/app:1') => ({
  metadata: { labels },
  spec: { containers: [{ name: 'main', image }] },
})
