// A database for the members of a run, on servers that the run starts and kills itself. Each member has a user of its own, and a
// way of its own to get there.
import type { ChildProcess } from 'node:child_process'
import { chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { BrokerConfigInput } from '../../../broker/config/schema.ts'
import { freePorts } from '../../../hack/ports/free-ports.ts'
import type { BrokerMember } from '../../support/broker-process.ts'
import type { DatabaseServer } from '../../support/database-server.ts'
import type { SmallVolume } from '../../support/loop-volume.ts'
import { MariadbServer } from '../../support/mariadb-server.ts'
import { PostgresqlServer } from '../../support/postgresql-server.ts'
import { FirewallWay, ProxyWay, type DatabaseWay } from './database-way.ts'
import type { DatabaseStoreName, Scene } from './fault.ts'
import { watchWriters, writerFaults, writersOf } from './writers.ts'

const database = 'flotilla'
/** Of the test, and none of the members'. */
const guest = `${database}_guest`
const pollMs = 50

export type Locker = 'Lease' | 'Database'

/** Shorter than by default, so that runs are. */
export const leaseMs = 2000
const renewMs = 500

export interface JdbcTerms {
  readonly name: DatabaseStoreName
  readonly locker: Locker
  readonly scene: Scene
  readonly directory: string
  readonly volume: SmallVolume | undefined
  readonly members: number
}

export class JdbcStore {
  readonly #locker: Locker
  readonly #ways: readonly DatabaseWay[]
  readonly #url: (member: number) => string
  #server: DatabaseServer
  #second: PostgresqlServer | undefined

  static async start(terms: JdbcTerms): Promise<JdbcStore> {
    const { name, scene, directory, volume, members } = terms
    // The servers' accounts have to get to their directories.
    chmodSync(directory, 0o755)
    const [port, secondPort] = (await freePorts(2)) as [number, number]
    const users = [guest, ...Array.from({ length: members }, (_, member) => userOf(member))]
    if (name === 'jdbc-mariadb') {
      const server = new MariadbServer(join(volume?.directory ?? directory, 'server'), port)
      await server.initialize()
      await server.start()
      await server.createDatabase(database, users)
      return new JdbcStore(terms, server, undefined, await waysTo(port, scene, members))
    }
    const server = new PostgresqlServer(join(directory, 'server'), port)
    await server.initialize()
    await server.start()
    await server.createDatabase(database, users, volume && folderOn(volume))
    const second = scene.second && new PostgresqlServer(join(directory, 'second'), secondPort)
    const store = new JdbcStore(terms, server, second, await waysTo(port, scene, members))
    if (second) await store.makeSecond()
    return store
  }

  private constructor(
    { name, locker, scene }: JdbcTerms,
    server: DatabaseServer,
    second: PostgresqlServer | undefined,
    ways: readonly DatabaseWay[],
  ) {
    this.#locker = locker
    this.#server = server
    this.#second = second
    this.#ways = ways
    const [first, last] = [server, second].map((one) => one && `127.0.0.1:${one.port}`)
    const hosts = scene.second === 'first' ? `${last},${first}` : `${first},${last}`
    const scheme = `jdbc:${name.slice('jdbc-'.length)}:`
    this.#url = (member) =>
      second
        ? `${scheme}//${hosts}/${database}?targetServerType=primary`
        : `${scheme}//${ways[member]?.address ?? first}/${database}`
  }

  /** The one that takes writes. */
  get server(): DatabaseServer {
    return this.#server
  }

  get leaseMs(): number | undefined {
    return this.#locker === 'Lease' ? leaseMs : undefined
  }

  configOf(member: number): BrokerConfigInput {
    return {
      store: {
        type: 'JDBC',
        url: this.#url(member),
        username: userOf(member),
        locker: this.#locker,
        lease: { duration: `${leaseMs}ms`, renewInterval: `${renewMs}ms` },
      },
    }
  }

  /** When the members have made the tables. */
  watch(): Promise<void> {
    return watchWriters(this.#server, database)
  }

  async violations(): Promise<string[]> {
    return writerFaults(await writersOf(this.#server, database))
  }

  wayOf(member: BrokerMember): DatabaseWay {
    return this.#ways[indexOf(member)]!
  }

  async endSessionsOf(member: BrokerMember): Promise<void> {
    await this.#server.endSessions(userOf(indexOf(member)))
  }

  /** All of them; resolves when there are no more, with what gives them back. */
  async takeConnections(): Promise<() => Promise<void>> {
    const programs: ChildProcess[] = []
    do {
      programs.push(this.#server.occupy(guest, database))
      await new Promise((resolve) => setTimeout(resolve, pollMs))
    } while (await this.#server.query('SELECT 1', database, guest).catch(() => false))
    return async () => {
      for (const program of programs) program.kill('SIGKILL')
      // The server would notice only at the end of their statements.
      await this.#server.endSessions(guest)
    }
  }

  /** Its standby takes the place of the server, which must be dead. */
  async promoteSecond(): Promise<void> {
    const heir = this.#second!
    await heir.promote()
    this.#second = this.#server as PostgresqlServer
    this.#server = heir
  }

  /** Makes the other one follow the server, and its commits wait for that. */
  async makeSecond(): Promise<void> {
    const server = this.#server as PostgresqlServer
    await this.#second!.followFrom(server)
    await this.#second!.start()
    await server.waitForStandby()
  }

  async stop(): Promise<void> {
    await Promise.all([this.#server.kill(), this.#second?.kill()])
    await Promise.all(this.#ways.map((way) => way.close()))
  }
}

const userOf = (member: number): string => `${database}_${member}`

const indexOf = ({ options }: BrokerMember): number => Number(options.member.split('-').at(-1))

async function waysTo(port: number, { way }: Scene, members: number): Promise<DatabaseWay[]> {
  const numbers = Array.from({ length: members }, (_, member) => member)
  if (way === 'firewall') return numbers.map((member) => new FirewallWay(member, port))
  return way === 'proxy' ? Promise.all(numbers.map(() => ProxyWay.to(port))) : []
}

function folderOn({ directory }: SmallVolume): string {
  const folder = join(directory, 'tablespace')
  mkdirSync(folder)
  return folder
}
