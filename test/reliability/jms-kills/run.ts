// SIGKILLs under a load of several actors: a pair of real broker processes on one data directory, whose active is killed again
// and again at a random moment, sometimes with its standby, sometimes its heir right after it. Whoever was killed is started
// again at once. At the end all is received, and each actor's history is checked.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { seededRandom } from '../../../broker/base/random.ts'
import { activeAfter, type BrokerMember } from '../../support/broker-process.ts'
import { FencingGroup } from '../fencing-group.ts'
import { Dice, pause, type Actor } from './actor.ts'
import { actorKinds, type ActorName } from './actors.ts'
import type { World } from './client.ts'
import { LetterReader } from './letter-reader.ts'
import { describeFault, type Event } from './history.ts'

export interface JmsKillsOptions {
  readonly seed: number
  /** How often an active member is killed. */
  readonly kills: number
  readonly actors: readonly ActorName[]
  readonly print?: (line: string) => void
}

export interface JmsKillsFigures {
  readonly kills: number
  /** Of these with the standby, so that a start was cold; and of heirs, right after they took over. */
  readonly cold: number
  readonly heirs: number
  readonly actors: Readonly<Record<string, ActorFigures>>
}

export interface ActorFigures {
  /** Sends, plain and in transactions. */
  readonly sends: number
  readonly deliveries: number
  /** Transactions and acknowledgements. */
  readonly done: number
  readonly undone: number
  readonly inDoubt: number
  readonly letters: number
  readonly subscriptions: number
}

/** So many units and sends each actor brings to their end between two kills, at least and at most. */
const leastProgress = 3
const mostProgress = 30
const longestWaitMs = 120_000
const mostPauseMs = 500
const killsPerLine = 10
const shownFaults = 5

/** Rejects with what was wrong; brokers' logs and histories are left where the error says. */
export async function runJmsKills(options: JmsKillsOptions): Promise<JmsKillsFigures> {
  const directory = mkdtempSync(join(tmpdir(), 'flotilla-jms-kills-'))
  const group = await FencingGroup.start({
    directory,
    dataDirectory: join(directory, 'data'),
    config: {
      store: { type: 'Journal', maxFileLength: '1Mi' },
      destinationPolicies: options.actors.flatMap((name) => [...actorKinds[name].policies]),
    },
  })
  const run = new KillRun(options, group)
  try {
    const figures = await run.toTheEnd()
    await group.stop()
    rmSync(directory, { recursive: true, force: true })
    return figures
  } catch (error) {
    await group.stop()
    run.leave(directory)
    const text = `Cannot call it safe, seed ${options.seed}: ${(error as Error).message}\nLogs of the brokers and histories of the actors are in ${directory}`
    throw new Error(text, { cause: error })
  }
}

class KillRun {
  readonly #options: JmsKillsOptions
  readonly #group: FencingGroup
  readonly #world: World
  readonly #dice: Dice
  readonly #actors: readonly Actor[]
  /** Rejects when an actor fails; resolves when all have stopped. */
  #working: Promise<unknown> = Promise.resolve()
  #kills = 0
  #cold = 0
  #heirs = 0

  constructor(options: JmsKillsOptions, group: FencingGroup) {
    this.#options = options
    this.#group = group
    this.#world = { url: (...more) => urlOf(group, more) }
    let seed = options.seed
    this.#dice = new Dice(seededRandom(seed))
    this.#actors = options.actors.map((name) =>
      actorKinds[name].make({ world: this.#world, dice: () => new Dice(seededRandom(++seed)) }),
    )
  }

  async toTheEnd(): Promise<JmsKillsFigures> {
    this.#working = Promise.all(this.#actors.map((actor) => named(actor, actor.run())))
    this.#working.catch(() => {})
    while (this.#kills < this.#options.kills) {
      await this.#allGoOn()
      await this.#killOne()
      if (this.#group.violations.length > 0) throw new Error(this.#group.violations.join('\n'))
      if (this.#kills % killsPerLine === 0) this.#options.print?.(`${this.#kills} kills, ${this.#progressText()}`)
    }
    await this.#allGoOn()
    for (const actor of this.#actors) actor.stop()
    await within(this.#working, 'the actors do not come to their end')
    await this.#drain()
    this.#check()
    const actors = Object.fromEntries(this.#actors.map(({ name, history }) => [name, figuresOf(history.events)]))
    return { kills: this.#kills, cold: this.#cold, heirs: this.#heirs, actors }
  }

  /** For people, after a failure. */
  leave(directory: string): void {
    for (const { name, history } of this.#actors)
      writeFileSync(
        join(directory, `${name}.jsonl`),
        history.events.map((event) => `${JSON.stringify(event)}\n`).join(''),
      )
    for (const { options, log } of this.#group.members)
      writeFileSync(join(directory, `${options.member}.log`), log.join(''))
  }

  async #killOne(): Promise<void> {
    const active = await this.#group.active()
    const standby = this.#group.standbyOf(active)
    const term = (await active.role())?.term ?? 0
    await Promise.race([pause(this.#dice.between(0, mostPauseMs)), this.#working])
    const both = this.#dice.chance(0.15)
    const heirToo = !both && this.#dice.chance(0.15) && this.#kills + 1 < this.#options.kills
    // The one that waits first: it must not take over in between.
    if (both) this.#kill(standby)
    this.#kill(active)
    this.#kills++
    if (both) this.#cold++
    if (!heirToo) return
    const heir = await activeAfter(this.#group.members, term)
    await pause(this.#dice.between(0, 200))
    this.#kill(heir)
    this.#kills++
    this.#heirs++
  }

  #kill(member: BrokerMember): void {
    for (const { history } of this.#actors) history.add({ what: 'kill', member: member.options.member })
    member.kill('SIGKILL')
  }

  /** Each actor brings some more to its end. */
  async #allGoOn(): Promise<void> {
    const more = this.#dice.between(leastProgress, mostProgress)
    const goals = this.#actors.map(({ history }) => history.progress + more)
    const deadline = Date.now() + longestWaitMs
    for (;;) {
      const behind = this.#actors.filter(({ history }, index) => history.progress < goals[index]!)
      if (behind.length === 0) return
      if (Date.now() > deadline)
        throw new Error(behind.map((actor) => `${actor.name} stands still:\n${lastEvents(actor)}`).join('\n'))
      await Promise.race([pause(20), this.#working])
    }
  }

  async #drain(): Promise<void> {
    const letters = await LetterReader.open(this.#world, this.#actors)
    const drained = this.#actors.map((actor) => within(named(actor, actor.drain()), `${actor.name} cannot be drained`))
    await Promise.all(drained)
    await letters.close()
  }

  #check(): void {
    const wrong = this.#actors.flatMap(({ name, history, check }) => {
      const faults = check(history.events)
      const shown = faults.slice(0, shownFaults).map((fault) => describeFault(fault, history.events))
      return faults.length === 0 ? [] : [`${name}: ${faults.length} faults\n${shown.join('\n')}`]
    })
    if (this.#group.violations.length > 0) wrong.push(this.#group.violations.join('\n'))
    if (wrong.length > 0) throw new Error(wrong.join('\n'))
  }

  #progressText(): string {
    return this.#actors
      .map(({ name, history }) => `${name} ${history.progress} (${history.waiting} waiting)`)
      .join(', ')
  }
}

/** What a client gives back it gets again at once, and as often as it likes. */
const connectionOptions = [
  'maxReconnectDelay=250',
  'jms.redeliveryPolicy.maximumRedeliveries=-1',
  'jms.redeliveryPolicy.initialRedeliveryDelay=0',
]

const urlOf = (group: FencingGroup, options: readonly string[]): string =>
  `${group.failoverUrl()}?${[...connectionOptions, ...options].join('&')}`

const named = <T>({ name }: Actor, work: Promise<T>): Promise<T> =>
  work.catch((error: unknown) => {
    throw new Error(`${name} failed: ${(error as Error).stack ?? String(error)}`, { cause: error })
  })

async function within<T>(work: Promise<T>, complaint: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${complaint} within ${longestWaitMs} ms`)), longestWaitMs)
  })
  return Promise.race([work, late]).finally(() => clearTimeout(timer))
}

const lastEvents = ({ history }: Actor): string =>
  history.events
    .slice(-15)
    .map((event) => `  ${JSON.stringify(event)}`)
    .join('\n')

function figuresOf(events: readonly Event[]): ActorFigures {
  const count = (test: (event: Event) => boolean): number => events.filter(test).length
  const ended = (outcome: string): number => count((event) => event.what === 'outcome' && event.outcome === outcome)
  return {
    sends: count(({ what }) => what === 'send'),
    deliveries: count(({ what }) => what === 'deliver'),
    done: ended('done'),
    undone: ended('undone'),
    inDoubt: ended('in doubt'),
    letters: count(({ what }) => what === 'letter'),
    subscriptions: count(({ what }) => what === 'subscribe'),
  }
}
