// The status of a pod from the state of its containers. Pure. Conditions keep their transition times, and those of others
// (readiness gates) are left as they are.
import { createHash } from 'node:crypto'
import type { LocalObject } from '../api/registry.ts'
import { timestamp } from '../base/clock.ts'
import type { ContainerRunner, ContainerState } from './container-runner.ts'
import type { Container } from './environment.ts'

interface PodFacts {
  readonly nowMs: number
  readonly startedMs: number
  readonly podIp: string
  readonly hostIp: string
  readonly volumesMounted: boolean
  readonly initContainers: readonly ContainerRunner[]
  readonly containers: readonly ContainerRunner[]
}

interface Condition {
  type: string
  status: string
  lastTransitionTime?: string
  reason?: string
  message?: string
  observedGeneration?: number
}

type PodPhase = 'Pending' | 'Running' | 'Succeeded' | 'Failed'

export function buildPodStatus(pod: LocalObject, facts: PodFacts): Record<string, unknown> {
  const phase = phaseOf(facts)
  return {
    ...pod['status'],
    ...(pod.metadata.generation === undefined ? {} : { observedGeneration: pod.metadata.generation }),
    phase,
    startTime: pod['status']?.startTime ?? timestamp(facts.startedMs),
    hostIP: facts.hostIp,
    hostIPs: [{ ip: facts.hostIp }],
    podIP: facts.podIp,
    podIPs: [{ ip: facts.podIp }],
    qosClass: qosClassOf(pod),
    conditions: buildConditions(pod, facts, phase),
    ...(facts.initContainers.length > 0
      ? { initContainerStatuses: facts.initContainers.map((runner) => buildContainerStatus(runner, facts)) }
      : {}),
    containerStatuses: facts.containers.map((runner) => buildContainerStatus(runner, facts)),
  }
}

function buildContainerStatus(runner: ContainerRunner, facts: PodFacts): Record<string, unknown> {
  const init = facts.initContainers.includes(runner)
  const initializing = !init && !runner.begun && facts.initContainers.length > 0 && facts.volumesMounted
  const state: ContainerState = initializing ? { waiting: { reason: 'PodInitializing' } } : runner.state
  return {
    name: runner.container.name,
    image: runner.container.image,
    // A digest of the reference: what stands for the image can change only with the stand-in's own configuration.
    imageID: runner.containerId === '' ? '' : `local@sha256:${sha256(runner.container.image)}`,
    ...(runner.containerId === '' ? {} : { containerID: runner.containerId }),
    ready: init && !isSidecar(runner) ? state.terminated?.exitCode === 0 : runner.ready,
    started: runner.started,
    restartCount: runner.restartCount,
    state,
    lastState: runner.lastState,
    ...(runner.containerId === '' ? {} : { resources: runner.container.resources ?? {} }),
    ...mountStatus(runner.container),
  }
}

function mountStatus({ volumeMounts = [] }: Container): { volumeMounts?: object[] } {
  if (volumeMounts.length === 0) return {}
  return {
    volumeMounts: volumeMounts.map(({ name, mountPath, readOnly }) => ({
      name,
      mountPath,
      ...(readOnly ? { readOnly, recursiveReadOnly: 'Disabled' } : {}),
    })),
  }
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

export const isSidecar = (runner: ContainerRunner): boolean => runner.container.restartPolicy === 'Always'

const exitCode = (runner: ContainerRunner): number => runner.state.terminated?.exitCode ?? 0

function phaseOf({ containers, initContainers }: PodFacts): PodPhase {
  const failedInit = initContainers.some((runner) => !isSidecar(runner) && runner.finished && exitCode(runner) !== 0)
  if (failedInit && containers.every((runner) => !runner.begun)) return 'Failed'
  if (containers.every((runner) => runner.finished))
    return containers.every((runner) => exitCode(runner) === 0) ? 'Succeeded' : 'Failed'
  return containers.some((runner) => runner.containerId !== '') ? 'Running' : 'Pending'
}

function buildConditions(pod: LocalObject, facts: PodFacts, phase: PodPhase): Condition[] {
  const initialized = isInitialized(facts.initContainers)
  const ended = phase === 'Succeeded' || phase === 'Failed'
  const unready = facts.containers.filter((runner) => !runner.ready).map((runner) => runner.container.name)
  const why = {
    reason: ended ? (phase === 'Succeeded' ? 'PodCompleted' : 'PodFailed') : 'ContainersNotReady',
    ...(ended ? {} : { message: `containers with unready status: [${unready.join(' ')}]` }),
  }
  const containersReady = !ended && unready.length === 0
  const before: Condition[] = pod['status']?.conditions ?? []
  const gate = (pod['spec'].readinessGates ?? []).find(
    ({ conditionType }: { conditionType: string }) =>
      before.find(({ type }) => type === conditionType)?.status !== 'True',
  )
  const gateWhy = gate && {
    reason: 'ReadinessGatesNotReady',
    message: `corresponding condition of pod readiness gate "${gate.conditionType}" does not exist or is not True.`,
  }
  const own: Condition[] = [
    condition('PodReadyToStartContainers', facts.volumesMounted && !ended),
    condition('Initialized', initialized, { reason: 'ContainersNotInitialized' }),
    condition('Ready', containersReady && !gate, containersReady ? gateWhy : why),
    condition('ContainersReady', containersReady, why),
    condition('PodScheduled', true),
  ]
  const merged = own.map((wanted) => withTransition(wanted, before, pod, facts.nowMs))
  return [...merged, ...before.filter(({ type }) => !own.some((wanted) => wanted.type === type))]
}

const condition = (type: string, holds: boolean, otherwise?: { reason: string; message?: string }): Condition => ({
  type,
  status: holds ? 'True' : 'False',
  ...(holds ? {} : otherwise),
})

function withTransition(wanted: Condition, before: readonly Condition[], pod: LocalObject, nowMs: number): Condition {
  const old = before.find(({ type }) => type === wanted.type)
  const since = old?.status === wanted.status ? old.lastTransitionTime : undefined
  return {
    ...wanted,
    lastTransitionTime: since ?? timestamp(nowMs),
    ...(pod.metadata.generation === undefined ? {} : { observedGeneration: pod.metadata.generation }),
  }
}

const isInitialized = (runners: readonly ContainerRunner[]): boolean =>
  runners.every((runner) => (isSidecar(runner) ? runner.started : runner.finished && exitCode(runner) === 0))

/** Guaranteed: cpu and memory limits everywhere and requests equal to them; BestEffort: none anywhere. */
function qosClassOf(pod: LocalObject): 'Guaranteed' | 'Burstable' | 'BestEffort' {
  const containers: Container[] = [...pod['spec'].containers, ...(pod['spec'].initContainers ?? [])]
  const amounts = containers.map(({ resources }) => resources ?? {})
  if (amounts.every(({ limits, requests }) => count(limits) + count(requests) === 0)) return 'BestEffort'
  const guaranteed = amounts.every(({ limits = {}, requests = {} }) =>
    ['cpu', 'memory'].every((name) => limits[name] !== undefined && (requests[name] ?? limits[name]) === limits[name]),
  )
  return guaranteed ? 'Guaranteed' : 'Burstable'
}

const count = (amounts: Record<string, string> = {}): number =>
  Object.keys(amounts).filter((name) => name === 'cpu' || name === 'memory').length
