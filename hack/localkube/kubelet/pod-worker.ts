// One pod, from its assignment to this node to its end: volumes, then init containers in order, then containers; status
// after every change; the end by grace when it is deleted, at once when it is gone. Level-based: `#advance` looks at the
// state of the containers and does the next thing.
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { LocalObject, Registry } from '../api/registry.ts'
import { badRequest, internalError } from '../api/status-error.ts'
import { canonicalJson } from '../base/canonical-json.ts'
import { type Clock, type Timer, timestamp } from '../base/clock.ts'
import type { EventRecorder } from '../controllers/event-recorder.ts'
import { pods } from '../controllers/resource-names.ts'
import { type Log, messageOf } from '../base/log.ts'
import { buildLaunch, hostAddress, type LaunchSurroundings } from './container-launch.ts'
import { ContainerLog } from './container-log.ts'
import { type ContainerHost, ContainerRunner, type ContainerState, type RestartPolicy } from './container-runner.ts'
import type { Container } from './environment.ts'
import { type ExecProcess, packAsInContainer, startExecProcess } from './exec-process.ts'
import { defaultGraceSeconds, mountRetryMs } from './limits.ts'
import { buildPodStatus, isSidecar } from './pod-status.ts'
import type { ProcessTable } from './process-table.ts'
import { mountVolumes, type VolumePaths } from './volumes.ts'

export interface PodSurroundings extends LaunchSurroundings {
  readonly clock: Clock
  readonly log: Log
  readonly events: EventRecorder
  readonly processes: ProcessTable
  readonly hostIp: string
  /** Directory of this pod alone; removed with it. */
  directoryOf(pod: LocalObject): string
  logDirectoryOf(pod: LocalObject): string
}

export const portsAnnotation = 'localkube/host-ports'

export class PodWorker {
  readonly uid: string
  readonly #around: PodSurroundings
  readonly #address: string
  readonly #startedMs: number
  readonly #directory: string
  readonly #init: ContainerRunner[]
  readonly #main: ContainerRunner[]
  readonly #execs = new Map<ExecProcess, string>()
  #pod: LocalObject
  #volumes: VolumePaths | undefined
  #mountFailure = ''
  #mountTimer: Timer | undefined
  #mountIsLate = false
  #ending = false
  #silent = false
  #advanceIsDue = false

  constructor(around: PodSurroundings, pod: LocalObject, address: string) {
    this.#around = around
    this.#pod = pod
    this.#address = address
    this.uid = pod.metadata.uid
    this.#startedMs = around.clock.nowMs()
    this.#directory = around.directoryOf(pod)
    const policy: RestartPolicy = pod['spec'].restartPolicy ?? 'Always'
    const initPolicy = policy === 'Never' ? 'Never' : 'OnFailure'
    const host = this.#host()
    const graceMs = this.#specGraceMs()
    this.#init = (pod['spec'].initContainers ?? []).map((container: Container) => {
      const own = container.restartPolicy === 'Always' ? 'Always' : initPolicy
      return new ContainerRunner(host, container, own, graceMs)
    })
    this.#main = pod['spec'].containers.map((container: Container) => {
      const runner = new ContainerRunner(host, container, policy, graceMs)
      restore(runner, pod, policy, around.clock.nowMs())
      return runner
    })
    this.#wipePorts()
    this.#changed()
  }

  /** The newest state of the object. */
  update(pod: LocalObject): void {
    this.#pod = pod
    for (const [runners, field] of [
      [this.#init, 'initContainers'],
      [this.#main, 'containers'],
    ] as const)
      for (const [index, runner] of runners.entries()) runner.update(pod['spec'][field][index])
    if (pod.metadata.deletionTimestamp !== undefined) return this.#delete()
    this.#changed()
  }

  /** Something in the namespace that volumes or environments may come from has changed. */
  refresh(): void {
    if (this.#ending) return
    if (this.#volumes) this.#mount()
    for (const runner of [...this.#init, ...this.#main]) runner.retry()
    this.#changed()
  }

  /** Ends all processes because the stand-in stops; nothing is said about it in the object. */
  async abandon(graceMs: number): Promise<void> {
    this.#silent = true
    await this.#stop(graceMs)
  }

  async #stop(graceMs: number): Promise<void> {
    this.#ending = true
    this.#mountTimer?.cancel()
    const sidecars = this.#init.filter(isSidecar)
    const others = [...this.#init.filter((runner) => !isSidecar(runner)), ...this.#main]
    await Promise.all(others.map((runner) => runner.stop(graceMs)))
    await Promise.all(sidecars.map((runner) => runner.stop(graceMs)))
    this.#wipePorts()
  }

  /** The object is gone: kills what is left. */
  async kill(): Promise<void> {
    this.#silent = true
    await this.#stop(0)
  }

  /** The log of a container, undefined if it has none (yet). Without a name, of the first. */
  log(name: string | undefined, previous: boolean): ContainerLog | undefined {
    const runner = [...this.#main, ...this.#init].find(({ container }) => name === undefined || container.name === name)
    return runner && (runner.log(previous) ?? this.#earlierLog(runner, previous))
  }

  /** Throws 400 unless the container runs. */
  requireRunning(name: string): ContainerRunner {
    const runner = [...this.#main, ...this.#init].find(({ container }) => container.name === name)
    if (runner?.state.running && !this.#ending) return runner
    throw badRequest(`container "${name}" in pod "${this.#pod.metadata.name}" does not run`)
  }

  /** Runs a command in the surroundings of a container. Rejects with RegistryError. */
  async exec(
    name: string,
    command: readonly string[],
    options: { stdin: boolean; tty: boolean },
  ): Promise<ExecProcess> {
    const runner = this.requireRunning(name)
    let started: ExecProcess
    try {
      const spec = packAsInContainer(command, this.#launch(runner.container, command), this.#directory)
      started = await startExecProcess(spec, options)
    } catch (error) {
      throw internalError(`cannot run "${command[0]}" in container "${name}": ${messageOf(error)}`)
    }
    this.#record(started.pid)
    this.#execs.set(started, name)
    void started.ended.then(() => {
      this.#execs.delete(started)
      this.#around.processes.remove(started.pid)
    })
    // The container may have ended meanwhile.
    if (!runner.state.running) started.kill()
    return started
  }

  /** What was run in a container does not outlive it. */
  #endExecs(container: string): void {
    for (const [started, name] of this.#execs) if (name === container) started.kill()
  }

  /** Tells the world where the ports are (only where they are not where the pod says). */
  publishPorts(): void {
    const { registry, portsRoot } = this.#around
    const directory = join(portsRoot, this.#address)
    const names = existsSync(directory) ? readdirSync(directory).filter((name) => /^\d+$/.test(name)) : []
    const ports = names.map((name) => [name, hostAddress(this.#around, this.#address, Number(name)).port] as const)
    const text = JSON.stringify(Object.fromEntries(ports))
    if (this.#pod.metadata.annotations?.[portsAnnotation] === text) return
    registry.update(pods, this.#pod.metadata.namespace, this.#pod.metadata.name, (pod) => {
      pod.metadata.annotations = { ...pod.metadata.annotations, [portsAnnotation]: text }
    })
  }

  get namespace(): string | undefined {
    return this.#pod.metadata.namespace
  }

  get address(): string {
    return this.#address
  }

  #specGraceMs(): number {
    return (this.#pod['spec'].terminationGracePeriodSeconds ?? defaultGraceSeconds) * 1000
  }

  #changed(): void {
    if (this.#advanceIsDue) return
    this.#advanceIsDue = true
    queueMicrotask(() => {
      this.#advanceIsDue = false
      try {
        this.#advance()
        this.#publish()
      } catch (error) {
        this.#around.log('warn', 'A pod could not be advanced', { pod: this.#label(), error: messageOf(error) })
      }
    })
  }

  #advance(): void {
    if (this.#ending) return
    if (!this.#volumes && !this.#mount()) return
    for (const runner of this.#init) {
      if (!runner.begun) runner.start()
      if (isSidecar(runner) ? !runner.started : !runner.finished) return
      if (!isSidecar(runner) && runner.state.terminated?.exitCode !== 0) return
    }
    for (const runner of this.#main) if (!runner.begun) runner.start()
    if (this.#main.every((runner) => runner.finished))
      for (const runner of this.#init) if (isSidecar(runner)) void runner.stop(this.#specGraceMs())
  }

  #mount(): boolean {
    this.#mountTimer?.cancel()
    try {
      this.#volumes = mountVolumes(this.#around.registry, this.#withAddress(), this.#directory)
      this.#mountFailure = ''
      return true
    } catch (error) {
      const message = messageOf(error)
      // What is made together with the pod (its claims) may come a moment later: that is not worth an event.
      if (message !== this.#mountFailure && (this.#mountIsLate || this.#volumes)) {
        this.#around.events.record(this.#pod, 'Warning', 'FailedMount', message)
        this.#mountFailure = message
      }
      // A running pod keeps the volumes it has.
      if (this.#volumes) return true
      this.#mountTimer = this.#around.clock.after(mountRetryMs, () => {
        this.#mountIsLate = true
        this.#changed()
      })
      return false
    }
  }

  #delete(): void {
    const first = !this.#ending
    const graceSeconds = this.#pod.metadata.deletionGracePeriodSeconds
    const graceMs = graceSeconds === undefined ? this.#specGraceMs() : graceSeconds * 1000
    const stopped = this.#stop(graceMs)
    if (!first) return
    this.#publish()
    void stopped.then(() => {
      if (this.#silent) return
      this.#publish()
      confirmDeletion(this.#around.registry, this.#pod)
    })
  }

  #publish(): void {
    if (this.#silent) return
    const { registry, clock, hostIp } = this.#around
    const { namespace, name } = this.#pod.metadata
    const current = registry.get(pods, namespace, name)
    if (current?.metadata.uid !== this.uid) return
    const facts = {
      nowMs: clock.nowMs(),
      startedMs: this.#startedMs,
      podIp: this.#address,
      hostIp,
      volumesMounted: this.#volumes !== undefined,
      initContainers: this.#init,
      containers: this.#main,
    }
    if (canonicalJson(buildPodStatus(current, facts)) === canonicalJson(current['status'])) return
    registry.updateStatus(pods, namespace, name, (pod) => {
      if (pod.metadata.uid === this.uid) pod['status'] = buildPodStatus(pod, facts)
    })
  }

  #withAddress(): LocalObject {
    const { hostIp } = this.#around
    return { ...this.#pod, status: { ...this.#pod['status'], podIP: this.#address, hostIP: hostIp } }
  }

  #launch(container: Container, command?: readonly string[]) {
    return buildLaunch(
      this.#around,
      this.#withAddress(),
      container,
      this.#directory,
      this.#volumes ?? new Map(),
      command,
    )
  }

  #label(): string {
    return `${this.#pod.metadata.name}_${this.#pod.metadata.namespace}(${this.uid})`
  }

  #host(): ContainerHost {
    const around = this.#around
    return {
      clock: around.clock,
      podLabel: this.#label(),
      event: (type, reason, message, container) => {
        const field = this.#pod['spec'].containers.some(({ name }: Container) => name === container.name)
          ? 'containers'
          : 'initContainers'
        around.events.record(this.#pod, type, reason, message, `spec.${field}{${container.name}}`)
      },
      launchSpec: (container) => this.#launch(container),
      probeTarget: (container) => ({
        clock: around.clock,
        address: (port) => hostAddress(around, this.#address, port),
        portNumber: (port) => portNumber(container, port),
        process: (command) => this.#launch(container, command),
      }),
      openLog: (container, run) => new ContainerLog(join(this.#logDirectory(container), `${run}.log`), around.clock),
      processStarted: (pid) => this.#record(pid),
      processEnded: (pid) => {
        around.processes.remove(pid)
        for (const runner of [...this.#init, ...this.#main])
          if (runner.pid === pid) this.#endExecs(runner.container.name)
        if ([...this.#init, ...this.#main].every((runner) => runner.pid === pid || runner.pid === undefined))
          this.#wipePorts()
      },
      changed: () => this.#changed(),
    }
  }

  /** Without its record the process would outlive a stand-in that is killed only if it does not watch its lifeline. */
  #record(pid: number): void {
    try {
      this.#around.processes.add(pid)
    } catch (error) {
      this.#around.log('warn', 'A process could not be recorded', { pod: this.#label(), pid, error: messageOf(error) })
    }
  }

  /** Ports recorded by processes that are no more. */
  #wipePorts(): void {
    rmSync(join(this.#around.portsRoot, this.#address), { recursive: true, force: true })
  }

  #logDirectory(container: Container): string {
    return join(this.#around.logDirectoryOf(this.#pod), container.name)
  }

  /** Of a run under an earlier stand-in: the last one, or the one before the present run. */
  #earlierLog(runner: ContainerRunner, previous: boolean): ContainerLog | undefined {
    const skip = previous && runner.log(false) === undefined ? 1 : 0
    const present = runner.log(false) === undefined ? undefined : runner.restartCount
    return findLog(this.#logDirectory(runner.container), this.#around.clock, skip, present)
  }
}

/** The log of the last run in a container's log directory, leaving out `skip` runs and those from `before` on. */
export function findLog(directory: string, clock: Clock, skip: number, before = Infinity): ContainerLog | undefined {
  if (!existsSync(directory)) return undefined
  const runs = readdirSync(directory).flatMap((name) => (/^\d+\.log$/.test(name) ? [Number.parseInt(name, 10)] : []))
  const earlier = runs.filter((run) => run < before).sort((a, b) => b - a)
  const run = earlier[skip]
  if (run === undefined) return undefined
  const log = new ContainerLog(join(directory, `${run}.log`), clock)
  log.end()
  return log
}

/** Says that nothing of the pod runs any more: the object may go. */
export function confirmDeletion(registry: Registry, { metadata: { namespace, name, uid } }: LocalObject): void {
  if (registry.get(pods, namespace, name)?.metadata.uid !== uid) return
  registry.delete(pods, namespace, name, { gracePeriodSeconds: 0, uid })
}

function portNumber(container: Container, port: number | string): number | undefined {
  if (typeof port === 'number') return port
  const named = container.ports?.find(({ name }) => name === port)?.containerPort
  return named ?? (/^\d+$/.test(port) ? Number(port) : undefined)
}

/** What an earlier stand-in wrote about a container that ran then: it has ended since, as if the node had been restarted. */
function restore(runner: ContainerRunner, pod: LocalObject, policy: RestartPolicy, nowMs: number): void {
  const before = (pod['status']?.containerStatuses ?? []).find(
    ({ name }: { name: string }) => name === runner.container.name,
  )
  if (!before?.containerID) return
  const lost: ContainerState = {
    terminated: {
      exitCode: 137,
      reason: 'ContainerStatusUnknown',
      message: 'The local stand-in was stopped while the container was running',
      startedAt: before.state?.running?.startedAt ?? timestamp(nowMs),
      finishedAt: timestamp(nowMs),
      containerID: before.containerID,
    },
  }
  const last: ContainerState = before.state?.running ? lost : before.state?.terminated ? before.state : before.lastState
  const succeeded = last.terminated?.exitCode === 0
  if (policy === 'Never' || (policy === 'OnFailure' && succeeded)) {
    runner.restore(before.restartCount, before.lastState ?? {})
    runner.containerId = before.containerID
    runner.finishAs(last)
  } else runner.restore(before.restartCount + 1, last)
}
