// Strangers in a thread of their own, so that their work does not show in what honest clients measure. Told to stop by a
// message; answers with what they tried.
import { parentPort, workerData } from 'node:worker_threads'
import { seededRandom } from '../../broker/base/random.ts'
import { recordedFrames } from './recorded-frames.ts'
import { attack, type Hostility } from './stranger-attacks.ts'

export interface AttackOrders {
  readonly port: number
  readonly seed: number
  readonly idleConnections: number
}

const { port, seed, idleConnections } = workerData as AttackOrders
const stopping = new AbortController()
const hostility: Hostility = {
  port,
  random: seededRandom(seed),
  signal: stopping.signal,
  recorded: recordedFrames('tight'),
  counts: {},
}
const attacks = attack(hostility, idleConnections)
parentPort!.once('message', () => {
  stopping.abort()
  void attacks.then(() => parentPort!.postMessage(hostility.counts))
})
