// Brokers of which several processes hold a copy of one store, for `npm run bench -- --store replicated`: our three members, elected by a ZooKeeper
// that all runs share, and Artemis's pair of primary and backup. Each has its default in everything else; that of ours is quorum_disk.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { BrokerConfigInput } from '../../broker/config/schema.ts'
import type { BrokerSnapshot } from '../../broker/management/contract.ts'
import { freePorts } from '../../hack/ports/free-ports.ts'
import { BrokerMember, settled } from '../support/broker-process.ts'
import { runTool } from '../support/java-clients.ts'
import { RealZooKeepers, whyNoZooKeeper } from '../support/zookeeper-ensemble.ts'
import { ZooKeeperServers } from '../support/zookeeper-server.ts'
import {
  artemisHome,
  artemisInstance,
  artemisSettings,
  artemisVersion,
  flotillaVersion,
  PeerProcess,
  rewriteArtemis,
  type BenchBroker,
  type RunningBroker,
  type StandbyCopy,
} from './brokers.ts'

const replicas = 3
const inSyncWithinMs = 300_000
const lookMs = 20
/** What a load leaves unread between two looks at the journal. */
const fewBytes = 4 * 2 ** 20
/** Of the ports in a template: they stand for those of the primary and of the backup. */
const templatePorts = [31_616, 31_617] as const

export interface BenchZooKeeper {
  readonly title: string
  readonly address: string
  stop(): Promise<void>
}

/** One server: Debian's, or the small one of the tests where that is not installed. */
export async function startBenchZooKeeper(): Promise<BenchZooKeeper> {
  if (whyNoZooKeeper() === undefined) {
    const real = await RealZooKeepers.start(1)
    return { title: 'ZooKeeper of Debian', address: real.address, stop: () => real.stop() }
  }
  const small = await ZooKeeperServers.start(1)
  return { title: 'the small ZooKeeper of the tests', address: small.address, stop: () => small.close() }
}

export function replicatedFlotilla({ title, address: zkAddress }: BenchZooKeeper): BenchBroker {
  let groups = 0
  return {
    id: 'flotilla-replicated',
    title: `Flotilla ${flotillaVersion()} replicated`,
    settings: `Three members, quorum_disk, elected by one server of ${title}.`,
    async start({ directory, env, storesFirst = false }) {
      const ports = await freePorts(3 * replicas)
      const zkPath = `/flotilla/bench-${++groups}`
      const members = Array.from({ length: replicas }, (_, index) => {
        const store: BrokerConfigInput['store'] = {
          type: 'Replicated',
          replicas,
          bind: `tcp://127.0.0.1:${ports[3 * index]}`,
          hostname: '127.0.0.1',
          zkAddress,
          zkPath,
          ...(storesFirst ? { concurrentStoreAndDispatchQueues: false } : {}),
        }
        return new BrokerMember({
          member: `member-${index}`,
          directory,
          dataDirectory: join(directory, `data-${index}`),
          config: { store },
          env,
          openwirePort: ports[3 * index + 1]!,
          adminPort: ports[3 * index + 2]!,
        }).start()
      })
      const active = await settled(members)
      await othersInSync(active)
      return new Group(members, active)
    },
  }
}

async function othersInSync(active: BrokerMember): Promise<void> {
  for (const { name } of (await snapshotOf(active)).replication?.members ?? []) await inSync(active, name)
}

async function snapshotOf({ options }: BrokerMember): Promise<BrokerSnapshot> {
  const answer = await fetch(`http://127.0.0.1:${options.adminPort}/snapshot`)
  return (await answer.json()) as BrokerSnapshot
}

/** Looks until the active says so of that member. */
async function inSync(active: BrokerMember, name: string): Promise<void> {
  const deadline = Date.now() + inSyncWithinMs
  for (;;) {
    const { replication } = await snapshotOf(active)
    const member = replication?.members?.find((other) => other.name === name)
    if (member?.inSync) return
    if (Date.now() > deadline) throw new Error(`${name} is not in sync: ${JSON.stringify(replication)}`)
    await new Promise((resolve) => setTimeout(resolve, lookMs))
  }
}

/** Looks until the member itself has read what it has: then it could serve within moments. */
async function hasRead(member: BrokerMember): Promise<void> {
  const deadline = Date.now() + inSyncWithinMs
  for (;;) {
    const snapshot = await snapshotOf(member)
    const { lagBytes } = snapshot.store
    if (lagBytes !== null && lagBytes < fewBytes) return
    if (Date.now() > deadline) throw new Error(`${member.options.member} has not read ${lagBytes} bytes`)
    await new Promise((resolve) => setTimeout(resolve, lookMs))
  }
}

/** Seen as its active, which stays. */
class Group implements RunningBroker {
  readonly pid: number
  readonly port: number
  readonly url: string
  readonly others: readonly BrokerMember[]
  readonly #members: readonly BrokerMember[]

  constructor(members: readonly BrokerMember[], active: BrokerMember) {
    this.#members = members
    this.pid = active.pid
    this.port = active.options.openwirePort
    this.url = active.url
    this.others = members.filter((member) => member !== active)
  }

  get standby(): StandbyCopy {
    const away = this.others[0]!
    const active = this.#members.find((member) => !this.others.includes(member))!
    return {
      inSync: () => inSync(active, away.options.member),
      leave: async () => void (await away.stop('SIGKILL')),
      comeBack: async () => {
        const startedAt = performance.now()
        away.start()
        await inSync(active, away.options.member)
        const inSyncMs = performance.now() - startedAt
        await hasRead(away)
        return { inSyncMs, readyMs: performance.now() - startedAt }
      },
    }
  }

  log(): string {
    return this.#members.map(({ log }) => log.slice(-20).join('')).join('\n')
  }

  restart(): void {
    for (const member of this.#members) member.start()
  }

  async stop(signal: NodeJS.Signals): Promise<void> {
    await Promise.all(this.#members.map((member) => member.stop(signal)))
  }
}

/** As `artemis create --clustered --replicated` makes them. Replication goes over the port of the clients, in the core protocol. */
export function replicatedArtemis(workDirectory: string): BenchBroker {
  const home = artemisHome()
  const templates = (['primary', 'backup'] as const).map((role, index) => {
    const template = join(workDirectory, `artemis-${role}`)
    const [port, other] = index === 0 ? templatePorts : templatePorts.toReversed()
    const cluster = ['--clustered', '--cluster-user', 'bench', '--cluster-password', 'bench', '--host', '127.0.0.1']
    const ports = ['--default-port', String(port), '--staticCluster', `tcp://127.0.0.1:${other}`]
    const backup = role === 'backup' ? ['--backup'] : []
    runTool(join(home, 'bin', 'artemis'), [
      'create',
      template,
      '--replicated',
      ...artemisInstance,
      ...cluster,
      ...ports,
      ...backup,
    ])
    return template
  })
  return {
    id: 'artemis-replicated',
    title: `Artemis ${artemisVersion} replicated`,
    settings: `Primary and backup, as "artemis create --clustered --replicated" makes them here: ${artemisSettings(templates[0]!)}`,
    async start({ directory, env }) {
      mkdirSync(directory, { recursive: true })
      const ports = await freePorts(templatePorts.length)
      const started = templates.map((template, index) => {
        const instance = join(directory, `instance-${index}`)
        rewriteArtemis(template, instance, (text) =>
          templatePorts
            .reduce((changed, port, at) => changed.replaceAll(`:${port}`, `:${ports[at]}`), text)
            .replace(/protocols=[A-Z,]+/, 'protocols=CORE,OPENWIRE'),
        )
        return new PeerProcess(join(instance, 'bin', 'artemis'), ['run'], env, ports[index]!)
      })
      const [primary, backup] = started as [PeerProcess, PeerProcess]
      // The backup says that it has everything.
      await backup.hasLogged('AMQ221024', inSyncWithinMs)
      return {
        pid: primary.pid,
        port: primary.port,
        url: primary.url,
        others: [backup],
        log: () => started.map((broker) => broker.log()).join('\n'),
        restart: () => started.forEach((broker) => broker.restart()),
        stop: async (signal) => void (await Promise.all(started.map((broker) => broker.stop(signal)))),
      }
    },
  }
}
