// An actor is a part of the load with a part of the check: it works until it is stopped, then receives what is left, and says
// what in its history must not be. A run has any number of them, each with destinations of its own.
import type { Random } from '../../../broker/base/random.ts'
import type { Session } from '../../../broker/client/index.ts'
import { Client, openTaker, Work, type Names, type World } from './client.ts'
import { History, type Event, type Fault } from './history.ts'

export interface ActorTerms {
  readonly world: World
  /** A fresh one with each call, the same in each run with the same seed. */
  readonly dice: () => Dice
}

/** The part of the check; pure. */
export type Check = (events: readonly Event[]) => Fault[]

export abstract class Actor {
  readonly name: string
  readonly history = new History()
  readonly check: Check
  protected readonly world: World
  protected readonly dice: () => Dice
  protected stopping = false

  constructor(name: string, check: Check, { world, dice }: ActorTerms) {
    this.name = name
    this.check = check
    this.world = world
    this.dice = dice
  }

  /** Resolves after `stop`, when all that was begun has come to its end. */
  abstract run(): Promise<void>

  /** Receives all that is left. */
  abstract drain(): Promise<void>

  stop(): void {
    this.stopping = true
  }

  protected repeat(step: () => Promise<unknown>): Promise<void> {
    const go = async (): Promise<void> => {
      while (!this.stopping) await step()
    }
    return go()
  }

  /** Between two sends; longer while too much is waiting. */
  protected async pace(dice: Dice): Promise<void> {
    await pause(dice.between(1, 20))
    while (!this.stopping && this.history.waiting > mostWaiting) await pause(pacingMs)
  }

  /** One consumer in transactions, until nothing comes any more and nothing is missing. */
  protected async drainPlace(
    names: Names,
    from: string,
    makeConsumer: (session: Session) => ReturnType<Session['createConsumer']>,
    ...options: string[]
  ): Promise<void> {
    const client = await Client.open(this.world, this.history, names.next('drain-connection'), ...options)
    const work = await Work.open(client, names, 'transacted')
    const taker = await openTaker(work, names.next('drain'), { from, lateMs: drainLateMs }, makeConsumer)
    for (let quiet = 0; quiet < mostQuietRounds;) {
      const got = await work.receive(taker, quietMs)
      if (got && work.size < drainBatch) continue
      quiet = got ? 0 : quiet + 1
      await work.finish()
      if (!got && !this.#isMissing(from)) break
    }
    await work.hangUp(taker)
  }

  /** Something that was confirmed has not come yet. */
  #isMissing(from: string): boolean {
    return this.check(this.history.events).some(({ rule, text }) => rule === 'lost' && text.includes(from))
  }
}

const mostWaiting = 600
const pacingMs = 20
const drainBatch = 50
const quietMs = 1000
/** With the pause of a second each: then it is lost. */
const mostQuietRounds = 20
const drainLateMs = 5000

export class Dice {
  readonly #random: Random

  constructor(random: Random) {
    this.#random = random
  }

  /** A whole number from `low` to `high`. */
  between(low: number, high: number): number {
    return low + Math.floor(this.#random.next() * (high - low + 1))
  }

  chance(probability: number): boolean {
    return this.#random.next() < probability
  }

  pick<T>(list: readonly T[]): T {
    return list[this.between(0, list.length - 1)]!
  }
}

/** Of a load, which paces itself. */
export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
