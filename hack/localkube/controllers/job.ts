// Jobs: as many pods at once as `parallelism` allows until `completions` have succeeded or `backoffLimit` is passed.
// Counts come from the pods themselves, so pods of a running Job must not be deleted by hand.
// Not here: completionMode Indexed, podFailurePolicy, successPolicy; a Job that asks for one fails with UnsupportedField.
import type { LocalObject } from '../api/registry.ts'
import { canonicalJson } from '../base/canonical-json.ts'
import { timestamp } from '../base/clock.ts'
import { messageOf } from '../base/log.ts'
import { type ControllerContext, runController, type Stoppable } from './controller.ts'
import { defaultBackoffLimit, firstJobBackOffMs, longestJobBackOffMs } from './limits.ts'
import { controllerKeys, controllerReference, isControlledBy } from './owners.ts'
import { isReady, isTerminal, isTerminating } from './pod-facts.ts'
import { jobs, keyOf, pods, splitKey } from './resource-names.ts'

export function startJobController(base: ControllerContext): Stoppable {
  const context = { ...base, events: base.events.as('job-controller') }
  const triggers = [
    { resource: jobs, keysOf: (job: LocalObject) => [keyOf(job)] },
    { resource: pods, keysOf: (pod: LocalObject) => controllerKeys(pod, 'Job') },
  ]
  return runController(context, 'job', triggers, (key) => reconcile(context, key))
}

interface Counts {
  active: LocalObject[]
  succeeded: number
  failed: LocalObject[]
}

interface Verdict {
  type: 'Complete' | 'Failed'
  reason: string
  message: string
}

function reconcile(context: ControllerContext, key: string): number | undefined {
  const { namespace, name } = splitKey(key)
  const job = context.registry.get(jobs, namespace, name)
  if (!job || isTerminating(job)) return undefined
  const finished = finishedAtMs(job)
  if (finished !== undefined) return expire(context, job, finished)
  const counts = countPods(context.registry.list(pods, namespace).filter((pod) => isControlledBy(pod, job)))
  const verdict = judge(context, job, counts)
  if (verdict) for (const pod of counts.active) context.registry.delete(pods, namespace, pod.metadata.name)
  writeStatus(context, job, counts, verdict)
  if (verdict) {
    const type = verdict.type === 'Complete' ? 'Normal' : 'Warning'
    context.events.record(job, type, verdict.type === 'Complete' ? 'Completed' : verdict.reason, verdict.message)
    return undefined
  }
  if (job['spec'].suspend === true) {
    for (const pod of counts.active) context.registry.delete(pods, namespace, pod.metadata.name)
    return undefined
  }
  return createPods(context, job, counts)
}

const completionsOf = (job: LocalObject): number => job['spec'].completions ?? 1
const parallelismOf = (job: LocalObject): number => job['spec'].parallelism ?? 1

function countPods(all: LocalObject[]): Counts {
  return {
    active: all.filter((pod) => !isTerminal(pod) && !isTerminating(pod)),
    succeeded: all.filter((pod) => pod['status']?.phase === 'Succeeded').length,
    failed: all.filter((pod) => pod['status']?.phase === 'Failed'),
  }
}

function judge({ clock }: ControllerContext, job: LocalObject, { succeeded, failed }: Counts): Verdict | undefined {
  const { spec } = job
  const asked = ['podFailurePolicy', 'successPolicy'].find((field) => spec[field] !== undefined)
  const unsupported = spec.completionMode === 'Indexed' ? 'completionMode Indexed' : asked
  if (unsupported) {
    const message = `Cannot run job: the local stand-in does not support ${unsupported}`
    return { type: 'Failed', reason: 'UnsupportedField', message }
  }
  if (succeeded >= completionsOf(job))
    return { type: 'Complete', reason: 'CompletionsReached', message: 'Reached expected number of succeeded pods' }
  const limit = spec.backoffLimit ?? defaultBackoffLimit
  if (failed.length > limit)
    return {
      type: 'Failed',
      reason: 'BackoffLimitExceeded',
      message: 'Job has reached the specified backoff limit',
    }
  const deadlineMs = (spec.activeDeadlineSeconds ?? Infinity) * 1000
  if (clock.nowMs() - Date.parse(job['status']?.startTime ?? timestamp(clock.nowMs())) >= deadlineMs)
    return { type: 'Failed', reason: 'DeadlineExceeded', message: 'Job was active longer than specified deadline' }
  return undefined
}

function createPods(context: ControllerContext, job: LocalObject, counts: Counts): number | undefined {
  const nowMs = context.clock.nowMs()
  const waitMs = backOffMs(counts.failed, nowMs)
  const missing = Math.min(parallelismOf(job), completionsOf(job) - counts.succeeded) - counts.active.length
  if (missing > 0 && waitMs === 0) for (let index = 0; index < missing; index++) createPod(context, job)
  const deadlineMs = job['spec'].activeDeadlineSeconds
    ? Date.parse(context.registry.get(jobs, job.metadata.namespace, job.metadata.name)?.['status']?.startTime) +
      job['spec'].activeDeadlineSeconds * 1000 -
      nowMs
    : undefined
  const waits = [missing > 0 && waitMs > 0 ? waitMs : undefined, deadlineMs].filter((wait) => wait !== undefined)
  return waits.length > 0 ? Math.max(0, Math.min(...waits)) : undefined
}

function backOffMs(failed: readonly LocalObject[], nowMs: number): number {
  if (failed.length === 0) return 0
  const ends = failed.map((pod) => {
    const ended = (pod['status'].containerStatuses ?? []).map(
      (status: LocalObject) => status['state']?.terminated?.finishedAt,
    )
    return Math.max(0, ...ended.map((time: string | undefined) => Date.parse(time ?? '') || 0))
  })
  const pauseMs = Math.min(firstJobBackOffMs * 2 ** (failed.length - 1), longestJobBackOffMs)
  return Math.max(0, Math.max(...ends) + pauseMs - nowMs)
}

function createPod(context: ControllerContext, job: LocalObject): void {
  const { name, namespace, uid } = job.metadata
  const template = structuredClone(job['spec'].template)
  const labels = {
    ...template.metadata?.labels,
    'batch.kubernetes.io/controller-uid': uid,
    'batch.kubernetes.io/job-name': name,
    'controller-uid': uid,
    'job-name': name,
  }
  try {
    const pod = context.registry.create(pods, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        generateName: `${name}-`,
        namespace: namespace!,
        labels,
        ...(template.metadata?.annotations ? { annotations: template.metadata.annotations } : {}),
        ownerReferences: [controllerReference(job)],
      },
      spec: template.spec,
    })
    context.events.record(job, 'Normal', 'SuccessfulCreate', `Created pod: ${pod.metadata.name}`)
  } catch (error) {
    context.events.record(job, 'Warning', 'FailedCreate', `Error creating: ${messageOf(error)}`)
    throw error
  }
}

function writeStatus(context: ControllerContext, job: LocalObject, counts: Counts, verdict: Verdict | undefined): void {
  const now = timestamp(context.clock.nowMs())
  const before = job['status'] ?? {}
  const suspended = job['spec'].suspend === true
  const status = {
    ...before,
    ...(suspended ? {} : { startTime: before.startTime ?? now }),
    active: verdict ? 0 : counts.active.length,
    ready: verdict ? 0 : counts.active.filter(isReady).length,
    succeeded: counts.succeeded,
    failed: counts.failed.length,
    ...(verdict?.type === 'Complete' ? { completionTime: now } : {}),
    ...(verdict ? { conditions: [{ ...verdict, status: 'True', lastProbeTime: now, lastTransitionTime: now }] } : {}),
  }
  if (canonicalJson(status) === canonicalJson(before)) return
  context.registry.updateStatus(jobs, job.metadata.namespace, job.metadata.name, (written) => {
    written['status'] = status
  })
}

function finishedAtMs(job: LocalObject): number | undefined {
  const conditions: { type: string; status: string; lastTransitionTime: string }[] = job['status']?.conditions ?? []
  const end = conditions.find(({ type, status }) => status === 'True' && (type === 'Complete' || type === 'Failed'))
  return end && Date.parse(end.lastTransitionTime)
}

function expire({ registry, clock }: ControllerContext, job: LocalObject, finishedMs: number): number | undefined {
  const ttlSeconds: number | undefined = job['spec'].ttlSecondsAfterFinished
  if (ttlSeconds === undefined) return undefined
  const leftMs = finishedMs + ttlSeconds * 1000 - clock.nowMs()
  if (leftMs > 0) return leftMs
  registry.delete(jobs, job.metadata.namespace, job.metadata.name, {
    uid: job.metadata.uid,
    propagationPolicy: 'Background',
  })
  return undefined
}
