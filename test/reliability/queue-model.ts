// Random commands against a broker without network, and a naive model beside it (queue-book.ts): sends, transactions,
// acknowledgements of every kind, pulls, prefetch changes, closing, time, memory pressure, crashes at any write, and other
// members taking over. The same seed gives the same run. A violation names seed, step and the last commands.
import { destinationLimits } from '../../broker/destination/limits.ts'
import { seededRandom, type Random } from '../../broker/base/random.ts'
import type { Told } from './queue-world.ts'
import { turns } from '../support/turns.ts'
import { deadLetterQueue, QueueWorld } from './queue-world.ts'
import { check, QueueBook, Violation, type BookOptions } from './queue-book.ts'
import { ModelClient } from './queue-client.ts'
import { resolveRecovery } from './queue-recovery.ts'

export interface ModelOptions {
  readonly seed: number
  readonly steps: number
  readonly progress?: (figures: ModelFigures) => void
}

export interface ModelFigures {
  steps: number
  lives: number
  crashes: number
  failovers: number
  sends: number
  deliveries: number
  acknowledged: number
  deadLetters: number
  /** Rests at which senders were held back, at which messages were not in memory, and at which some were in the temp store. */
  heldBack: number
  paged: number
  spilled: number
  drained: number
}

/** FLOTILLA_TRACE=1 puts what the broker tells into the history, too. */
const traced = process.env['FLOTILLA_TRACE'] !== undefined
const queues = ['Q', 'R', deadLetterQueue] as const
/** Commands of one run of the model, after which everything is drained and must be gone. */
const stepsPerWorld = 2000
const mostMessages = 500
/** A memory limit that is never reached. */
const plenty = 2 ** 30
const clients = 4

/** Runs `steps` commands; throws a Violation at the first thing that is not allowed. */
export async function runQueueModel({ seed, steps, progress }: ModelOptions): Promise<ModelFigures> {
  const figures: ModelFigures = {
    steps: 0,
    lives: 0,
    crashes: 0,
    failovers: 0,
    sends: 0,
    deliveries: 0,
    acknowledged: 0,
    deadLetters: 0,
    heldBack: 0,
    paged: 0,
    spilled: 0,
    drained: 0,
  }
  for (let world = 0; figures.steps < steps; world++) {
    const worldSeed = seed + world * 7919
    const model = new QueueModel(seededRandom(worldSeed), figures)
    try {
      await model.run(Math.min(stepsPerWorld, steps - figures.steps))
    } catch (error) {
      const last = model.history.slice(-Number(process.env['FLOTILLA_HISTORY'] ?? 25)).join('\n  ')
      throw new Violation(
        `seed ${seed}, world ${world}, step ${model.history.length}: ${(error as Error).message}\n  ${last}\n${(error as Error).stack}\n` +
          `This world alone: FLOTILLA_SEED=${worldSeed} FLOTILLA_STEPS=${stepsPerWorld} npm test -- test/broker/reliability/queue-model`,
      )
    }
    progress?.(figures)
  }
  return figures
}

type Weights = Readonly<Record<string, number>>

const balanced: Weights = {
  send: 30,
  transact: 12,
  acknowledge: 40,
  end: 8,
  consume: 4,
  closeConsumer: 3,
  closeClient: 1,
  pull: 5,
  prefetch: 3,
  congest: 1,
  relieve: 4,
  advance: 2,
  sweep: 0.3,
  wrong: 1,
}
const phases: readonly Weights[] = [
  balanced,
  { ...balanced, send: 90, transact: 40, acknowledge: 15 },
  { ...balanced, send: 8, transact: 3, acknowledge: 70, relieve: 10 },
]
const phaseSteps = 150

export class QueueModel {
  readonly history: string[] = []
  readonly random: Random
  readonly figures: ModelFigures
  readonly world: QueueWorld
  readonly #memoryLimit: number
  #book: QueueBook
  #clients: ModelClient[] = []
  #names = 0
  readonly #options: BookOptions

  constructor(random: Random, figures: ModelFigures) {
    this.random = random
    this.figures = figures
    this.#memoryLimit = this.pick([12 * 1024, 40 * 1024, 200 * 1024, plenty])
    this.#options = { processNonPersistent: this.chance(0.3), concurrentStoreAndDispatchQueues: this.chance(0.6) }
    this.world = new QueueWorld({
      random,
      memoryLimit: this.#memoryLimit,
      tempLimit: this.pick([undefined, 64 * 1024, plenty]),
      ...this.#options,
      maxFileLength: this.pick([4096, 16 * 1024, 64 * 1024]),
    })
    this.#book = this.#newBook()
  }

  get book(): QueueBook {
    return this.#book
  }

  async run(steps: number): Promise<void> {
    this.#live(await this.world.begin())
    for (let step = 0; step < steps; step++) {
      await this.#step(phases[Math.floor(step / phaseSteps) % phases.length]!)
      this.figures.steps++
    }
    this.world.disk.crashAfter(Number.POSITIVE_INFINITY)
    // It may have died since the last step looked: nothing can be drained there.
    if (this.world.disk.crashed) await this.#crash()
    await this.#drain()
    await this.world.close()
  }

  chance(share: number): boolean {
    return this.random.next() < share
  }

  below(count: number): number {
    return Math.floor(this.random.next() * count)
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)]!
  }

  note(text: string): void {
    this.history.push(text)
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

  #newBook(): QueueBook {
    return new QueueBook(queues, this.#options, () => this.world.clock.nowMs())
  }

  async #step(weights: Weights): Promise<void> {
    this.listen()
    const drawn = this.random.next()
    if (drawn < 0.002) return this.#crash()
    if (drawn < 0.0035) return this.#failover()
    if (drawn < 0.0045) return this.#restart()
    if (drawn < 0.007) this.#armCrash()
    else this.#command(weights)
    this.listen()
    if (this.chance(0.3)) await this.#rest()
    else if (this.chance(0.4)) await turns(1)
    if (this.world.disk.crashed) return this.#crash()
    this.listen()
  }

  #command(weights: Weights): void {
    const name = this.#draw(weights)
    if (name === 'advance' || name === 'sweep') {
      const durationMs = name === 'sweep' ? 30_000 : this.pick([1, 100, 1000])
      this.note(`advance ${durationMs}`)
      return this.world.advance(durationMs)
    }
    const client = this.pick(this.#clients)
    // Nothing of it is read, but that it is gone.
    if (client.paused && name !== 'closeClient') return
    if ((name === 'send' || name === 'transact') && this.#book.size >= mostMessages)
      return client.command('acknowledge')
    if (name !== 'closeClient') return client.command(name)
    client.close()
    this.#clients[this.#clients.indexOf(client)] = new ModelClient(this, this.newConnectionId(), false)
  }

  #draw(weights: Weights): string {
    let total = 0
    for (const weight of Object.values(weights)) total += weight
    let left = this.random.next() * total
    for (const [name, weight] of Object.entries(weights)) {
      left -= weight
      if (left < 0) return name
    }
    return 'send'
  }

  #armCrash(): void {
    const writes = this.below(12)
    this.note(`disk dies after ${writes} more changes`)
    this.world.disk.crashAfter(writes)
  }

  #hear(told: Told): void {
    if (traced) this.note(describe(told))
    switch (told.kind) {
      case 'delivery':
        this.figures.deliveries++
        return this.#book.delivered(told.delivery, told.atMs)
      case 'expired':
        return this.#book.expired(told.queue, told.message.messageId, told.atMs)
      case 'deadLettered': {
        const letter = this.#book.queues.get(deadLetterQueue)!.get(told.message.messageId)
        check(
          letter !== undefined,
          () => `${told.message.messageId} of ${told.queue} became a dead letter without a reason`,
        )
        this.figures.deadLetters++
        return
      }
      case 'done':
        return told.answer(told.error)
      case 'removed':
        return check(false, () => `${told.destination.name} was removed`)
      case 'nothing': {
        const consumer = this.#book.consumers.find(({ id }) => id === told.consumerId)
        check(consumer?.pull != null, () => `${told.consumerId} was told that there is nothing, without having asked`)
        const { timeoutMs, dueMs } = consumer.pull
        check(
          timeoutMs === -1 || (timeoutMs > 0 && told.atMs >= dueMs),
          () => `${consumer.id} was told too early that there is nothing`,
        )
        // With a timeout it may elapse while the store is being read.
        if (timeoutMs === -1) this.#book.checkNothing(consumer, told.atMs)
        consumer.pull = null
        return
      }
      case 'flow': {
        const client = this.#clients.find(({ connectionId }) => connectionId === told.connectionId)
        if (!client) return
        check(
          client.paused !== told.paused,
          () => `${client.connectionId} was ${told.paused ? 'paused' : 'resumed'} twice`,
        )
        client.paused = told.paused
      }
    }
  }

  async #rest(): Promise<void> {
    await this.world.settle()
    if (this.world.disk.crashed) return
    this.listen()
    const book = this.#book
    book.settle()
    const nowMs = this.world.clock.nowMs()
    book.checkRest(nowMs)
    if (this.#memoryLimit === plenty)
      for (const queue of queues) if (book.counts.get(queue)!.recovered === 0) book.checkSwept(queue, nowMs)
    this.#checkAnswers()
    this.#checkStatistics()
  }

  #checkAnswers(): void {
    if (this.world.region.memory().blockedConnections > 0) return
    for (const client of this.#clients) {
      check(client.unanswered.size === 0, () => `${client.connectionId} waits for ${client.unanswered.size} answers`)
      check(!client.paused, () => `${client.connectionId} is paused without a reason`)
    }
  }

  #checkStatistics(): void {
    const book = this.#book
    const { region } = this.world
    const { used, blockedConnections } = region.memory()
    if (blockedConnections > 0) this.figures.heldBack++
    let paged = false
    let stored = 0
    let others = 0
    let sum = 0
    for (const statistics of region.statistics()) {
      const { name, size, inFlight, enqueued, dispatched, dequeued, expired, memoryUsed, consumers } = statistics
      sum += memoryUsed
      paged ||= memoryUsed < size * 1024
      const counts = book.counts.get(name)!
      const found = { size, inFlight, enqueued, dispatched, dequeued, expired, consumers }
      const inFlightCount = book.count(name, 'inFlight')
      const expectedSize = book.count(name, 'waiting') + inFlightCount
      const expected = {
        size: expectedSize,
        inFlight: inFlightCount,
        enqueued: Math.min(Math.max(enqueued, counts.enqueued), counts.enqueued + counts.unsure),
        dispatched: counts.dispatched,
        dequeued: counts.recovered + enqueued - expectedSize,
        expired: counts.expired,
        consumers: book.consumers.filter(({ queue }) => queue === name).length,
      }
      check(
        JSON.stringify(found) === JSON.stringify(expected),
        () => `Statistics of ${name} are ${JSON.stringify(found)}, not ${JSON.stringify(expected)}`,
      )
    }
    for (const name of queues)
      for (const { persistent, state } of book.queues.get(name)!.values()) {
        if (state !== 'waiting' && state !== 'inFlight') continue
        if (persistent) stored++
        else others++
      }
    if (paged) this.figures.paged++
    const { spilled } = this.world
    if (spilled > 0) this.figures.spilled++
    check(spilled <= others, () => `The temp store has ${spilled} messages, of ${others} that are not stored`)
    const { messages } = this.world.store.statistics()
    check(messages === stored, () => `The store has ${messages} messages, not ${stored}`)
    // What open transactions hold comes on top, at most a quarter of the limit for each.
    check(used >= sum, () => `Memory: ${used} bytes are used, the queues alone have ${sum}`)
    const pressure = queues.length * 300 * 1024 + this.#memoryLimit * 1.25 + 70 * 1024
    check(used <= pressure, () => `Memory: ${used} bytes are used, the limit is ${this.#memoryLimit}`)
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

  async #revive(
    end: () => Promise<{ readonly queues: readonly { name: string; messageCount: number }[] }>,
  ): Promise<void> {
    // What was told before the end was told.
    this.listen()
    const recovered = await end()
    this.listen()
    const found = new Map<string, { sequence: number; bytes: Buffer }[]>()
    for (const { name, messageCount } of recovered.queues) {
      const messages = [...(await this.world.stored(name))]
      check(
        messages.length === messageCount,
        () => `${name} recovered ${messageCount} messages, ${messages.length} can be read`,
      )
      found.set(name, messages)
    }
    const book = this.#newBook()
    resolveRecovery(this.#book, found, book)
    const old = this.#clients
    this.#book = book
    this.#live(recovered, old)
  }

  #live(
    recovered: { readonly queues: readonly { name: string; messageCount: number }[] },
    old: readonly ModelClient[] = [],
  ): void {
    this.figures.lives++
    for (const { name, messageCount } of recovered.queues) this.#book.counts.get(name)!.recovered = messageCount
    this.#clients = []
    for (let i = 0; i < clients; i++) {
      const before = old[i]
      const client = before
        ? new ModelClient(this, before.connectionId, true, before)
        : new ModelClient(this, this.newConnectionId(), false)
      this.#clients.push(client)
      if (before) client.resume(before)
    }
    this.listen()
  }

  /** Everybody goes, one consumer takes all there is, and nothing may be left. */
  async #drain(): Promise<void> {
    this.note('drain')
    for (const client of this.#clients) client.close()
    this.#clients = []
    await this.#rest()
    // A sweep looks into the store of one queue after the other: the second one finds what the first had not got to.
    for (let sweep = 0; sweep < 2; sweep++) {
      this.world.advance(destinationLimits.expirySweepMs)
      await this.#rest()
    }
    for (const queue of queues) this.#book.checkSwept(queue, this.world.clock.nowMs())
    const drainer = new ModelClient(this, this.newConnectionId(), false)
    this.#clients = [drainer]
    for (const queue of queues) drainer.drain(queue)
    while (this.#book.size > 0) {
      const before = `${this.#book.deliveries} ${this.#book.size}`
      await this.#rest()
      for (const consumer of Array.from(this.#book.consumers)) drainer.takeAll(consumer)
      await this.#rest()
      check(
        before !== `${this.#book.deliveries} ${this.#book.size}`,
        () => `${this.#book.size} messages cannot be drained`,
      )
    }
    drainer.close()
    await this.#rest()
    const { used } = this.world.region.memory()
    check(used === 0, () => `${used} bytes of memory are still accounted for when nothing is left`)
    check(this.world.leakedTimers === 0, () => `${this.world.leakedTimers} timers are left`)
    this.figures.drained++
  }
}

function describe(told: Told): string {
  switch (told.kind) {
    case 'delivery': {
      const { consumerId, message, sequence, redeliveryCounter } = told.delivery
      return `    -> ${consumerId} gets ${message.messageId}, sequence ${sequence}, counter ${redeliveryCounter}`
    }
    case 'nothing':
      return `    -> ${told.consumerId} gets nothing`
    case 'done':
      return `    -> answer ${told.error ?? ''}`
    case 'flow':
      return `    -> ${told.connectionId} is ${told.paused ? 'paused' : 'resumed'}`
    case 'removed':
      return `    -> ${told.destination.name} is removed`
    case 'expired':
    case 'deadLettered':
      return `    -> ${told.message.messageId} of ${told.queue} ${told.kind}`
  }
}
