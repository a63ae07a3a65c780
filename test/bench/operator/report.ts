// The figures of the operator's bench held against the goals, and as text: the table, and its section of docs/benchmarks.md. Pure.
import { percentile } from '../statistics.ts'
import type { Latencies } from './clusters.ts'
import type { IdleFigures } from './idle.ts'

export interface ScaleFigures extends IdleFigures, Latencies {
  readonly clusters: number
  readonly minutes: number
  readonly further: number
  readonly startedAt: string
  readonly endedAt: string
  readonly command: string
  /** Highest of the whole life of the process. */
  readonly peakBytes: number
}

interface ScaleGoal {
  readonly title: string
  readonly goal: string
  readonly value: string
  readonly isReached: boolean
}

const maxCores = 0.05
const maxMiB = 200
/** Of the chart's container: beyond it the kernel kills the operator. */
const limitMiB = 256
const maxPodsMs = 300

export function scaleGoals(figures: ScaleFigures): ScaleGoal[] {
  const cores = figures.cpuSeconds / figures.windowSeconds
  const [resident, peak] = [figures.residentBytes, figures.peakBytes].map((bytes) => bytes / 2 ** 20) as [
    number,
    number,
  ]
  const ascending = [...figures.podsMs].sort((a, b) => a - b)
  const [p50, p99] = [percentile(ascending, 0.5), percentile(ascending, 0.99)]
  const row = (title: string, goal: string, value: string, isReached: boolean) => ({ title, goal, value, isReached })
  return [
    row('CPU, cores', `≤ ${maxCores}`, cores.toFixed(4), cores <= maxCores),
    row('resident memory, MiB, idle', `≤ ${maxMiB}`, resident.toFixed(0), resident <= maxMiB),
    row('resident memory, MiB, highest ever', `≤ ${limitMiB}`, peak.toFixed(0), peak <= limitMiB),
    row('writes', '0', String(figures.writes), figures.writes === 0),
    row('objects that changed', '0', String(figures.changedObjects), figures.changedObjects === 0),
    row('one more cluster: pods there, p50 ms', `≤ ${maxPodsMs}`, p50.toFixed(0), p50 <= maxPodsMs),
    row('one more cluster: pods there, p99 ms', `≤ ${maxPodsMs}`, p99.toFixed(0), p99 <= maxPodsMs),
  ]
}

export function buildScaleReport(figures: ScaleFigures): string {
  const sets = [...figures.statefulSetMs].sort((a, b) => a - b)
  const perMinute = (count: number) => (count / (figures.windowSeconds / 60)).toFixed(1)
  const further: [string, string][] = [
    ['one more cluster: StatefulSet there, p50 ms', percentile(sets, 0.5).toFixed(0)],
    ['one more cluster: StatefulSet there, p99 ms', percentile(sets, 0.99).toFixed(0)],
    ['reads of the API server a minute, watches among them', perMinute(figures.reads)],
    ['renewals of the Lease a minute', perMinute(figures.leaseRenewals)],
    ['questions to brokers a minute', perMinute(figures.snapshots)],
  ]
  return [
    '| figure | goal | measured | |',
    '|---|---|---|---|',
    ...scaleGoals(figures).map(
      ({ title, goal, value, isReached }) =>
        `| ${title} | ${goal} | ${value} | ${isReached ? 'reached' : '**missed**'} |`,
    ),
    ...further.map(([title, value]) => `| ${title} | – | ${value} | |`),
  ].join('\n')
}

const sectionTitle = '## The operator and idle clusters'

const explanation = (clusters: number, further: number): string[] => [
  `Written by \`npm run bench:operator -- --page\`. ${clusters.toLocaleString('en-US')} BrokerClusters of type MasterSlave with two members each, on a real etcd,`,
  'kube-apiserver and kube-controller-manager (`hack/kube/kube up`). The operator is a process as the image starts it, with its code',
  'compiled, the flags, the permissions and the memory limit of the chart, and leader election. There are no nodes: kubelet and brokers are',
  "played, but each member has an address of its own where the broker's own admin server answers. When all are Ready and nothing has",
  'changed for a while, the operator is watched from outside: CPU from `/proc`, memory each second, its requests from its metrics, and',
  'whether the resourceVersion of any object changed. It is probed and scraped meanwhile as by the chart. Memory counts everything that is',
  `resident, the files of Node as well; the highest ever is while the ${clusters.toLocaleString('en-US')} come within some minutes. Then ${further} further clusters are applied,`,
  'each 2 s after the one before is Ready: the StatefulSet controller allows itself 20 writes a second, 30 at once. Times are from the answer to',
  'the apply until a watch of the API server shows the objects, so that the StatefulSet controller is in them.',
]

/** With what was going on besides, which figures of time depend on. */
export function buildSection(figures: ScaleFigures, machine: string): string {
  const { clusters, further, startedAt, endedAt, command } = figures
  const measured = `From ${startedAt} to ${endedAt}, by \`${command}\`, on ${machine}.`
  return [sectionTitle, '', ...explanation(clusters, further), '', buildScaleReport(figures), '', measured, ''].join(
    '\n',
  )
}

/** The section as it stands in the page, which is made anew without it; empty when there is none. */
export function sectionOf(page: string): string {
  const begin = page.indexOf(sectionTitle)
  return begin === -1 ? '' : page.slice(begin)
}

export function withSection(page: string, section: string): string {
  const begin = page.indexOf(sectionTitle)
  const rest = (begin === -1 ? page : page.slice(0, begin)).trimEnd()
  return section === '' ? `${rest}\n` : `${rest}\n\n${section}`
}
