// The model of networks, watched from outside: brokers that send messages to and fro for ever, or a queue that never ends its look,
// let nothing else in their process happen. Such a run is a violation like others, with its seed.
import { Worker } from 'node:worker_threads'
import { Violation } from '../queue-book.ts'
import type { NetworkFigures, NetworkModelOptions } from './model.ts'

export type WorkerReport =
  | { readonly seed: number }
  | { readonly figures: NetworkFigures }
  | { readonly violation: string }

/** A run takes some hundredths of a second; the machine may be a hundred times slower for a while. */
const longestRunMs = 30_000

/** @throws {Violation} */
export async function runWatched(options: Omit<NetworkModelOptions, 'began'>): Promise<NetworkFigures> {
  const worker = new Worker(new URL('model-worker.ts', import.meta.url), { workerData: options })
  const { promise, resolve, reject } = Promise.withResolvers<NetworkFigures>()
  let { seed } = options
  const endless = (): void => reject(new Violation(`seed ${seed}: not over after ${longestRunMs} ms`))
  let timer = setTimeout(endless, longestRunMs)
  worker.once('error', reject)
  worker.on('message', (report: WorkerReport) => {
    if ('figures' in report) resolve(report.figures)
    else if ('violation' in report) reject(new Violation(report.violation))
    else {
      ;({ seed } = report)
      clearTimeout(timer)
      timer = setTimeout(endless, longestRunMs)
    }
  })
  try {
    return await promise
  } finally {
    clearTimeout(timer)
    await worker.terminate()
  }
}
