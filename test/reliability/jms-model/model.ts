// Random commands of JMS applications against a broker without network, and a naive model beside it (book.ts): queues, topics,
// durable subscriptions, composites, virtual topics, dead letters, redelivery by the broker, expiry, destinations that go, full
// disks, crashes at any write, and other members that take over. The same seed gives the same run. A violation names seed, step and
// the last commands. (queue-model.ts is the older one, of queues alone, which knows more of them.)
import { seededRandom, type Random } from '../../../broker/base/random.ts'
import type { RecoveredState } from '../../../broker/store/message-store.ts'
import { turns } from '../../support/turns.ts'
import { check, Violation } from '../queue-book.ts'
import { QueueWorld, type Told } from '../queue-world.ts'
import { Book } from './book.ts'
import type { Browse } from './browse.ts'
import { ModelClient } from './client.ts'
import { DeadLetters } from './dead-letters.ts'
import { drain } from './drain.ts'
import { DurableSubscriptions } from './durable-subscriptions.ts'
import type { Feature } from './feature.ts'
import { acknowledging } from './features/acknowledging.ts'
import { browsing } from './features/browsing.ts'
import { consuming } from './features/consuming.ts'
import { grouping } from './features/grouping.ts'
import { priorities } from './features/priorities.ts'
import { sending } from './features/sending.ts'
import { subscribing } from './features/subscribing.ts'
import { troubles } from './features/troubles.ts'
import { recover } from './recovery.ts'
import { checkStatistics } from './statistics.ts'
import { Subscribers } from './subscribers.ts'
import { configured, deadLetterQueue, isPurged, type LetterRules } from './universe.ts'

export interface JmsModelOptions {
  readonly seed: number
  readonly steps: number
  readonly progress?: (figures: JmsFigures) => void
}

export type JmsFigures = ReturnType<typeof noFigures>

const noFigures = () => ({
  steps: 0,
  lives: 0,
  crashes: 0,
  failovers: 0,
  sends: 0,
  deliveries: 0,
  acknowledged: 0,
  commits: 0,
  deadLetters: 0,
  putOff: 0,
  subscriptions: 0,
  recoveredSubscriptions: 0,
  purged: 0,
  fullDisks: 0,
  heldBack: 0,
  rests: 0,
  drained: 0,
  browsed: 0,
})

const features: readonly Feature[] = [
  sending,
  consuming,
  subscribing,
  acknowledging,
  troubles,
  priorities,
  grouping,
  browsing,
]
/** Commands of one run of the model, after which everything is drained and must be gone. */
const stepsPerWorld = 1000
const clientCount = 4
/** A memory limit that is never reached. */
const plenty = 2 ** 30

/** In turn: as it comes, more is sent than taken, more is taken than sent. */
const phases: readonly Readonly<Record<string, number>>[] = [
  {},
  { send: 2.5, transact: 2.5, sendByPriority: 2.5, sendOfGroup: 2.5, acknowledge: 0.4 },
  { send: 0.25, transact: 0.25, sendByPriority: 0.25, sendOfGroup: 0.25, acknowledge: 1.7, relieve: 2 },
]
const phaseSteps = 120

/** Runs `steps` commands; throws a Violation at the first thing that is not allowed. */
export async function runJmsModel({ seed, steps, progress }: JmsModelOptions): Promise<JmsFigures> {
  const figures = noFigures()
  for (let world = 0; figures.steps < steps; world++) {
    const worldSeed = seed + world * 7919
    const model = new JmsModel(seededRandom(worldSeed), figures)
    try {
      await model.run(Math.min(stepsPerWorld, steps - figures.steps))
    } catch (error) {
      const last = model.history.slice(-Number(process.env['FLOTILLA_HISTORY'] ?? 25)).join('\n  ')
      throw new Violation(
        `seed ${seed}, world ${world}, step ${model.history.length}: ${(error as Error).message}\n  ${last}\n${(error as Error).stack}\n` +
          `This world alone: FLOTILLA_SEED=${worldSeed} FLOTILLA_STEPS=${stepsPerWorld} npm test -- test/broker/reliability/jms-model.test`,
      )
    }
    progress?.(figures)
  }
  return figures
}

export class JmsModel {
  readonly history: string[] = []
  readonly figures: JmsFigures
  readonly world: QueueWorld
  clients: ModelClient[] = []
  isDiskFull = false
  book!: Book
  subscribers!: Subscribers
  durables!: DurableSubscriptions
  letters!: DeadLetters
  /** By the name of their consumers. */
  readonly browses = new Map<string, Browse>()
  readonly #random: Random
  readonly #rules: LetterRules
  readonly #commands = features.flatMap(({ commands }) => Object.entries(commands))
  #names = 0

  constructor(random: Random, figures: JmsFigures) {
    this.#random = random
    this.figures = figures
    // QueueWorld has processExpired on.
    this.#rules = { processExpired: true, processNonPersistent: this.chance(0.3) }
    this.world = new QueueWorld({
      random,
      memoryLimit: this.pick([40 * 1024, 200 * 1024, plenty, plenty]),
      tempLimit: this.pick([undefined, 64 * 1024, plenty]),
      processNonPersistent: this.#rules.processNonPersistent,
      concurrentStoreAndDispatchQueues: this.chance(0.6),
      maxFileLength: this.pick([4096, 16 * 1024, 64 * 1024]),
      configured,
    })
    this.#newBook()
  }

  async run(steps: number): Promise<void> {
    await this.#live(await this.world.begin(), [])
    for (let step = 0; step < steps; step++) {
      await this.#step(phases[Math.floor(step / phaseSteps) % phases.length]!)
      this.figures.steps++
    }
    this.world.disk.crashAfter(Number.POSITIVE_INFINITY)
    // It may have died since the last step looked: nothing can be drained there.
    if (this.world.disk.crashed) await this.#crash()
    await drain(this)
    await this.world.close()
    this.figures.drained++
  }

  /** Messages that are to be consumed, about. */
  get waiting(): number {
    let waiting = this.book.size
    for (const { copies } of this.book.durablePlaces()) waiting += copies.size / 2
    return waiting
  }

  chance(share: number): boolean {
    return this.#random.next() < share
  }

  below(count: number): number {
    return Math.floor(this.#random.next() * count)
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)]!
  }

  note(text: string): void {
    this.history.push(text)
  }

  /** Whether there is such a queue. */
  exists(name: string): boolean {
    return this.world.region.destinations().some((found) => found.kind === 'queue' && found.name === name)
  }

  advance(durationMs: number): void {
    this.note(`advance ${durationMs}`)
    this.world.advance(durationMs)
  }

  async freeDisk(): Promise<void> {
    this.note('the disk has room again')
    this.world.freeDisk()
    this.isDiskFull = false
    // Whoever waits looks again after a while; one after the other.
    for (let look = 0; look < 3; look++) {
      await turns(4)
      this.world.advance(1000)
    }
    this.listen()
  }

  /** Closes a client; another one with its client id takes its place. */
  replace(client: ModelClient): void {
    client.close()
    this.clients[this.clients.indexOf(client)] = new ModelClient(this, this.newConnectionId(), client.clientId)
  }

  /** A name that was not used before. */
  newConnectionId(): string {
    return `ID:client-${++this.#names}`
  }

  /** Takes in what the broker told since the last time. */
  listen(): void {
    const { log } = this.world
    for (let next = 0; next < log.length; next++) this.#hear(log[next]!)
    log.length = 0
  }

  /** Everything comes to rest, and has to be as the book says. */
  async rest(): Promise<void> {
    await this.world.settle()
    if (this.world.disk.crashed) return
    this.listen()
    this.book.settle()
    this.durables.confirm()
    this.figures.rests++
    if (this.world.region.memory().blockedConnections > 0) this.figures.heldBack++
    this.letters.checkKept()
    this.#checkAnswers()
    for (const { checkRest } of features) checkRest?.(this)
    checkStatistics(this)
  }

  #checkAnswers(): void {
    if (this.world.region.memory().blockedConnections > 0) return
    for (const { unanswered, connectionId, paused } of this.clients) {
      check(unanswered.size === 0, () => `${connectionId} waits for ${unanswered.size} answers`)
      check(!paused, () => `${connectionId} is paused without a reason`)
    }
  }

  async #step(share: Readonly<Record<string, number>>): Promise<void> {
    this.listen()
    const drawn = this.#random.next()
    if (drawn < 0.002) return this.#crash()
    if (drawn < 0.0035) return this.#failover()
    if (drawn < 0.0045) return this.#restart()
    if (drawn < 0.006) this.#armCrash()
    else await this.#command(share)
    this.listen()
    if (!this.isDiskFull && this.chance(0.25)) await this.rest()
    else if (this.chance(0.4)) await turns(1)
    if (this.world.disk.crashed) return this.#crash()
    this.listen()
  }

  async #command(share: Readonly<Record<string, number>>): Promise<void> {
    const weightOf = (name: string, weight: number): number => weight * (share[name] ?? 1)
    let left = 0
    for (const [name, { weight }] of this.#commands) left += weightOf(name, weight)
    left *= this.#random.next()
    for (const [name, command] of this.#commands) {
      left -= weightOf(name, command.weight)
      if (left >= 0) continue
      const client = this.pick(this.clients)
      // Nothing of a client that is paused is read, but that it is gone.
      if (client.paused && name !== 'closeClient') return
      return command.run(client, this)
    }
  }

  #armCrash(): void {
    const writes = this.below(12)
    this.note(`disk dies after ${writes} more changes`)
    this.world.disk.crashAfter(writes)
  }

  #hear(told: Told): void {
    if (process.env['FLOTILLA_TRACE'] !== undefined) this.note(`    -> ${describe(told)}`)
    switch (told.kind) {
      case 'delivery': {
        const browse = this.browses.get(told.delivery.consumerId)
        if (browse) return browse.shown(told.delivery, told.atMs)
        this.figures.deliveries++
        return this.book.delivered(told.delivery, told.atMs)
      }
      case 'expired':
        return this.letters.expired(told.queue, told.message.messageId, told.atMs)
      case 'deadLettered':
        return this.letters.deadLettered(told.message, told.queue)
      case 'done':
        return told.answer(told.error)
      case 'removed':
        return this.#removed(told.destination.name)
      case 'nothing':
        return this.#toldNothing(told.consumerId, told.atMs)
      case 'flow': {
        const client = this.clients.find(({ connectionId }) => connectionId === told.connectionId)
        if (client) client.paused = told.paused
      }
    }
  }

  #removed(name: string): void {
    check(isPurged(name), () => `${name} was removed`)
    this.figures.purged++
    const { book } = this
    const left = [...book.queue(name).copies.values()].find(({ state }) => state === 'waiting' || state === 'inFlight')
    check(!left, () => `${name} was removed with ${left?.key} in it`)
    const user = book.consumers.find(({ asked }) => asked.name === name)
    check(!user, () => `${name} was removed while ${user?.id} uses it`)
    book.settleQueue(name)
    book.counts.delete(name)
  }

  #toldNothing(consumerId: string, atMs: number): void {
    const browse = this.browses.get(consumerId)
    if (browse) {
      this.figures.browsed++
      return browse.ended(atMs)
    }
    const consumer = this.book.consumers.find(({ id }) => id === consumerId)
    check(consumer?.pull != null, () => `${consumerId} was told that there is nothing, without having asked`)
    const { timeoutMs, dueMs } = consumer.pull
    const mayBe = timeoutMs === -1 || (timeoutMs > 0 && atMs >= dueMs)
    check(mayBe, () => `${consumerId} was told too early that there is nothing`)
    consumer.pull = null
  }

  async #crash(): Promise<void> {
    this.note('crash')
    this.figures.crashes++
    await this.#revive(() => this.world.crash())
  }

  async #failover(): Promise<void> {
    this.note('failover')
    this.figures.failovers++
    await this.#revive(() => this.world.failover())
  }

  async #restart(): Promise<void> {
    this.note('restart')
    await this.#revive(() => this.world.restart())
  }

  async #revive(end: () => Promise<RecoveredState>): Promise<void> {
    if (this.isDiskFull) await this.freeDisk()
    // What was told before the end was told.
    this.listen()
    const recovered = await end()
    this.listen()
    await this.#live(recovered, this.clients)
  }

  async #live(recovered: RecoveredState, before: readonly ModelClient[]): Promise<void> {
    const { book, durables } = this
    this.figures.lives++
    this.#newBook()
    await recover({ book, durables }, recovered, this)
    this.clients = []
    for (let i = 0; i < clientCount; i++) {
      const old = before[i]
      const client = old
        ? new ModelClient(this, old.connectionId, old.clientId, old)
        : new ModelClient(this, this.newConnectionId(), `C${i}`)
      this.clients.push(client)
      if (old) client.resume(old)
    }
    this.listen()
  }

  #newBook(): void {
    const nowMs = (): number => this.world.clock.nowMs()
    this.book = new Book(nowMs)
    this.browses.clear()
    this.book.listeners.push({ rolledBack: (copy) => this.browses.forEach((browse) => browse.rolledBack(copy)) })
    this.book.listeners.push(...features)
    this.subscribers = new Subscribers(this.book)
    this.durables = new DurableSubscriptions(this.book, nowMs)
    this.letters = new DeadLetters(this.book, this.#rules, this.figures, nowMs)
    this.book.queue(deadLetterQueue)
  }
}

function describe(told: Told): string {
  switch (told.kind) {
    case 'delivery': {
      const { consumerId, message, destination, sequence, redeliveryCounter } = told.delivery
      return `${consumerId} gets ${message.messageId} of ${destination.name}, sequence ${sequence}, counter ${redeliveryCounter}`
    }
    case 'nothing':
      return `${told.consumerId} gets nothing`
    case 'done':
      return `answer ${told.error ?? ''}`
    case 'flow':
      return `${told.connectionId} is ${told.paused ? 'paused' : 'resumed'}`
    case 'removed':
      return `${told.destination.name} is removed`
    case 'expired':
    case 'deadLettered':
      return `${told.message.messageId} of ${told.queue} ${told.kind}`
  }
}
