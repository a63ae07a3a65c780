// `npm run bench:operator`: the operator beside many broker clusters that do nothing, on a real control plane. It runs as the
// image and the chart start it; kubelet and brokers are played (operator/fleet.ts). Measured are what the idle operator
// uses and writes, and how long one more cluster takes until its pods are there. Ends with 1 when a goal is missed.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { arch, cpus, loadavg, release, tmpdir, totalmem, type } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../broker/base/clock.ts'
import { type HttpKubeClient, openKubeClient } from '../../operator/kube/kube-client.ts'
import { loadClusterAccess } from '../../operator/kube/kube-config.ts'
import { type ControlPlane, startControlPlane } from '../kube/control-plane.ts'
import { parseCommandLine, refuse } from '../support/command-line.ts'
import { applyOneByOne, createClusters, waitUntilReady } from './operator/clusters.ts'
import { Fleet } from './operator/fleet.ts'
import { measureIdle } from './operator/idle.ts'
import { startOperatorProcess } from './operator/operator-process.ts'
import { buildScaleReport, buildSection, type ScaleFigures, scaleGoals, withSection } from './operator/report.ts'

const help = `npm run bench:operator -- [options]      needs Linux, root, and what hack/kube/kube needs
  --clusters N     of two members each (1000)
  --minutes M      how long the idle operator is watched (10)
  --further N      clusters that are applied afterwards, one after the other (50)
  --restart        the operator that is watched is started when all clusters are there already
  --profile        its CPU profile and a heap snapshot go to the folder that is printed
  --page           writes the figures to docs/benchmarks.md
`

const { values: flags } = parseCommandLine('bench:operator', help, {
  options: {
    clusters: { type: 'string', default: '1000' },
    minutes: { type: 'string', default: '10' },
    further: { type: 'string', default: '50' },
    restart: { type: 'boolean', default: false },
    profile: { type: 'boolean', default: false },
    page: { type: 'boolean', default: false },
  },
})
const [clusters, minutes, further] = (['clusters', 'minutes', 'further'] as const).map((flag) => {
  if (!(Number(flags[flag]) > 0)) refuse('bench:operator', `--${flag} ${flags[flag]} is no number above 0`)
  return Number(flags[flag])
}) as [number, number, number]
const operators = 'flotilla-system'
const page = join(import.meta.dirname, '..', '..', 'docs', 'benchmarks.md')
const chart = join(import.meta.dirname, '..', '..', 'charts', 'flotilla')

process.exitCode = await bench()

async function bench(): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'flotilla-operator-scale-'))
  const interrupted = nextSignal()
  const plane = await startControlPlane()
  const client = await openAdmin(plane)
  try {
    const figures = await Promise.race([measure(plane, client, directory), interrupted])
    console.log(`\n${buildScaleReport(figures)}`)
    if (flags.page)
      writeFileSync(page, withSection(readFileSync(page, 'utf8'), buildSection(figures, describeMachine())))
    return scaleGoals(figures).every(({ isReached }) => isReached) ? 0 : 1
  } finally {
    await client.close()
    await plane.stop()
    if (flags.profile) console.log(`profile: ${directory}`)
    else rmSync(directory, { recursive: true, force: true })
  }
}

async function openAdmin(plane: ControlPlane): Promise<HttpKubeClient> {
  return openKubeClient({
    access: await loadClusterAccess({ kubeconfig: plane.kubeconfig, env: {}, clock: systemClock }),
  })
}

async function measure(plane: ControlPlane, client: HttpKubeClient, directory: string): Promise<ScaleFigures> {
  const startedAt = new Date()
  const said = (text: string) => console.log(`${((Date.now() - startedAt.getTime()) / 1000).toFixed(0)} s: ${text}`)
  await plane.helm('install', 'flotilla', chart, '--namespace', operators, '--create-namespace')
  const nodeFlags = flags.profile ? ['--cpu-prof', `--cpu-prof-dir=${directory}`] : []
  const start = () => startOperatorProcess(plane, client, { namespace: operators, directory, nodeFlags })
  const fleet = new Fleet(client)
  let operator = await start()
  const whileItRuns = <T>(work: Promise<T>): Promise<T> => Promise.race([work, operator.failed])
  try {
    await createClusters(client, clusters)
    said(`${clusters} clusters are applied`)
    await whileItRuns(waitUntilReady(client, clusters, said))
    said('all are Ready')
    const filledPeakBytes = operator.usage().peakBytes
    if (flags.restart) {
      await operator.stop()
      operator = await start()
    }
    const idle = await whileItRuns(measureIdle({ client, fleet, operator, minutes, said }))
    const latencies = await whileItRuns(applyOneByOne(client, fleet, { from: clusters, count: further }))
    const peakBytes = Math.max(filledPeakBytes, operator.usage().peakBytes)
    const command = [
      'npm run bench:operator',
      ...(process.argv.length > 2 ? ['--', ...process.argv.slice(2)] : []),
    ].join(' ')
    const common = {
      clusters,
      minutes,
      further,
      command,
      startedAt: startedAt.toISOString(),
      endedAt: new Date().toISOString(),
    }
    return { ...common, ...idle, ...latencies, peakBytes }
  } finally {
    await operator.stop()
    await fleet.stop()
  }
}

function describeMachine(): string {
  const processors = cpus()
  const load = loadavg()
    .map((value) => value.toFixed(1))
    .join(', ')
  return [
    `${processors.length} × ${processors[0]?.model ?? 'unknown'} (${arch()})`,
    `${Math.round(totalmem() / 2 ** 30)} GiB, ${type()} ${release()}, Node ${process.version}; load of the last 1, 5 and 15 minutes ${load}`,
  ].join(', ')
}

/** What was started is ended first. */
function nextSignal(): Promise<never> {
  return new Promise((_, reject) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => reject(new Error(signal)))
  })
}
