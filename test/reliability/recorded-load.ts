// The load of a run with faults: actors that work until they are stopped, each with a history that is checked at the end. Whoever
// drives it lets it go on between two faults, tells it when a broker's memory has gone, and at the end has all received and checked.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { seededRandom } from '../../broker/base/random.ts'
import { Dice, pause, type Actor, type ActorTerms } from './jms-kills/actor.ts'
import { actorKinds, type ActorName } from './jms-kills/actors.ts'
import type { Deaths, World } from './jms-kills/client.ts'
import { describeFault, type Event, type Happening } from './jms-kills/history.ts'
import { LetterReader } from './jms-kills/letter-reader.ts'

export interface ActorFigures {
  /** Sends, plain and in transactions. */
  readonly sends: number
  readonly deliveries: number
  /** Transactions and acknowledgements. */
  readonly done: number
  readonly undone: number
  readonly inDoubt: number
  /** Deliveries of what had been delivered before in a unit whose answer was cut off. */
  readonly againAfterDoubt: number
  readonly letters: number
  readonly subscriptions: number
}

export interface LoadOptions {
  readonly seed: number
  readonly actors: readonly ActorName[]
  /** Besides these. */
  readonly more?: (terms: ActorTerms) => readonly Actor[]
  /** Where the members are: `failover:(…)`. */
  readonly failoverUrl: string
  readonly maxReconnectDelayMs?: number
  /**
   * A member also forgets what it handed out when it steps down, at a moment that only its clients see: when the first of their
   * connections is lost. Otherwise whoever makes it forget says so.
   */
  readonly stepsDown?: boolean
}

/** Between two faults at least and at most this much of each actor's work has come to its end. */
const leastProgress = 3
const mostProgress = 30
const longestWaitMs = 120_000
const shownFaults = 5

/** What a client gives back it gets again at once, and as often as it likes. */
const connectionOptions = [
  'jms.redeliveryPolicy.maximumRedeliveries=-1',
  'jms.redeliveryPolicy.initialRedeliveryDelay=0',
]
const usualReconnectDelayMs = 250

export class RecordedLoad {
  readonly dice: Dice
  readonly #world: World
  readonly #actors: readonly Actor[]
  /** Rejects when an actor fails; resolves when all have stopped. */
  #working: Promise<unknown> = Promise.resolve()

  #deaths = 0

  constructor({ seed, actors, more, failoverUrl, maxReconnectDelayMs, stepsDown }: LoadOptions) {
    const options = [`maxReconnectDelay=${maxReconnectDelayMs ?? usualReconnectDelayMs}`, ...connectionOptions]
    this.#world = {
      url: (...others) => `${failoverUrl}?${[...options, ...others].join('&')}`,
      ...(stepsDown && { deaths: this.#countedDeaths() }),
    }
    let actorSeed = seed
    this.dice = new Dice(seededRandom(seed))
    const terms = { world: this.#world, dice: () => new Dice(seededRandom(++actorSeed)) }
    this.#actors = [...actors.map((name) => actorKinds[name].make(terms)), ...(more?.(terms) ?? [])]
  }

  start(): void {
    this.#working = Promise.all(this.#actors.map((actor) => named(actor, actor.run())))
    this.#working.catch(() => {})
  }

  /** Rejects when an actor fails first. */
  meanwhile<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#working.then(() => work)])
  }

  /** What this member had handed out, and was not confirmed, is forgotten from now on. */
  forgotten(member: string): void {
    this.#deaths++
    this.#allSee({ what: 'kill', member })
  }

  /** A member may step down, until there is calm. */
  trouble(): void {
    this.#allSee({ what: 'trouble' })
  }

  calm(): void {
    this.#allSee({ what: 'calm' })
  }

  /** Each actor brings some more to its end. */
  async goesOn(): Promise<void> {
    const more = this.dice.between(leastProgress, mostProgress)
    const goals = this.#actors.map(({ history }) => history.progress + more)
    const deadline = Date.now() + longestWaitMs
    for (;;) {
      const behind = this.#actors.filter(({ history }, index) => history.progress < goals[index]!)
      if (behind.length === 0) return
      if (Date.now() > deadline)
        throw new Error(behind.map((actor) => `${actor.name} stands still:\n${lastEvents(actor)}`).join('\n'))
      await this.meanwhile(pause(20))
    }
  }

  /** Stops it and receives all that is left; resolves with what is wrong in the histories, for people. */
  async finish(): Promise<string[]> {
    for (const actor of this.#actors) actor.stop()
    await within(this.#working, 'the actors do not come to their end')
    await this.#drain()
    return this.#actors.flatMap(({ name, history, check }) => {
      const faults = check(history.events)
      const shown = faults.slice(0, shownFaults).map((fault) => describeFault(fault, history.events))
      return faults.length === 0 ? [] : [`${name}: ${faults.length} faults\n${shown.join('\n')}`]
    })
  }

  /** Writes the histories there, after a failure. */
  leave(directory: string): void {
    for (const { name, history } of this.#actors)
      writeFileSync(
        join(directory, `${name}.jsonl`),
        history.events.map((event) => `${JSON.stringify(event)}\n`).join(''),
      )
  }

  figures(): Readonly<Record<string, ActorFigures>> {
    return Object.fromEntries(this.#actors.map(({ name, history }) => [name, figuresOf(history.events)]))
  }

  progressText(): string {
    return this.#actors
      .map(({ name, history }) => `${name} ${history.progress} (${history.waiting} waiting)`)
      .join(', ')
  }

  #allSee(happening: Happening): void {
    for (const { history } of this.#actors) history.add(happening)
  }

  #countedDeaths(): Deaths {
    const count = (): number => this.#deaths
    return {
      get count() {
        return count()
      },
      unexplained: () => this.forgotten('one that stepped down'),
    }
  }

  async #drain(): Promise<void> {
    const letters = await LetterReader.open(this.#world, this.#actors)
    const drained = this.#actors.map((actor) => within(named(actor, actor.drain()), `${actor.name} cannot be drained`))
    await Promise.all(drained)
    await letters.close()
  }
}

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

export function figuresOf(events: readonly Event[]): ActorFigures {
  const count = (test: (event: Event) => boolean): number => events.filter(test).length
  const ended = (outcome: string): number => count((event) => event.what === 'outcome' && event.outcome === outcome)
  return {
    sends: count(({ what }) => what === 'send'),
    deliveries: count(({ what }) => what === 'deliver'),
    done: ended('done'),
    undone: ended('undone'),
    inDoubt: ended('in doubt'),
    againAfterDoubt: againAfterDoubt(events),
    letters: count(({ what }) => what === 'letter'),
    subscriptions: count(({ what }) => what === 'subscribe'),
  }
}

function againAfterDoubt(events: readonly Event[]): number {
  const held = new Map<string, string[]>()
  const doubted = new Set<string>()
  let again = 0
  for (const event of events)
    if (event.what === 'deliver') {
      if (doubted.delete(event.id)) again++
      held.set(event.unit, [...(held.get(event.unit) ?? []), event.id])
    } else if (event.what === 'outcome') {
      if (event.outcome === 'in doubt') for (const id of held.get(event.unit) ?? []) doubted.add(id)
      held.delete(event.unit)
    }
  return again
}
