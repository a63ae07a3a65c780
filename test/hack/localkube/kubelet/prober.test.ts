import { afterEach, expect, test } from '@jest/globals'
import { setImmediate as turn } from 'node:timers/promises'
import { ManualClock } from '../../../../broker/base/manual-clock.ts'
import { Prober, type ProbeSpec } from '../../../../hack/localkube/kubelet/prober.ts'

let clock: ManualClock
let prober: Prober
let healthy: boolean
let runs: number
let seen: string[]
afterEach(() => prober.stop())

function start(spec: ProbeSpec): void {
  clock = new ManualClock()
  healthy = false
  runs = 0
  seen = []
  prober = new Prober({
    spec,
    clock,
    startedMs: clock.nowMs(),
    run: async () => {
      runs += 1
      return { success: healthy, message: 'no' }
    },
    onVerdict: (success) => seen.push(success ? 'good' : 'bad'),
    onFailure: () => seen.push('failure'),
  })
}

async function pass(seconds: number): Promise<void> {
  for (let step = 0; step < seconds * 10; step += 1) {
    clock.advance(100)
    await turn()
  }
}

test('failureThreshold failures at the pace of periodSeconds make it bad', async () => {
  start({ exec: { command: [] }, periodSeconds: 5, failureThreshold: 3, initialDelaySeconds: 2 })
  await pass(1.9)
  expect(runs).toBe(0)
  await pass(5.2)
  expect(seen).toEqual(['failure', 'failure'])
  await pass(5)
  expect(seen).toEqual(['failure', 'failure', 'failure', 'bad'])
})

test('successThreshold successes make it good; one failure in between starts anew', async () => {
  start({ exec: { command: [] }, periodSeconds: 1, successThreshold: 2, failureThreshold: 9 })
  healthy = true
  await pass(0.5)
  healthy = false
  await pass(1)
  healthy = true
  await pass(1)
  expect(seen).toEqual(['failure'])
  await pass(1)
  expect(seen).toEqual(['failure', 'good'])
})

test('a network probe sees success early, but counts failures at its period only', async () => {
  start({ httpGet: { port: 1 }, periodSeconds: 10, failureThreshold: 3 })
  await pass(0.9)
  expect(runs).toBeGreaterThan(5)
  expect(seen).toEqual([])
  await pass(1)
  expect(seen).toEqual(['failure'])
  healthy = true
  await pass(0.2)
  expect(seen).toEqual(['failure', 'good'])
  const { length } = seen
  const before = runs
  await pass(30)
  expect(runs - before).toBe(3)
  expect(seen).toHaveLength(length)
})

test('a change of mind is told once each', async () => {
  start({ exec: { command: [] }, periodSeconds: 1, failureThreshold: 1 })
  await pass(3)
  healthy = true
  await pass(3)
  expect(seen.filter((what) => what !== 'failure')).toEqual(['bad', 'good'])
})
