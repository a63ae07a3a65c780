// Runs the model in a thread of its own, so that whoever waits for it can end a run that never does (run-watched.ts).
import { parentPort, workerData } from 'node:worker_threads'
import { Violation } from '../queue-book.ts'
import { runNetworkModel, type NetworkModelOptions } from './model.ts'
import type { WorkerReport } from './run-watched.ts'

const report = (of: WorkerReport): void => parentPort!.postMessage(of)

try {
  const { seed, runs } = workerData as NetworkModelOptions
  report({ figures: await runNetworkModel({ seed, runs, began: (runSeed) => report({ seed: runSeed }) }) })
} catch (error) {
  if (!(error instanceof Violation)) throw error
  report({ violation: error.message })
}
