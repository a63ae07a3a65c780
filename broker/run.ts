// What the broker process does once it is loaded (main.mjs): reads its arguments and its configuration, and runs brokers
// until it is to end.
//
// A member that has to step down comes back as a standby. Whoever supervises the process does that best, because nothing
// of the old life is left then: in a pod, or with --exit-on-lock-loss, the process ends. A process started by hand has no
// supervisor: there a new Broker takes over inside the process, once store and lock of the old one are closed; if they
// cannot be closed in time, the process ends too.
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { hostname, networkInterfaces, totalmem } from 'node:os'
import { Command, InvalidArgumentError } from 'commander'
import { systemClock } from './base/clock.ts'
import { errorCode, errorMessage, FlotillaError } from './base/errors.ts'
import type { Logger } from './base/logger.ts'
import { createLogger } from './base/pino-logger.ts'
import type { Random } from './base/random.ts'
import { Broker } from './broker.ts'
import { ConfigError, defaultBrokerConfig, loadBrokerConfig } from './config/load.ts'
import { memoryLimitBytes } from './config/memory-limit.ts'
import type { BrokerConfig } from './config/schema.ts'
import { nodeDisk } from './disk/node-disk.ts'
import { restartDelayMs, stopTimeoutMs } from './limits.ts'
import { apiAccess } from './lock/election/kubernetes/api-access.ts'
import { openLeaseClient } from './lock/election/kubernetes/http-lease-client.ts'
import { openWatch } from './lock/open-watch.ts'
import type { LockHolder } from './lock/lock.ts'
import { adminPaths } from './management/contract.ts'
import { roleAt } from './management/role-at.ts'
import { networkProblemsOf } from './member/network-settings.ts'
import { priorityPoliciesOf } from './member/region-settings.ts'
import { PolicyMap } from './routing/policy-map.ts'
import { openDatabase } from './storage/open-jdbc.ts'
import { openStorage } from './storage/open-storage.ts'
import type { JdbcParts, StorageParts } from './storage/storage-parts.ts'

interface Arguments {
  readonly config?: string
  readonly dataDirectory: string
  readonly member: string
  readonly adminPort?: number
  readonly openwirePort?: number
  readonly exitOnLockLoss: boolean
}

const version = (
  JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { readonly version: string }
).version

/** The journal wants numbers that nobody can guess. */
const cryptographicRandom: Random = { next: () => crypto.getRandomValues(new Uint32Array(1))[0]! / 2 ** 32 }

/** There the address of this member goes with its process, and a supervisor starts it again. */
const isInPod = process.env['KUBERNETES_SERVICE_HOST'] !== undefined

export const exitCodes = { stopped: 0, failed: 1, wrongInput: 2, steppedDown: 3 } as const

/** Does not return: ends the process. */
export async function runBrokerProcess(): Promise<never> {
  // A reader of our output that goes away must not take the broker with it.
  process.stdout.on('error', () => {})
  const parsed = parseArguments()
  const config = await configOf(parsed)
  const logger = createLogger({ level: config.logLevel, readable: process.stdout.isTTY })
  process.on('uncaughtExceptionMonitor', (error) => logger.error('The broker failed', { error }))
  // Nothing that still waits somewhere keeps a stopped broker alive.
  return endProcess(await runUntilEnd(config, parsed, logger))
}

/** An end that could not let go of store or lock: the disk hangs, and an orderly exit would wait for it. */
const cut = Symbol('cut')

/** process.exit joins the threads that wait for the disk, so that one that hangs would keep process and lock for ever. */
function endProcess(code: number | typeof cut): never {
  if (code === cut) process.kill(process.pid, 'SIGKILL')
  process.exit(code === cut ? exitCodes.steppedDown : code)
}

async function runUntilEnd(config: BrokerConfig, parsed: Arguments, logger: Logger): Promise<number | typeof cut> {
  for (let life = 1; ; life++) {
    let broker: Broker
    try {
      const special = { jdbc: await jdbcPartsOf(config, logger), replicated: await secretsOf(config) }
      broker = buildBroker(config, parsed, life === 1, logger, special)
    } catch (error) {
      logger.error(errorMessage(error))
      return exitCodes.failed
    }
    const release = stopOnSignals(broker, logger)
    // Told by `ended` as well.
    broker.start().catch(() => {})
    const end = await broker.ended
    if (!end.steppedDown) {
      if (end.closed && isInPod) await aliveUntil(broker.succeeded(isActive))
      return end.closed ? exitCodes.stopped : cut
    }
    release()
    if (!end.closed) return cut
    const isRefused = errorCode(end.reason) === 'STORAGE_REFUSED' && parsed.exitOnLockLoss
    if (end.cannotStart && !isRefused && !isReplaced(end.reason)) {
      logger.error(errorMessage(end.reason), fieldsOf(end.reason))
      return exitCodes.failed
    }
    const isKeptOut = end.cannotStart && isOfDatabase(end.reason)
    if (parsed.exitOnLockLoss && !isRefused && !isKeptOut) return exitCodes.steppedDown
    // Refused when it was a standby already, of a directory that had no name before: the next life waits from the start.
    logger.warn(isRefused ? 'Starting anew' : 'Coming back as a standby', { reason: end.reason.message })
    await new Promise((resolve) => setTimeout(resolve, restartDelayMs))
  }
}

/** Once all ports are closed, nothing else would keep the process: the clock's timers do not. */
async function aliveUntil(over: Promise<void>): Promise<void> {
  const alive = setTimeout(() => {}, stopTimeoutMs)
  await over
  clearTimeout(alive)
}

async function isActive({ watchUrl, member }: LockHolder): Promise<boolean> {
  const answer = watchUrl === undefined ? undefined : await roleAt(watchUrl)
  return answer?.role === 'Active' && answer.member === member
}

/**
 * Another member was faster, or took over before this one was active: nothing is wrong with this one. Nor is it when its database went
 * away in the meantime.
 */
const isReplaced = (error: unknown): boolean => comingBack.includes(errorCode(error) ?? '')

/** There is nothing to clean up behind it, and a supervisor would wait longer with each time, also when the database has been back for long. */
const isOfDatabase = (error: unknown): boolean => errorCode(error)?.startsWith('SQL_') === true

const comingBack = [
  'LOCK_LOST',
  'JOURNAL_FENCED',
  'REPLICATION_CLOSED',
  'SQL_FENCED',
  'SQL_UNREACHABLE',
  'SQL_READONLY',
  'SQL_CONFLICT',
  'SQL_NOSPACE',
]

/** What one kind of store alone is made with. */
type SpecialParts = Pick<StorageParts, 'jdbc' | 'replicated'>

/** Of a replicated store. Rejects for a file that cannot be read. */
async function secretsOf({ store }: BrokerConfig): Promise<StorageParts['replicated']> {
  if (store.type !== 'Replicated') return undefined
  const { securityToken, securityTokenFile, zkAddress, zkAddressFile, zkPassword, zkPasswordFile, zkTls } = store
  const textOf = async (path: string | undefined): Promise<string | undefined> =>
    path === undefined ? undefined : (await readFile(path, 'utf8')).trim()
  return {
    // A name by which others find it, which that of a container is not.
    hostName: process.env['FLOTILLA_HOST_NAME'] || hostname(),
    leaseClient: store.lease && (await openLeaseClient({ access: apiAccess(process.env), ...store.lease })),
    securityToken: securityToken ?? (await textOf(securityTokenFile)) ?? '',
    // Beside its file the address is only the default.
    zkAddress: (await textOf(zkAddressFile)) ?? zkAddress,
    zkPassword: zkPassword ?? (await textOf(zkPasswordFile)),
    zkTls: zkTls && {
      ca: await textOf(zkTls.caFile),
      cert: await textOf(zkTls.certFile),
      key: await textOf(zkTls.keyFile),
    },
  }
}

async function jdbcPartsOf(config: BrokerConfig, logger: Logger): Promise<JdbcParts | undefined> {
  const { store } = config
  if (store.type !== 'JDBC') return undefined
  const readText = (path: string): Promise<string> => readFile(path, 'utf8')
  const database = await openDatabase(store, { clock: systemClock, logger, readFile: readText })
  const policies = new PolicyMap(priorityPoliciesOf(config))
  return { database, isPrioritized: (kind, name) => policies.for({ kind, name })?.prioritizedMessages === true }
}

/** In a later life the data directory is not made: an empty one in its place would hide what is stored. */
function buildBroker(
  config: BrokerConfig,
  { dataDirectory, member, exitOnLockLoss }: Arguments,
  makesDirectory: boolean,
  logger: Logger,
  special: SpecialParts,
): Broker {
  const availableMemoryBytes = Math.min(process.constrainedMemory() || Number.POSITIVE_INFINITY, totalmem())
  const storage = openStorage(config, {
    member,
    hostName: hostname(),
    dataDirectory,
    makesDirectory,
    disk: nodeDisk,
    clock: systemClock,
    random: cryptographicRandom,
    logger,
    memoryLimitBytes: memoryLimitBytes(config.memoryLimit, availableMemoryBytes),
    watchUrl: () => watchUrl(config.admin.host, broker.adminPort),
    openWatch,
    ...special,
  })
  const broker = new Broker({
    config,
    member,
    version,
    // A name by which others find it, which that of a container is not.
    hostName: process.env['FLOTILLA_HOST_NAME'] || hostname(),
    clock: systemClock,
    logger,
    storage,
    availableMemoryBytes,
    // A supervisor would start it again and again.
    waitsWhenRefused: exitOnLockLoss,
  })
  return broker
}

/** Where the other members can wait for our end; a port that is open on all addresses is named by one of them. */
function watchUrl(host: string, port: number): string {
  const isWildcard = host === '0.0.0.0' || host === '::'
  const known = isWildcard ? addressForOthers() : host
  return `http://${known.includes(':') ? `[${known}]` : known}:${port}${adminPaths.watch}`
}

function addressForOthers(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((some) => some ?? [])
  const reachable = addresses.filter(({ internal, scopeid }) => !internal && !scopeid)
  return (reachable.find(({ family }) => family === 'IPv4') ?? reachable[0])?.address ?? '127.0.0.1'
}

/** Returns how to stop listening. A second signal ends the process at once. */
function stopOnSignals(broker: Broker, logger: Logger): () => void {
  let stopping = false
  const stop = (signal: NodeJS.Signals): void => {
    if (stopping) endProcess(cut)
    stopping = true
    logger.info('Stopping', { signal })
    setTimeout(() => {
      logger.error('Cannot stop in time', { stopTimeoutMs })
      endProcess(cut)
    }, stopTimeoutMs).unref()
    void broker.stop()
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  return () => {
    process.off('SIGTERM', stop)
    process.off('SIGINT', stop)
  }
}

function parseArguments(): Arguments {
  const command = new Command('broker')
    .description('Runs one member of a broker group. Without a file: OpenWire on 61616, admin port 8161, a journal.')
    .version(version)
    .option('--config <file>', 'configuration, YAML or JSON')
    .option('--data-directory <directory>', 'journal and lock; the same for all members of the group', './data')
    .option('--member <name>', 'name of this member in its group', `${hostname()}-${process.pid}`)
    .option('--admin-port <port>', "port of the admin server, instead of the configuration's", parsePort)
    .option(
      '--openwire-port <port>',
      "port of the first transport connector, instead of the configuration's",
      parsePort,
    )
    .option('--exit-on-lock-loss', 'end with code 3 instead of coming back as a standby; always so in a pod', isInPod)
    .allowExcessArguments(false)
    .exitOverride((error) => process.exit(error.exitCode === 0 ? exitCodes.stopped : exitCodes.wrongInput))
  return command.parse().opts<Arguments>()
}

function parsePort(text: string): number {
  const port = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (port <= 65_535) return port
  throw new InvalidArgumentError('A number from 0 to 65535 is accepted; 0 takes any free port.')
}

async function configOf({ config: path, adminPort, openwirePort }: Arguments): Promise<BrokerConfig> {
  try {
    const config = path === undefined ? defaultBrokerConfig() : await loadBrokerConfig(path)
    const problems = networkProblemsOf(config)
    if (problems.length > 0) throw new ConfigError(path ?? 'defaults', problems)
    if (adminPort !== undefined) config.admin.port = adminPort
    if (openwirePort !== undefined) config.transportConnectors[0]!.port = openwirePort
    return config
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exit(exitCodes.wrongInput)
  }
}

function fieldsOf(error: unknown): Readonly<Record<string, unknown>> {
  return error instanceof FlotillaError ? { code: error.code, ...error.fields } : { error }
}
