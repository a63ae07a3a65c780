// A node for tests: real processes on a real registry in memory. What happens is awaited by watching, never by sleeping.
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { get, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LocalObject, ResourceName } from '../../../../hack/localkube/api/registry.ts'
import { type Clock, systemClock } from '../../../../hack/localkube/base/clock.ts'
import { startControllers } from '../../../../hack/localkube/controllers/start-controllers.ts'
import { pods } from '../../../../hack/localkube/controllers/resource-names.ts'
import { createVolumeDirectories } from '../../../../hack/localkube/controllers/volume-directories.ts'
import { hostAddress } from '../../../../hack/localkube/kubelet/container-launch.ts'
import { type Kubelet, startKubelet } from '../../../../hack/localkube/kubelet/kubelet.ts'
import { processStartTime } from '../../../../hack/localkube/kubelet/process-table.ts'
import { ControlPlane } from '../control-plane.ts'

const program = join(import.meta.dirname, 'pod-program.mjs')

export const images = { 'test/pod': { command: ['node', program], args: ['serve', '8080'], cwd: tmpdir() } }

export class PodBench {
  readonly directory = mkdtempSync(join(tmpdir(), 'localkube-'))
  readonly plane: ControlPlane
  readonly remapPorts: boolean
  kubelet: Kubelet

  constructor(options: { remapPorts?: boolean; manualClock?: boolean } = {}) {
    this.remapPorts = options.remapPorts ?? false
    const directories = createVolumeDirectories(join(this.directory, 'volumes'))
    this.plane = new ControlPlane((context) => startControllers(context, directories))
    this.kubelet = this.start(options.manualClock ? this.plane.clock : systemClock)
  }

  start(clock: Clock = systemClock): Kubelet {
    const { directory, remapPorts } = this
    const apiServer = { host: '127.0.0.1', port: 6443 }
    this.kubelet = startKubelet({ ...this.plane.context, clock, directory, images, remapPorts, apiServer })
    return this.kubelet
  }

  async stop(): Promise<void> {
    await this.kubelet.stop()
    this.plane.stop()
    rmSync(this.directory, { recursive: true, force: true })
  }

  createPod(name: string, container: Record<string, unknown> = {}, spec: Record<string, unknown> = {}): void {
    const main: Record<string, unknown> = {
      name: 'main',
      image: 'test/pod:1',
      readinessProbe: { httpGet: { path: '/health', port: 8080 } },
      ...container,
    }
    if (main['readinessProbe'] === undefined) delete main['readinessProbe']
    this.plane.create(pods, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, labels: { app: 'test' }, annotations: { note: 'a' } },
      spec: { terminationGracePeriodSeconds: 5, ...spec, containers: [main] },
    })
  }

  /** The first state of the object for which `holds`; the object may be gone (undefined). */
  until(
    resource: ResourceName,
    name: string,
    holds: (object: LocalObject | undefined) => boolean,
  ): Promise<LocalObject | undefined> {
    return new Promise((resolve) => {
      const look = () => {
        const object = this.plane.get(resource, name)
        if (!holds(object)) return
        setImmediate(() => watch.close())
        resolve(object)
      }
      const watch = this.plane.registry.watch(resource, look)
      look()
    })
  }

  async untilPod(name: string, holds: (pod: LocalObject) => boolean): Promise<LocalObject> {
    return (await this.until(pods, name, (pod) => pod !== undefined && holds(pod)))!
  }

  ready(name: string): Promise<LocalObject> {
    return this.untilPod(name, (pod) => statusOf(pod)?.ready === true)
  }

  /** Asks the program in a pod. */
  async ask(pod: string, path: string, query: Record<string, string> = {}): Promise<string> {
    const { podIP } = this.plane.pod(pod)['status']
    const { directory, remapPorts } = this
    const around = { portsRoot: join(directory, 'network', 'ports'), remapPorts }
    const address = hostAddress(around as Parameters<typeof hostAddress>[0], podIP, 8080)
    const search = new URLSearchParams(query)
    const request = get({ ...address, path: `${path}?${search}`, agent: false })
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    let text = ''
    for await (const chunk of response) text += String(chunk)
    return text
  }

  /** Everything that the container writes until it ends. */
  async followLog(pod: string): Promise<string> {
    let text = ''
    for await (const chunk of this.#openLog(pod)) text += chunk.toString()
    return text
  }

  /** Resolves when the container has written `what`. */
  async logged(pod: string, what: string): Promise<void> {
    for await (const chunk of this.#openLog(pod)) if (chunk.toString().includes(what)) return
  }

  #openLog(pod: string): AsyncIterable<Buffer> {
    const { namespace = '', name, uid } = this.plane.pod(pod).metadata
    const options = { follow: true, previous: false, timestamps: false }
    return this.kubelet.logs.read({ namespace, name, uid }, options, new AbortController().signal)
  }

  async logs(pod: string, options: { previous?: boolean; container?: string } = {}): Promise<string> {
    const { namespace = '', name, uid } = this.plane.pod(pod).metadata
    const read = { follow: false, previous: false, timestamps: false, ...options }
    let text = ''
    for await (const chunk of this.kubelet.logs.read({ namespace, name, uid }, read, new AbortController().signal))
      text += chunk.toString()
    return text
  }
}

export const statusOf = (pod: LocalObject) => pod['status']?.containerStatuses?.[0]
export const pidOf = (pod: LocalObject): number => Number(statusOf(pod).containerID.replace('process://', ''))

/** A zombie that nobody has waited for yet counts as gone. */
export const isAlive = (pid: number): boolean => processStartTime(pid) !== undefined

/** Resolves when no process has this pid (it is no child of ours, so that there is no event to wait for). */
export async function gone(pid: number): Promise<void> {
  while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, 5))
}
