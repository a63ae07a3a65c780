// Networks of brokers of one kind: how they are linked, and how a mesh whose consumers never rest is driven. Connectors have
// the defaults of their broker, but for what makes the network: who is dialled, how far it goes, and whether it is duplex.
import type { RunningBroker } from './brokers.ts'
import { bridgeTraffic, type BridgeTraffic } from './bridge-traffic.ts'
import { command, drive, expect, pause, reply, start, type CellRun, type RunResult } from './cell-run.ts'
import type { MeshOptions } from './cells.ts'
import { judgeMesh, type MeshAnswer } from './mesh-answer.ts'
import { bytesPerMiB, cpuOfAll, peakMemoryOfAll } from './usage.ts'

/** Bridges are tried again after at most 30 seconds, by default. */
const linkedWithinMs = 60_000
/** All consumers are there, and everybody knows of them. */
const settleMs = 5000
/** Consumers come and go for so many windows, and as long again while messages are sent: three minutes of a whole run. */
const windowsOfChurn = 6
export const windowsOfMesh = 2 * windowsOfChurn

/** Each has a connector to the next, one way; the first is where producers are. */
export async function startChain(run: CellRun, hops: number): Promise<RunningBroker[]> {
  if (hops === 0) return [await start(run)]
  const brokers: RunningBroker[] = []
  // From the end: whom a connector dials is there, so that none has to wait for its second attempt.
  for (let place = hops; place >= 0; place--) {
    const network = brokers[0] ? [{ name: 'next', url: brokers[0].url, networkTTL: hops }] : []
    brokers.unshift(await start(run, { name: `broker-${place}`, network }))
  }
  return brokers
}

export async function runMesh(run: CellRun, mesh: MeshOptions): Promise<RunResult> {
  const brokers = await startMesh(run, mesh.brokers)
  await linked(brokers)
  const driver = await drive(run, brokers.map(({ url }) => url).join(','))
  const { queues, consumers, moves, messages } = mesh
  const churnMs = run.settings.measureMs * windowsOfChurn
  command(driver, 'mesh', { queues, consumers, moves, messages, settleMs, churnMs })
  await expect(driver, 'begin')
  const before = { cpu: cpuOfAll(brokers), traffic: bridgeTraffic(brokers) }
  await expect(driver, 'end')
  const cpu = cpuOfAll(brokers) - before.cpu
  const bytes = bytesBetween(before.traffic, bridgeTraffic(brokers))
  const answer = await reply<MeshAnswer>(driver)
  const peakMemoryMiB = peakMemoryOfAll(brokers) / bytesPerMiB
  return { figures: { ...judgeMesh(answer, { cpu, bytes }), peakMemoryMiB }, raw: { ...answer, cpu, bytes } }
}

/**
 * Each has one duplex connector to each of those before it. Consumers are known to those who are linked to their broker, which are
 * all; a message goes after a consumer that moves however often it does.
 */
async function startMesh(run: CellRun, count: number): Promise<RunningBroker[]> {
  const brokers: RunningBroker[] = []
  for (let place = 0; place < count; place++) {
    const network = brokers.map(({ url }, other) => ({ name: `to-${other}`, url, messageTTL: -1, duplex: true }))
    brokers.push(await start(run, { name: `broker-${place}`, network }))
  }
  return brokers
}

/** As many connections between brokers as a mesh has edges. */
async function linked(brokers: readonly RunningBroker[]): Promise<void> {
  const edges = (brokers.length * (brokers.length - 1)) / 2
  const deadline = Date.now() + linkedWithinMs
  for (;;) {
    const there = bridgeTraffic(brokers).connections.length
    if (there >= edges) return
    if (Date.now() > deadline) throw new Error(`only ${there} of ${edges} bridges are there`)
    await pause(100)
  }
}

/** A connection that has ended cannot be asked any more. */
function bytesBetween(before: BridgeTraffic, after: BridgeTraffic): number {
  if (before.connections.join() !== after.connections.join()) throw new Error('a bridge was broken meanwhile')
  return after.bytes - before.bytes
}
