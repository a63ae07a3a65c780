// One container of one pod: starts its process, probes it, restarts it by policy with back-off, stops it with its hooks.
// A state machine with `host.changed()` as its only output; the pod worker reads the state whenever it wants.
import { type Clock, type Timer, timestamp } from '../base/clock.ts'
import { messageOf } from '../base/log.ts'
import type { ContainerLog } from './container-log.ts'
import type { Container } from './environment.ts'
import { endNoticedMs, leastTermMs } from './limits.ts'
import { type Action, type ProbeTarget, runAction } from './probe-actions.ts'
import { Prober, type ProbeSpec } from './prober.ts'
import { type ProcessEnd, type ProcessGroup, type ProcessSpec, startProcessGroup } from './process-group.ts'
import { RestartBackOff } from './restart-back-off.ts'

interface Terminated {
  exitCode: number
  reason: string
  message?: string
  startedAt: string
  finishedAt: string
  containerID: string
}

export interface ContainerState {
  waiting?: { reason: string; message?: string }
  running?: { startedAt: string }
  terminated?: Terminated
}

/** Why a container cannot be started as it is; it is tried again when something it depends on changes. */
export class CannotStart extends Error {
  readonly reason: string

  constructor(reason: string, message: string) {
    super(message)
    this.reason = reason
  }
}

/** What the pod is to its containers. */
export interface ContainerHost {
  readonly clock: Clock
  event(type: 'Normal' | 'Warning', reason: string, message: string, container: Container): void
  /** Throws CannotStart. */
  launchSpec(container: Container): ProcessSpec
  probeTarget(container: Container): ProbeTarget
  openLog(container: Container, run: number): ContainerLog
  processStarted(pid: number): void
  processEnded(pid: number): void
  /** `name_namespace(uid)`, for messages. */
  readonly podLabel: string
  changed(): void
}

export type RestartPolicy = 'Always' | 'OnFailure' | 'Never'

interface Run {
  readonly group: ProcessGroup
  readonly startedMs: number
  readonly log: ContainerLog
  readonly ended: Promise<void>
  terminating: boolean
}

export class ContainerRunner {
  state: ContainerState = { waiting: { reason: 'ContainerCreating' } }
  lastState: ContainerState = {}
  restartCount = 0
  ready = false
  started = false
  containerId = ''
  /** The policy does not want it to run again (or it was stopped). */
  finished = false
  container: Container
  readonly #host: ContainerHost
  readonly #policy: RestartPolicy
  readonly #graceMs: number
  readonly #backOff = new RestartBackOff()
  #logs: ContainerLog[] = []
  #run: Run | undefined
  #launching: Promise<void> | undefined
  #probers: Prober[] = []
  #restartTimer: Timer | undefined
  #killTimer: Timer | undefined
  #begun = false
  #stopping = false
  #startImmediately = false

  constructor(host: ContainerHost, container: Container, policy: RestartPolicy, graceMs: number) {
    this.#host = host
    this.container = container
    this.#policy = policy
    this.#graceMs = graceMs
  }

  get begun(): boolean {
    return this.#begun
  }

  get pid(): number | undefined {
    return this.#run?.group.pid
  }

  /** The log of the present run, or of the one before it. */
  log(previous: boolean): ContainerLog | undefined {
    return this.#logs.at(previous ? -2 : -1)
  }

  /** Takes over what an earlier stand-in knew: the container ran then and does not now. */
  restore(restartCount: number, lastState: ContainerState): void {
    this.restartCount = restartCount
    this.lastState = lastState
  }

  /** Ends a container without starting it (an earlier run of it was its last). */
  finishAs(state: ContainerState): void {
    this.state = state
    this.finished = true
    this.#begun = true
  }

  start(): void {
    this.#begun = true
    this.#launch()
  }

  /** Something that the container may have been waiting for has changed. */
  retry(): void {
    if (this.#begun && !this.#run && this.state.waiting && !this.#restartTimer && !this.#launching) this.#launch()
  }

  /** A new image in place: the running container is replaced. */
  update(container: Container): void {
    const changed = container.image !== this.container.image
    this.container = container
    if (!changed || !this.#begun || this.finished) return
    if (!this.#run) return this.retry()
    this.#host.event(
      'Normal',
      'Killing',
      `Container ${container.name} definition changed, will be restarted`,
      container,
    )
    this.#startImmediately = true
    void this.#terminate(this.#graceMs)
  }

  /** Ends it for good; resolves when its process group is gone. May be called again with a shorter grace. */
  async stop(graceMs: number): Promise<void> {
    const first = !this.#stopping
    this.#stopping = true
    this.#restartTimer?.cancel()
    this.#restartTimer = undefined
    this.#stopProbers()
    await this.#launching
    if (this.#run && first)
      this.#host.event('Normal', 'Killing', `Stopping container ${this.container.name}`, this.container)
    await this.#terminate(graceMs)
    this.finished = true
  }

  removeLogs(): void {
    for (const log of this.#logs) log.remove()
  }

  #launch(): void {
    this.#launching = this.#start().finally(() => (this.#launching = undefined))
  }

  async #start(): Promise<void> {
    const { container } = this
    let spec: ProcessSpec
    try {
      spec = this.#host.launchSpec(container)
    } catch (error) {
      const reason = error instanceof CannotStart ? error.reason : 'CreateContainerError'
      return this.#wait(reason, messageOf(error))
    }
    this.#host.event(
      'Normal',
      'Pulled',
      `Container image "${container.image}" already present on machine and can be accessed by the pod`,
      container,
    )
    this.#host.event('Normal', 'Created', 'Container created', container)
    const log = this.#newLog()
    const startedMs = this.#host.clock.nowMs()
    try {
      const group = await startProcessGroup(spec, (stream, chunk) => log.append(stream, chunk))
      this.#running(group, log, startedMs)
    } catch (error) {
      const message = `Cannot start "${spec.command[0]}" in ${spec.cwd}: ${messageOf(error)}`
      this.#host.event('Warning', 'Failed', message, container)
      log.end()
      this.#ended({ exitCode: 128 }, startedMs, 'StartError', message)
    }
  }

  #wait(reason: string, message: string): void {
    if (this.state.waiting?.message !== message) {
      this.#host.event('Warning', 'Failed', `Error: ${message}`, this.container)
      this.state = { waiting: { reason, message } }
    }
    this.#host.changed()
  }

  #newLog(): ContainerLog {
    const log = this.#host.openLog(this.container, this.restartCount)
    this.#logs.push(log)
    for (const old of this.#logs.splice(0, this.#logs.length - 2)) old.remove()
    return log
  }

  #running(group: ProcessGroup, log: ContainerLog, startedMs: number): void {
    this.#host.processStarted(group.pid)
    const ended = group.ended.then((end) => {
      this.#host.processEnded(group.pid)
      log.end()
      this.#run = undefined
      this.#ended(end, startedMs)
    })
    this.#run = { group, log, startedMs, ended, terminating: false }
    this.containerId = `process://${group.pid}`
    this.state = { running: { startedAt: timestamp(startedMs) } }
    this.#host.event('Normal', 'Started', 'Container started', this.container)
    if (!this.#stopping) {
      this.#postStart()
      this.#startProbers(startedMs)
    }
    this.#host.changed()
  }

  #postStart(): void {
    const hook = this.container['lifecycle']?.postStart as Action | undefined
    if (!hook) return
    const run = this.#run
    void this.#hook(hook, this.#graceMs).then(({ success, message }) => {
      if (success || this.#run !== run) return
      this.#host.event('Warning', 'FailedPostStartHook', `PostStartHook failed: ${message}`, this.container)
      void this.#terminate(this.#graceMs)
    })
  }

  #startProbers(startedMs: number): void {
    const { startupProbe } = this.container
    if (!startupProbe) return this.#startedUp(startedMs)
    this.#probe('Startup', startupProbe, startedMs, (success) => {
      if (success) this.#startedUp(startedMs)
    })
  }

  #startedUp(startedMs: number): void {
    const { livenessProbe, readinessProbe } = this.container
    this.#stopProbers()
    this.started = true
    this.ready = !readinessProbe
    if (livenessProbe) this.#probe('Liveness', livenessProbe, startedMs)
    if (readinessProbe)
      this.#probe('Readiness', readinessProbe, startedMs, (success) => {
        this.ready = success
      })
    this.#host.changed()
  }

  #probe(
    kind: 'Startup' | 'Liveness' | 'Readiness',
    spec: ProbeSpec,
    startedMs: number,
    onVerdict?: (success: boolean) => void,
  ): void {
    const { container } = this
    const target = this.#host.probeTarget(container)
    const prober = new Prober({
      spec,
      clock: this.#host.clock,
      startedMs,
      run: () => runAction(spec, target, (spec.timeoutSeconds ?? 1) * 1000),
      onFailure: (message) => this.#host.event('Warning', 'Unhealthy', `${kind} probe failed: ${message}`, container),
      onVerdict: (success) => {
        onVerdict?.(success)
        if (!success && kind !== 'Readiness') this.#unhealthy(kind.toLowerCase(), spec)
        this.#host.changed()
      },
    })
    this.#probers.push(prober)
  }

  #unhealthy(kind: string, spec: ProbeSpec): void {
    const message = `Container ${this.container.name} failed ${kind} probe, will be restarted`
    this.#host.event('Normal', 'Killing', message, this.container)
    this.#stopProbers()
    const seconds = spec.terminationGracePeriodSeconds
    void this.#terminate(seconds === undefined ? this.#graceMs : seconds * 1000)
  }

  #stopProbers(): void {
    for (const prober of this.#probers) prober.stop()
    this.#probers = []
  }

  #ended(end: ProcessEnd, startedMs: number, reason?: string, message?: string): void {
    const { clock } = this.#host
    this.#killTimer?.cancel()
    this.#stopProbers()
    this.ready = false
    this.started = false
    this.state = {
      terminated: {
        ...end,
        reason: reason ?? (end.exitCode === 0 ? 'Completed' : 'Error'),
        ...(message === undefined ? {} : { message }),
        startedAt: timestamp(startedMs),
        finishedAt: timestamp(clock.nowMs()),
        containerID: this.containerId,
      },
    }
    const again = this.#policy === 'Always' || (this.#policy === 'OnFailure' && end.exitCode !== 0)
    if (this.#stopping || !again) this.finished = true
    else this.#restart()
    this.#host.changed()
  }

  #restart(): void {
    this.lastState = this.state
    const relaunch = () => {
      this.#restartTimer = undefined
      this.restartCount += 1
      this.#launch()
    }
    if (this.#startImmediately) {
      this.#startImmediately = false
      return relaunch()
    }
    const { clock } = this.#host
    const pauseMs = this.#backOff.nextPauseMs(clock.nowMs())
    this.#restartTimer = clock.after(Math.max(pauseMs, endNoticedMs), relaunch)
    if (pauseMs === 0) return
    const { name } = this.container
    const what = `restarting failed container=${name} pod=${this.#host.podLabel}`
    this.state = { waiting: { reason: 'CrashLoopBackOff', message: `back-off ${pauseMs / 1000}s ${what}` } }
    const event = `Back-off restarting failed container ${name} in pod ${this.#host.podLabel}`
    this.#host.event('Warning', 'BackOff', event, this.container)
  }

  /** Hook, SIGTERM, and SIGKILL when the grace is over; resolves when the process group is gone. */
  async #terminate(graceMs: number): Promise<void> {
    const run = this.#run
    if (!run) return
    const kill = () => run.group.signal('SIGKILL')
    this.#killTimer?.cancel()
    if (graceMs <= 0) kill()
    else this.#killTimer = this.#host.clock.after(graceMs, kill)
    if (graceMs > 0 && !run.terminating) {
      run.terminating = true
      await this.#preStop(graceMs, run, kill)
      if (this.#run === run) run.group.signal('SIGTERM')
    }
    await run.ended
  }

  async #preStop(graceMs: number, run: Run, kill: () => void): Promise<void> {
    const hook = this.container['lifecycle']?.preStop as Action | undefined
    if (!hook) return
    const { clock } = this.#host
    const begunMs = clock.nowMs()
    const { success, message } = await this.#hook(hook, graceMs)
    if (this.#run !== run) return
    if (!success) this.#host.event('Warning', 'FailedPreStopHook', `PreStopHook failed: ${message}`, this.container)
    if (clock.nowMs() - begunMs <= graceMs - leastTermMs) return
    this.#killTimer?.cancel()
    this.#killTimer = clock.after(leastTermMs, kill)
  }

  #hook(hook: Action, timeoutMs: number): Promise<{ success: boolean; message: string }> {
    const { clock } = this.#host
    if (hook.sleep) {
      const sleepMs = Math.min(hook.sleep.seconds * 1000, timeoutMs)
      return new Promise((resolve) => clock.after(sleepMs, () => resolve({ success: true, message: '' })))
    }
    return runAction(hook, this.#host.probeTarget(this.container), timeoutMs)
  }
}
