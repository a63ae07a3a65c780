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
import { databaseStores, replicatedStores, type FaultRound, type StoreFault, type StoreName } from './fault.ts'
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
  /** Of copied stores: how long after the end of a fault until every member was in sync, in milliseconds. */
  readonly wholeAgain?: TakeoverFigures
  readonly actors: Readonly<Record<string, ActorFigures>>
}

const sharedMembers = 2
/** Several senders and consumers, plain and in transactions, selectors, durable subscribers. */
const actors: readonly ActorName[] = ['selectors', 'transfers', 'durable']
const maxReconnectDelayMs = 100
const mostPauseMs = 500
const roundsPerLine = 10
/** A server of MariaDB has some 100 MiB of its own. */
const volumeMiB = { journal: 48, 'jdbc-postgresql': 48, 'jdbc-mariadb': 300 }

const oneOf = <T extends StoreName>(names: readonly T[], store: StoreName): T | undefined =>
  names.find((name) => name === store)

/** undefined: it can be tried here. */
export function whyNotHere(store: StoreName, { scene }: StoreFault): string | undefined {
  const noServer = {
    journal: undefined,
    'jdbc-postgresql': whyNoPostgresql(),
    'jdbc-mariadb': whyNoMariadb(),
    replicated: whyNoZooKeeper(),
    'replicated-lease': undefined,
  }[store]
  const noVolume = scene?.smallVolume ? whyNoVolume(() => new SmallVolume(volumeMiB.journal)) : undefined
  return noServer ?? noVolume ?? (scene?.way === 'firewall' || scene?.networks ? whyNoFirewall() : undefined)
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
    const differences = place.replicated?.copyFaults() ?? []
    if (differences.length > 0) throw new Error(differences.join('\n'))
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
    const replicatedName = oneOf(replicatedStores, store)
    if (replicatedName) {
      const replicated = await ReplicatedStore.start({ name: replicatedName, scene, directory })
      return new Place(directory, { volume: undefined, database: undefined, replicated }, fault)
    }
    const name = oneOf(databaseStores, store)
    const volume = scene.smallVolume ? new SmallVolume(volumeMiB[name ?? 'journal']) : undefined
    try {
      const terms = { locker, scene, directory, volume, members: sharedMembers }
      const database = name && (await JdbcStore.start({ ...terms, name }))
      return new Place(directory, { volume, database, replicated: undefined }, fault)
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
      findsOutLate: replicated !== undefined,
      ofMember: (index) => {
        const clock = index === members - 1 ? this.#clock() : {}
        if (!replicated) {
          const config = database?.configOf(index) ?? { store: { type: 'Journal', maxFileLength: '1Mi' } }
          return { config, env: clock }
        }
        const place = replicated.placeOf(index)
        return { ...place, env: { ...place.env, ...clock } }
      },
    })
    await database?.watch()
    return group
  }

  async violations(group: FencingGroup): Promise<string[]> {
    if (this.database) return this.database.violations()
    // Each has a journal of its own, which are compared at the end.
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
  readonly #wholeAgainMs: number[] = []

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
    await this.group.checkDirect()
    await this.#look(wrong)
    await this.#place.replicated?.whole(this.group)
    const isCopied = this.#place.replicated !== undefined
    return {
      rounds,
      takeover: takeoverFigures(this.#waits),
      ...(isCopied && { wholeAgain: takeoverFigures(this.#wholeAgainMs) }),
      actors: this.#load.figures(),
    }
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
      get replicated() {
        return present(replicated, 'replicated store')
      },
      volumeOf: (member) => replicated?.volumeOf(member) ?? present(volume, 'volume'),
    }
    this.#load.trouble()
    await this.#load.meanwhile(this.#options.fault.strike(round))
    const mendedMs = performance.now()
    await this.#load.meanwhile(group.active())
    await Promise.all([this.#load.goesOn(), replicated && this.#wholeAgain(replicated, mendedMs)])
    this.#load.calm()
    const wait = longestWait(this.#pulse!.answersMs, fromMs)
    if (wait !== undefined) this.#waits.push(wait)
  }

  async #wholeAgain(replicated: ReplicatedStore, mendedMs: number): Promise<void> {
    await this.#load.meanwhile(replicated.whole(this.group))
    this.#wholeAgainMs.push(performance.now() - mendedMs)
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
