// The operator process: settings, signals, exit codes.
//
//   0  stopped by SIGTERM or SIGINT      1  could not start      2  wrong settings
import { readFileSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { systemClock } from '../broker/base/clock.ts'
import { errorMessage } from '../broker/base/errors.ts'
import type { Logger } from '../broker/base/logger.ts'
import { createLogger } from '../broker/base/pino-logger.ts'
import { systemRandom } from '../broker/base/random.ts'
import { openBrokerAdmin } from './broker-admin/http-broker-admin.ts'
import { type OperatorSettings, parseOperatorSettings } from './config/operator-settings.ts'
import { keepHeapSmall } from './heap-growth.ts'
import { openKubeClient } from './kube/kube-client.ts'
import { loadClusterAccess } from './kube/kube-config.ts'
import { stopTimeoutMs } from './limits.ts'
import { startOperator } from './operator.ts'
import { openHealthServer } from './serve/health-server.ts'
import { OperatorMetrics } from './serve/operator-metrics.ts'

const exitCodes = { stopped: 0, failed: 1, wrongSettings: 2 } as const

await main()

async function main(): Promise<void> {
  keepHeapSmall()
  const parsed = parseOperatorSettings(process.argv.slice(2), process.env, randomBytes(4).toString('hex'))
  if (parsed.ok === 'help') return void process.stdout.write(parsed.text)
  if (!parsed.ok) {
    process.stderr.write(`Cannot start the operator:\n${parsed.problems.map((problem) => `  ${problem}\n`).join('')}`)
    process.exit(exitCodes.wrongSettings)
  }
  const logger = createLogger({ level: parsed.settings.logLevel, readable: process.stdout.isTTY })
  try {
    process.exitCode = await runUntilEnd(parsed.settings, logger)
  } catch (error) {
    logger.error(errorMessage(error))
    process.exitCode = exitCodes.failed
  }
  // Nothing that still waits somewhere keeps a stopped operator alive.
  process.exit()
}

async function runUntilEnd(settings: OperatorSettings, logger: Logger): Promise<number> {
  const version = packageVersion()
  const access = await loadClusterAccess({ ...settings, env: process.env, clock: systemClock })
  const metrics = new OperatorMetrics()
  const onAnswer = (verb: string, code: number | undefined): void => metrics.requested(verb, code)
  const client = openKubeClient({ access, userAgent: `flotilla-operator/${version}`, onAnswer })
  const brokerAdmin = openBrokerAdmin()
  const { enabled, leaseName, leaseNamespace, identity } = settings.leaderElection
  const operator = startOperator({
    client,
    cutRequests: () => client.cutRequests(),
    brokerAdmin,
    metrics,
    clock: systemClock,
    random: systemRandom,
    logger,
    brokerImage: settings.brokerImage ?? `ghcr.io/flotilla-mq/flotilla:${version}`,
    brokerUser: settings.brokerUser,
    watchNamespaces: settings.watchNamespaces,
    lease: enabled ? { namespace: leaseNamespace ?? access.namespace, name: leaseName } : undefined,
    identity,
    concurrency: settings.concurrency,
  })
  const source = {
    notReadyReason: () => operator.notReadyReason(),
    renderMetrics: () => metrics.render(operator.clusters()),
  }
  const health = await openHealthServer(source, settings.health, logger)
  logger.info('Operator started', { version, server: access.server, healthPort: health.port, identity })
  const signal = await nextSignal()
  logger.info('Stopping', { reason: signal })
  await withinTime(operator.stop())
  await withinTime(Promise.all([health.close(), client.close(), brokerAdmin.close()]))
  return exitCodes.stopped
}

/** A second signal ends the process at once. */
function nextSignal(): Promise<string> {
  return new Promise((resolve) => {
    let stopping = false
    const stop = (signal: NodeJS.Signals): void => {
      if (stopping) process.exit(exitCodes.failed)
      stopping = true
      resolve(signal)
    }
    process.on('SIGTERM', stop)
    process.on('SIGINT', stop)
  })
}

function withinTime(done: Promise<unknown>): Promise<unknown> {
  return Promise.race([done, new Promise((resolve) => setTimeout(resolve, stopTimeoutMs))])
}

function packageVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { readonly version: string }).version
}
