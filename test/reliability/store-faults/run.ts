// One fault, again and again, under a load of several kinds of clients: real broker processes on one store, real clients with
// `failover:`. After each the members have to be one active and standbys without hands, and load has to flow. At the end all is received,
// each history is checked, and the store itself is asked who wrote.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { SmallVolume, whyNoVolume } from '../../support/loop-volume.ts'
import { whyNoMariadb } from '../../support/mariadb-server.ts'
import { whyNoPostgresql } from '../../support/postgresql-server.ts'
import { FencingGroup } from '../fencing-group.ts'
import { pause } from '../jms-kills/actor.ts'
import type { ActorName } from '../jms-kills/actors.ts'
import { RecordedLoad, type ActorFigures } from '../recorded-load.ts'
import { whyNoFirewall } from './database-way.ts'
import type { FaultRound, StoreFault, StoreName } from './fault.ts'
import { JdbcStore, type Locker } from './jdbc-store.ts'
import { Pulse } from './pulse.ts'
import { ReplicatedStore, replicatedMembers, whyNoZooKeeper } from './replicated-store.ts'
import { longestWait, takeoverFigures, type TakeoverFigures } from './takeover.ts'

export interface StoreFaultOptions {
  readonly store: StoreName
  /** Of stores in a database. */
  readonly locker: Locker
  readonly fault: StoreFault
  readonly rounds: number
  readonly seed: number
  /** One client alone, for what a takeover takes; without, its share of a busy machine is measured, too. */
  readonly light?: boolean
  readonly print?: (line: string) => void
}

export interface StoreFaultFigures {
  readonly rounds: number
  /** How long one client waited for an answer, in milliseconds. */
  readonly takeover: TakeoverFigures
  readonly actors: Readonly<Record<string, ActorFigures>>
}

const sharedMembers = 2
/** Several senders and consumers, plain and in transactions, selectors, durable subscribers. */
const actors: readonly ActorName[] = ['selectors', 'transfers', 'durable']
const maxReconnectDelayMs = 100
const mostPauseMs = 500
const roundsPerLine = 10
/** A server of MariaDB has some 100 MiB of its own. */
const volumeMiB = { journal: 48, 'jdbc-postgresql': 48, 'jdbc-mariadb': 300, replicated: 48 }

/** undefined: it can be tried here. */
export function whyNotHere(store: StoreName, { scene }: StoreFault): string | undefined {
  const noServer = {
    journal: undefined,
    'jdbc-postgresql': whyNoPostgresql(),
    'jdbc-mariadb': whyNoMariadb(),
    replicated: whyNoZooKeeper(),
  }[store]
  const noVolume = scene?.smallVolume ? whyNoVolume(() => new SmallVolume(volumeMiB.journal)) : undefined
  return noServer ?? noVolume ?? (scene?.way === 'firewall' ? whyNoFirewall() : undefined)
}

/** Rejects with what was wrong; logs of the brokers and histories are left where the error says. */
export async function runStoreFault(options: StoreFaultOptions): Promise<StoreFaultFigures> {
  const directory = mkdtempSync(join(tmpdir(), 'flotilla-store-faults-'))
  const place = await Place.make(options, directory)
  let run: FaultRun | undefined
  try {
    run = new FaultRun(options, place, await place.startMembers())
    const figures = await run.toTheEnd()
    await run.group.stop()
    await place.remove()
    rmSync(directory, { recursive: true, force: true })
    return figures
  } catch (error) {
    await run?.group.stop()
    await place.remove()
    run?.leave()
    const text = `Cannot call ${options.fault.name} on ${options.store} safe, seed ${options.seed}: ${(error as Error).message}\nLogs of the brokers and histories of the clients are in ${directory}`
    throw new Error(text, { cause: error })
  }
}

/** Where the members of a run keep what they store. */
class Place {
  readonly directory: string
  readonly volume: SmallVolume | undefined
  readonly database: JdbcStore | undefined
  readonly replicated: ReplicatedStore | undefined
  readonly #fault: StoreFault

  static async make({ fault, store, locker }: StoreFaultOptions, directory: string): Promise<Place> {
    const { scene = {} } = fault
    const volume = scene.smallVolume ? new SmallVolume(volumeMiB[store]) : undefined
    try {
      const terms = { locker, scene, directory, volume, members: sharedMembers }
      const isDatabase = store !== 'journal' && store !== 'replicated'
      const database = isDatabase ? await JdbcStore.start({ ...terms, name: store }) : undefined
      const replicated = store === 'replicated' ? await ReplicatedStore.start(directory) : undefined
      return new Place(directory, { volume, database, replicated }, fault)
    } catch (error) {
      volume?.remove()
      throw error
    }
  }

  private constructor(directory: string, parts: Pick<Place, 'volume' | 'database' | 'replicated'>, fault: StoreFault) {
    this.directory = directory
    this.volume = parts.volume
    this.database = parts.database
    this.replicated = parts.replicated
    this.#fault = fault
  }

  async startMembers(): Promise<FencingGroup> {
    const { directory, database, volume, replicated } = this
    const members = replicated ? replicatedMembers : sharedMembers
    const dataDirectory = join(database ? directory : (volume?.directory ?? directory), 'data')
    mkdirSync(dataDirectory)
    const group = await FencingGroup.start({
      directory,
      dataDirectory,
      count: members,
      ofMember: (index) => ({
        config: (database ?? replicated)?.configOf(index) ?? { store: { type: 'Journal', maxFileLength: '1Mi' } },
        ...(replicated && { dataDirectory: replicated.dataDirectoryOf(index) }),
        env: index === members - 1 ? this.#clock() : {},
      }),
    })
    await database?.watch()
    return group
  }

  async violations(group: FencingGroup): Promise<string[]> {
    if (this.database) return this.database.violations()
    // Each has a journal of its own, whose terms the members themselves look after.
    if (this.replicated) return []
    group.checkTerms()
    return []
  }

  async remove(): Promise<void> {
    await Promise.all([this.database?.stop(), this.replicated?.stop()])
    this.volume?.remove()
  }

  #clock(): NodeJS.ProcessEnv {
    const offMs = this.#fault.scene?.clockOffMs
    if (offMs === undefined) return {}
    const preload = pathToFileURL(join(import.meta.dirname, '..', '..', 'support', 'shifted-clock.mjs'))
    return { NODE_OPTIONS: `--import ${preload.href}`, FLOTILLA_TEST_CLOCK_OFF_MS: String(offMs) }
  }
}

class FaultRun {
  readonly group: FencingGroup
  readonly #options: StoreFaultOptions
  readonly #place: Place
  readonly #load: RecordedLoad
  #pulse: Pulse | undefined
  readonly #waits: number[] = []

  constructor(options: StoreFaultOptions, place: Place, group: FencingGroup) {
    this.#options = options
    this.#place = place
    this.group = group
    this.#load = new RecordedLoad({
      seed: options.seed,
      actors: options.light ? [] : actors,
      more: (terms) => [(this.#pulse = new Pulse(terms))],
      failoverUrl: group.failoverUrl(),
      maxReconnectDelayMs,
      stepsDown: true,
    })
  }

  async toTheEnd(): Promise<StoreFaultFigures> {
    const { rounds, fault, print } = this.#options
    this.#load.start()
    for (let round = 1; round <= rounds; round++) {
      await this.#load.goesOn()
      await this.#strikeOnce()
      await this.#look()
      if (round % roundsPerLine === 0) print?.(`${fault.name}: ${round} of ${rounds}, ${this.#load.progressText()}`)
    }
    await this.#load.goesOn()
    const wrong = await this.#load.finish()
    await this.#look(wrong)
    return { rounds, takeover: takeoverFigures(this.#waits), actors: this.#load.figures() }
  }

  /** For people, after a failure. */
  leave(): void {
    this.#load.leave(this.#place.directory)
    this.group.leaveLogs(this.#place.directory)
  }

  async #strikeOnce(): Promise<void> {
    const { group } = this
    const { database, volume, replicated } = this.#place
    const { dice } = this.#load
    const active = await group.active()
    await this.#load.meanwhile(pause(dice.between(0, mostPauseMs)))
    let fromMs = performance.now()
    const round: FaultRound = {
      group,
      dice,
      active,
      leaseMs: (database ?? replicated)?.leaseMs,
      server: database?.server,
      forgets: (member) => this.#load.forgotten(member.options.member),
      waitsFromNow: () => (fromMs = performance.now()),
      get database() {
        return present(database, 'database')
      },
      get volume() {
        return present(volume, 'volume')
      },
    }
    this.#load.trouble()
    await this.#load.meanwhile(this.#options.fault.strike(round))
    await this.#load.meanwhile(group.active())
    await this.#load.goesOn()
    this.#load.calm()
    const wait = longestWait(this.#pulse!.answersMs, fromMs)
    if (wait !== undefined) this.#waits.push(wait)
  }

  async #look(wrong: readonly string[] = []): Promise<void> {
    const all = [...wrong, ...this.group.violations, ...(await this.#place.violations(this.group))]
    if (all.length > 0) throw new Error(all.join('\n'))
  }
}

function present<T>(thing: T | undefined, name: string): T {
  if (thing === undefined) throw new Error(`This scene has no ${name}`)
  return thing
}
