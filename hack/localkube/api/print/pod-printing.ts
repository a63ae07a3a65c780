// How `kubectl get pods` sums a pod up: ready containers, the most telling reason, restarts.
import { arrayOrEmpty, isObject, objectOrEmpty, valueAt, type JsonObject } from '../json-value.ts'
import { formatAge } from './durations.ts'
import type { LocalObject } from '../registry.ts'

const statuses = (pod: LocalObject, field: string): JsonObject[] =>
  arrayOrEmpty(valueAt(pod, ['status', field])).filter(isObject)

export function podReady(pod: LocalObject): string {
  const ready = statuses(pod, 'containerStatuses').filter((status) => status['ready'] === true).length
  return `${ready}/${arrayOrEmpty(valueAt(pod, ['spec', 'containers'])).length}`
}

export function podRestarts(pod: LocalObject, nowMs: number): string {
  const all = statuses(pod, 'containerStatuses')
  const restarts = all.reduce((sum, status) => sum + Number(status['restartCount'] ?? 0), 0)
  const ends = all
    .map((status) => valueAt(status, ['lastState', 'terminated', 'finishedAt']))
    .filter((end) => typeof end === 'string')
    .sort()
  const last = ends.at(-1)
  return restarts > 0 && last !== undefined ? `${restarts} (${formatAge(last, nowMs)} ago)` : String(restarts)
}

/** Phase, or the reason of the pod, or that of the container which explains most. */
export function podReason(pod: LocalObject): string {
  const status = objectOrEmpty(pod['status'])
  let reason = text(status['reason']) || text(status['phase'])
  const initial = initReason(pod)
  if (initial !== undefined) reason = initial
  else reason = containersReason(pod, reason)
  if (pod.metadata.deletionTimestamp === undefined) return reason
  const finished = status['phase'] === 'Succeeded' || status['phase'] === 'Failed'
  return text(status['reason']) === 'NodeLost' ? 'Unknown' : finished ? reason : 'Terminating'
}

function initReason(pod: LocalObject): string | undefined {
  const all = statuses(pod, 'initContainerStatuses')
  for (const [index, status] of all.entries()) {
    const terminated = valueAt(status, ['state', 'terminated'])
    if (isObject(terminated) && terminated['exitCode'] === 0) continue
    if (isObject(terminated)) return `Init:${endReason(terminated)}`
    const waiting = text(valueAt(status, ['state', 'waiting', 'reason']))
    if (waiting !== '' && waiting !== 'PodInitializing') return `Init:${waiting}`
    return `Init:${index}/${arrayOrEmpty(valueAt(pod, ['spec', 'initContainers'])).length}`
  }
  return undefined
}

function containersReason(pod: LocalObject, phase: string): string {
  let reason = phase
  let running = false
  for (const status of statuses(pod, 'containerStatuses').toReversed()) {
    const state = objectOrEmpty(status['state'])
    const waiting = text(valueAt(state, ['waiting', 'reason']))
    if (waiting !== '') reason = waiting
    else if (isObject(state['terminated'])) reason = endReason(state['terminated'])
    else if (status['ready'] === true && isObject(state['running'])) running = true
  }
  if (reason !== 'Completed' || !running) return reason
  const ready = podConditions(pod).some((condition) => condition['type'] === 'Ready' && condition['status'] === 'True')
  return ready ? 'Running' : 'NotReady'
}

const podConditions = (pod: LocalObject): JsonObject[] =>
  arrayOrEmpty(valueAt(pod, ['status', 'conditions'])).filter(isObject)

function endReason(terminated: JsonObject): string {
  const reason = text(terminated['reason'])
  if (reason !== '') return reason
  const { signal, exitCode } = terminated as { signal?: number; exitCode?: number }
  return signal ? `Signal:${signal}` : `ExitCode:${exitCode}`
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '')
