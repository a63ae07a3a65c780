import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { ManualClock } from '../../../broker/base/manual-clock.ts'
import { seededRandom } from '../../../broker/base/random.ts'
import { WorkQueue, type WorkQueueOptions } from '../../../operator/controller/work-queue.ts'
import { kubeError, settle, unreachable } from '../../support/memory-kube.ts'

interface Run {
  readonly key: string
  end(result?: { requeueAfterMs?: number }): void
  fail(error?: Error): void
}

/** A queue whose processing the test ends by hand. */
function startQueue(options: WorkQueueOptions = {}) {
  const clock = new ManualClock()
  const runs: Run[] = []
  const queue = new WorkQueue(
    (key) =>
      new Promise((resolve, reject) => {
        runs.push({ key, end: (result = {}) => resolve(result), fail: (error = new Error('failed')) => reject(error) })
      }),
    { clock, random: { next: () => 1 } },
    options,
  )
  return { clock, queue, runs, keys: () => runs.map((run) => run.key) }
}

describe('work queue', () => {
  test('processes nothing before it is started, then in the order of arrival', async () => {
    const { queue, keys } = startQueue({ concurrency: 2 })
    queue.add('a')
    queue.add('b')
    queue.add('a')
    queue.add('c')
    await settle()
    expect(keys()).toEqual([])
    expect(queue.depth).toBe(3)
    queue.start()
    await settle()
    expect(keys()).toEqual(['a', 'b'])
    expect(queue.depth).toBe(1)
  })

  test('a key added while it is processed is processed once more, and not at the same time', async () => {
    const { queue, runs, keys } = startQueue()
    queue.start()
    queue.add('a')
    await settle()
    queue.add('a')
    queue.add('a')
    await settle()
    expect(keys()).toEqual(['a'])
    runs[0]!.end()
    await settle()
    expect(keys()).toEqual(['a', 'a'])
    runs[1]!.end()
    await settle()
    expect(keys()).toEqual(['a', 'a'])
  })

  test('a key that fails is tried again after 5 ms, 10 ms, 20 ms … up to the longest delay', async () => {
    const { clock, queue, runs } = startQueue({ retryMaxMs: 30 })
    queue.start()
    queue.add('a')
    await settle()
    for (const delayMs of [5, 10, 20, 30, 30]) {
      const before = runs.length
      runs.at(-1)!.fail()
      await settle()
      clock.advance(delayMs - 1)
      await settle()
      expect(runs.length).toBe(before)
      clock.advance(1)
      await settle()
      expect(runs.length).toBe(before + 1)
    }
    runs.at(-1)!.end()
    await settle()
    expect(queue.failures('a')).toBe(0)
  })

  test('an error that says when to come again is obeyed', async () => {
    const { clock, queue, runs } = startQueue()
    queue.start()
    queue.add('a')
    await settle()
    runs[0]!.fail(kubeError(429, 'TooManyRequests', 3000))
    await settle()
    clock.advance(2999)
    await settle()
    expect(runs.length).toBe(1)
    clock.advance(1)
    await settle()
    expect(runs.length).toBe(2)
  })

  test.each([
    ['no answer', unreachable()],
    ['too many requests', kubeError(429, 'TooManyRequests')],
    ['a failure of the server', kubeError(500, 'InternalError')],
    ['a conflict', kubeError(409, 'Conflict')],
  ])(
    'what passes by itself, such as %s, is tried again every 10 s at least, however long it lasts',
    async (_, error) => {
      const { clock, queue, runs } = startQueue()
      queue.start()
      queue.add('a')
      await settle()
      for (let count = 0; count < 30; count++) {
        runs.at(-1)!.fail(error)
        await settle()
        clock.advance(10_000)
        await settle()
        expect(runs.length).toBe(count + 2)
      }
    },
  )

  test('what does not pass by itself is tried ever more rarely, up to every 5 min', async () => {
    const { clock, queue, runs } = startQueue()
    queue.start()
    queue.add('a')
    await settle()
    for (let minute = 0; minute < 60; minute++) {
      if (runs.length > 0) runs.at(-1)!.fail(kubeError(422, 'Invalid'))
      await settle()
      clock.advance(60_000)
      await settle()
    }
    expect(runs.length).toBeLessThan(30)
  })

  test('a change ends the wait of a key in back-off', async () => {
    const { clock, queue, runs } = startQueue({ retryBaseMs: 1000 })
    queue.start()
    queue.add('a')
    await settle()
    runs[0]!.fail()
    await settle()
    queue.add('a')
    await settle()
    expect(runs.length).toBe(2)
    runs[1]!.end()
    await settle()
    expect(clock.pendingTimers).toBe(0)
  })

  test('a result may ask to be called again; the earlier of two times counts', async () => {
    const { clock, queue, runs } = startQueue()
    queue.start()
    queue.add('a')
    await settle()
    runs[0]!.end({ requeueAfterMs: 1000 })
    await settle()
    queue.addAfter('a', 5000)
    queue.addAfter('a', 300)
    clock.advance(300)
    await settle()
    expect(runs.length).toBe(2)
    runs[1]!.end()
    await settle()
    clock.advance(10_000)
    await settle()
    expect(runs.length).toBe(2)
  })

  test('stop waits for what runs, and starts nothing more', async () => {
    const { clock, queue, runs } = startQueue({ concurrency: 1 })
    queue.start()
    queue.add('a')
    queue.add('b')
    queue.addAfter('c', 10)
    await settle()
    let stopped = false
    const stopping = queue.stop().then(() => (stopped = true))
    queue.add('d')
    clock.advance(100)
    await settle()
    expect(stopped).toBe(false)
    runs[0]!.end({ requeueAfterMs: 1 })
    await stopping
    clock.advance(100)
    await settle()
    expect(runs.map((run) => run.key)).toEqual(['a'])
    expect(clock.pendingTimers).toBe(0)
  })
})

type Step =
  | { readonly do: 'add'; readonly key: string }
  | { readonly do: 'addAfter'; readonly key: string; readonly delayMs: number }
  | { readonly do: 'end' | 'fail'; readonly index: number }
  | { readonly do: 'advance'; readonly durationMs: number }

const anyKey = fc.constantFrom('a', 'b', 'c')
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('add' as const), key: anyKey }),
  fc.record({ do: fc.constant('addAfter' as const), key: anyKey, delayMs: fc.integer({ min: 0, max: 50 }) }),
  fc.record({ do: fc.constantFrom('end' as const, 'fail' as const), index: fc.nat(3) }),
  fc.record({ do: fc.constant('advance' as const), durationMs: fc.integer({ min: 0, max: 60 }) }),
)

test('whatever happens: one run per key at a time, never more than the limit, and every change is processed after it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyStep, { maxLength: 40 }), fc.nat(), async (steps, seed) => {
      const clock = new ManualClock()
      const running = new Map<string, { end(): void; fail(): void }>()
      const changes = new Map<string, number>()
      const seen = new Map<string, number>()
      const violations: string[] = []
      const queue = new WorkQueue(
        (key) => {
          if (running.has(key)) violations.push(`${key} twice at once`)
          seen.set(key, changes.get(key) ?? 0)
          const { promise, resolve, reject } = Promise.withResolvers<object>()
          running.set(key, {
            end: () => resolve({}),
            fail: () => {
              seen.delete(key)
              reject(new Error('failed'))
            },
          })
          if (running.size > 2) violations.push('more than two at once')
          return promise.finally(() => running.delete(key))
        },
        { clock, random: seededRandom(seed) },
        { concurrency: 2, retryMaxMs: 40 },
      )
      queue.start()
      for (const step of steps) {
        if (step.do === 'add' || step.do === 'addAfter') changes.set(step.key, (changes.get(step.key) ?? 0) + 1)
        if (step.do === 'add') queue.add(step.key)
        if (step.do === 'addAfter') queue.addAfter(step.key, step.delayMs)
        if (step.do === 'end' || step.do === 'fail') [...running.values()][step.index]?.[step.do]()
        if (step.do === 'advance') clock.advance(step.durationMs)
        await settle(1)
      }
      for (let round = 0; round < 20; round++) {
        for (const run of running.values()) run.end()
        await settle(1)
        clock.advance(60)
        await settle(1)
      }
      expect(violations).toEqual([])
      expect(running.size).toBe(0)
      expect(seen).toEqual(changes)
      await queue.stop()
    }),
    { numRuns: 100 },
  )
})
