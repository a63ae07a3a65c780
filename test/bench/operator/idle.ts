// What an operator uses and writes while nothing happens: measured from outside, for minutes. It is probed as by a kubelet and
// scraped as by a Prometheus meanwhile, with the periods of the chart.
import { setTimeout as sleep } from 'node:timers/promises'
import type { KubeClient, KubeObject } from '../../../operator/kube/port.ts'
import { brokerClusters, events } from '../../../operator/kube/resource-types.ts'
import { childTypes } from '../../../operator/reconcile/cluster-reader.ts'
import type { Fleet } from './fleet.ts'
import type { OperatorProcess } from './operator-process.ts'

const sampleMs = 1_000
const probeMs = 5_000
const scrapeMs = 30_000
/** So long without a write before the window begins, counted in looks. */
const quietLooks = 2
const quietLookMs = 20_000
const eventController = 'flotilla.dev/operator'
const writingVerbs = ['create', 'apply', 'patch', 'delete']

export interface IdleFigures {
  readonly cpuSeconds: number
  readonly windowSeconds: number
  /** Highest of one sample a second. */
  readonly residentBytes: number
  /** Of the operator's own counters, without the renewals of its Lease. */
  readonly writes: number
  readonly leaseRenewals: number
  readonly reads: number
  /** Objects whose resourceVersion changed, that came or went, whoever did it. */
  readonly changedObjects: number
  readonly snapshots: number
}

interface IdleOptions {
  readonly client: KubeClient
  readonly fleet: Fleet
  readonly operator: OperatorProcess
  readonly minutes: number
  readonly said: (text: string) => void
}

export async function measureIdle({ client, fleet, operator, minutes, said }: IdleOptions): Promise<IdleFigures> {
  await untilQuiet(client, operator, said)
  const before = await readVersions(client)
  const requestsBefore = await operator.requests()
  const { snapshot: snapshotsBefore } = fleet.questions
  const { cpuSeconds: cpuBefore } = operator.usage()
  const beganMs = performance.now()
  said(`quiet; measuring for ${minutes} min`)
  let residentBytes = 0
  const windowMs = minutes * 60_000
  for (let second = 1; second * sampleMs <= windowMs; second++) {
    await sleep(beganMs + second * sampleMs - performance.now())
    residentBytes = Math.max(residentBytes, operator.usage().residentBytes)
    if ((second * sampleMs) % probeMs === 0) await operator.probe()
    if ((second * sampleMs) % scrapeMs === 0) await operator.requests()
  }
  const cpuSeconds = operator.usage().cpuSeconds - cpuBefore
  const windowSeconds = (performance.now() - beganMs) / 1000
  const snapshots = fleet.questions.snapshot - snapshotsBefore
  const requests = difference(await operator.requests(), requestsBefore)
  const changed = changedObjects(before, await readVersions(client))
  for (const name of changed.slice(0, 10)) said(`changed: ${name}`)
  const count = (verbs: readonly string[]) => verbs.reduce((sum, verb) => sum + (requests.get(verb) ?? 0), 0)
  const writes = count(writingVerbs)
  return {
    cpuSeconds,
    windowSeconds,
    residentBytes,
    writes,
    leaseRenewals: count(['replace']),
    reads: count(['get', 'list', 'watch']),
    changedObjects: changed.length,
    snapshots,
  }
}

async function untilQuiet(client: KubeClient, operator: OperatorProcess, said: (text: string) => void): Promise<void> {
  let [versions, writes] = [await readVersions(client), await writesOf(operator)]
  for (let quiet = 0; quiet < quietLooks;) {
    await sleep(quietLookMs)
    const [versionsNow, writesNow] = [await readVersions(client), await writesOf(operator)]
    const changed = changedObjects(versions, versionsNow)
    quiet = changed.length === 0 && writesNow === writes ? quiet + 1 : 0
    if (quiet === 0) said(`not quiet: ${writesNow - writes} writes, changed ${changed.length}: ${changed[0] ?? ''}`)
    ;[versions, writes] = [versionsNow, writesNow]
  }
}

async function writesOf(operator: OperatorProcess): Promise<number> {
  const requests = await operator.requests()
  return writingVerbs.reduce((sum, verb) => sum + (requests.get(verb) ?? 0), 0)
}

/** Everything that belongs to clusters, and what is told of them: `Kind namespace/name` and its resourceVersion. */
async function readVersions(client: KubeClient): Promise<Map<string, string>> {
  const versions = new Map<string, string>()
  const add = ({ kind, metadata }: KubeObject) =>
    versions.set(`${kind} ${metadata.namespace}/${metadata.name}`, metadata.resourceVersion ?? '')
  for (const type of [brokerClusters, ...Object.values(childTypes)]) (await client.list(type, {})).items.forEach(add)
  // Controllers of Kubernetes tell of a fleet for minutes, because they are held to a few Events a second.
  const told = (await client.list<KubeObject & { reportingController?: string }>(events, {})).items
  told.filter(({ reportingController }) => reportingController === eventController).forEach(add)
  return versions
}

/** Events that are forgotten are no write. */
const changedObjects = (before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] => [
  ...[...after].filter(([name, version]) => before.get(name) !== version).map(([name]) => name),
  ...[...before.keys()].filter((name) => !after.has(name) && !name.startsWith('Event ')),
]

const difference = (after: ReadonlyMap<string, number>, before: ReadonlyMap<string, number>): Map<string, number> =>
  new Map([...after].map(([verb, count]) => [verb, count - (before.get(verb) ?? 0)]))
