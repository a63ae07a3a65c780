import { afterEach, expect, test } from '@jest/globals'
import { startGarbageCollector } from '../../../../hack/localkube/controllers/garbage-collector.ts'
import { startJobController } from '../../../../hack/localkube/controllers/job.ts'
import { jobs, pods } from '../../../../hack/localkube/controllers/resource-names.ts'
import { ControlPlane } from '../control-plane.ts'

let plane: ControlPlane
afterEach(() => plane.stop())

async function createJob(spec: Record<string, unknown> = {}): Promise<void> {
  plane = new ControlPlane(startJobController, startGarbageCollector)
  const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'example/task:1' }] } }
  plane.create(jobs, { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'task' }, spec: { template, ...spec } })
  await plane.settle()
}

const status = () => plane.get(jobs, 'task')!['status']
const active = () => plane.registry.list(pods).filter((pod) => pod['status'].phase === 'Pending')
async function end(phase: 'Succeeded' | 'Failed'): Promise<void> {
  const finishedAt = new Date(plane.clock.nowMs()).toISOString()
  plane.setPod(active()[0]!.metadata.name, { phase, ready: false, finishedAt })
  await plane.settle()
}

test('runs as many pods at once as parallelism allows, until completions have succeeded', async () => {
  await createJob({ completions: 3, parallelism: 2 })
  expect(active()).toHaveLength(2)
  expect(active()[0]!.metadata.labels).toMatchObject({ 'job-name': 'task', 'batch.kubernetes.io/job-name': 'task' })
  await end('Succeeded')
  expect(active()).toHaveLength(2)
  await end('Succeeded')
  expect(active()).toHaveLength(1)
  await end('Succeeded')
  expect(status()).toMatchObject({
    succeeded: 3,
    active: 0,
    conditions: [{ type: 'Complete', status: 'True', reason: 'CompletionsReached' }],
  })
  expect(plane.eventsOf('task')).toContain('Completed: Reached expected number of succeeded pods')
})

test('a failed pod is replaced after 10 s, then 20 s, until backoffLimit is passed', async () => {
  await createJob({ backoffLimit: 1 })
  await end('Failed')
  expect(active()).toHaveLength(0)
  await plane.advance(9_000)
  expect(active()).toHaveLength(0)
  await plane.advance(1_000)
  expect(active()).toHaveLength(1)
  await end('Failed')
  expect(status().conditions).toMatchObject([{ type: 'Failed', status: 'True', reason: 'BackoffLimitExceeded' }])
  await plane.advance(60_000)
  expect(active()).toHaveLength(0)
})

test('ends what takes longer than activeDeadlineSeconds', async () => {
  await createJob({ activeDeadlineSeconds: 5 })
  await plane.advance(5_000)
  expect(status().conditions).toMatchObject([{ type: 'Failed', reason: 'DeadlineExceeded' }])
  expect(active()).toHaveLength(0)
})

test('goes with its pods ttlSecondsAfterFinished after its end', async () => {
  await createJob({ ttlSecondsAfterFinished: 100 })
  await end('Succeeded')
  await plane.advance(99_000)
  expect(plane.names(jobs)).toEqual(['task'])
  await plane.advance(1_000)
  expect([plane.names(jobs), plane.names(pods)]).toEqual([[], []])
})

test('a suspended Job has no pods', async () => {
  await createJob({ suspend: true })
  expect(active()).toHaveLength(0)
  plane.registry.update(jobs, 'default', 'task', (job) => (job['spec'].suspend = false))
  await plane.settle()
  expect(active()).toHaveLength(1)
})

test('what is not supported fails and says so', async () => {
  await createJob({ completionMode: 'Indexed', completions: 1 })
  expect(status().conditions).toMatchObject([{ type: 'Failed', reason: 'UnsupportedField' }])
  expect(plane.eventsOf('task').join()).toContain('does not support completionMode Indexed')
})
