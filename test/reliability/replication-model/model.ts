// The model of replication: whole groups of the real core (broker/replication) over simulated disks and connections, with an election that may be
// wrong in every way, and faults of all kinds, from a seed. The history book says what must hold at every moment; at the end all faults
// are over, and the group has to come to rest: one active, every other member in sync with it byte by byte, and new records confirmed.
import { seededRandom, type Random } from '../../../broker/base/random.ts'
import { comparePositions } from '../../../broker/replication/position.ts'
import { quorumOf } from '../../../broker/replication/sync-mode.ts'
import { Violation } from '../queue-book.ts'
import { HistoryBook } from './history-book.ts'
import { noSabotage, type Sabotage } from './sabotage.ts'
import { SimulatedMember, type GroupRules } from './simulated-member.ts'
import { SimulatedWires, type Wire } from './simulated-wires.ts'

export interface ReplicationModelOptions {
  readonly seed: number
  /** How many groups, each from the next seed. */
  readonly schedules: number
  readonly steps?: number
  readonly sabotage?: Sabotage
  /** Told what happens, in order. */
  readonly trace?: ((line: string) => void) | undefined
}

export interface ReplicationFigures {
  schedules: number
  openings: number
  confirmed: number
  kills: number
  powerLosses: number
  lostDisks: number
  pauses: number
  cuts: number
}

const restTurns = 600
const defaultSteps = 2500

/** @throws {Violation} with the seed of the schedule that has shown it. */
export function runReplicationModel({
  seed,
  schedules,
  steps = defaultSteps,
  sabotage = noSabotage,
  trace,
}: ReplicationModelOptions): ReplicationFigures {
  const figures = newFigures()
  for (let current = seed; current < seed + schedules; current++) {
    try {
      new Schedule(current, figures, sabotage, trace).run(steps)
    } catch (error) {
      throw new Violation(`seed ${current}: ${(error as Error).message}`, { cause: error })
    }
    figures.schedules++
  }
  return figures
}

const newFigures = (): ReplicationFigures => ({
  schedules: 0,
  openings: 0,
  confirmed: 0,
  kills: 0,
  powerLosses: 0,
  lostDisks: 0,
  pauses: 0,
  cuts: 0,
})

class Schedule {
  readonly #random: Random
  readonly #figures: ReplicationFigures
  readonly #rules: GroupRules
  readonly #book = new HistoryBook()
  readonly #wires: SimulatedWires
  readonly #members: SimulatedMember[]
  readonly #trace: ((line: string) => void) | undefined
  #lastId = 0
  #lastTerm = 0

  constructor(seed: number, figures: ReplicationFigures, sabotage: Sabotage, trace: ReplicationModelOptions['trace']) {
    this.#trace = trace
    this.#random = seededRandom(seed)
    this.#figures = figures
    const replicas = this.#chance(0.3) ? 5 : 3
    const sync = this.#chance(0.6)
    this.#rules = { replicas, sync, confirmations: quorumOf(replicas) - 1 }
    const names = ['a', 'b', 'c', 'd', 'e'].slice(0, replicas)
    this.#wires = new SimulatedWires(names)
    this.#members = names.map(
      (name) =>
        new SimulatedMember(name, {
          rules: this.#rules,
          wires: this.#wires,
          book: this.#book,
          random: this.#random,
          sabotage,
          nextId: () => ++this.#lastId,
          trace,
        }),
    )
  }

  run(steps: number): void {
    for (const member of this.#members) member.start()
    for (let step = 0; step < steps; step++) this.#step()
    this.#comeToRest()
    this.#figures.openings += this.#book.openings
    this.#figures.confirmed += this.#book.confirmed
  }

  #chance(probability: number): boolean {
    return this.#random.next() < probability
  }

  #any<T>(list: readonly T[]): T {
    return list[Math.floor(this.#random.next() * list.length)]!
  }

  #step(): void {
    const member = this.#any(this.#members)
    const choice = this.#random.next()
    if (choice < 0.45) this.#deliver(this.#any(this.#wires.all), 1 + Math.floor(this.#random.next() * 6))
    else if (choice < 0.62) this.#onMember(member, () => member.operate())
    else if (choice < 0.75) this.#onMember(member, () => member.work())
    else if (choice < 0.83) this.#onMember(member, () => member.read())
    else if (choice < 0.9) this.#onMember(member, () => member.change((core) => core.tick()))
    else if (choice < 0.99) this.#connect(this.#any(this.#wires.all))
    else if (choice < 0.994) this.#propose(member)
    else this.#fault(member)
  }

  #onMember(member: SimulatedMember, act: () => void): void {
    if (member.isUp) act()
    this.#settle(member)
  }

  /** What the member's own core wanted. */
  #settle(member: SimulatedMember): void {
    for (const other of member.cuts.splice(0)) {
      this.#cut(this.#wires.between(member.name, other))
      this.#cut(this.#wires.between(other, member.name))
    }
    if (!member.isOver) return
    this.#end(member)
    member.start()
  }

  #deliver(wire: Wire, count: number): void {
    const [from, to] = [this.#find(wire.from), this.#find(wire.to)]
    const towards = this.#chance(0.5)
    for (let delivered = 0; delivered < count && wire.isUp; delivered++) {
      const receiver = towards ? to : from
      const message = receiver.isUp ? (towards ? wire.requests : wire.answers).shift() : undefined
      if (!message) return
      const sender = towards ? wire.from : wire.to
      receiver.change((core) => core.step(sender, message))
      this.#settle(receiver)
    }
  }

  #connect(wire: Wire): void {
    const [from, to] = [this.#find(wire.from), this.#find(wire.to)]
    if (wire.isUp || wire.isBlocked || !from.isUp || !to.core) return
    wire.isUp = true
    this.#onMember(from, () => from.change((core) => core.connected(wire.to)))
  }

  #cut(wire: Wire): void {
    if (!this.#wires.cut(wire)) return
    this.#figures.cuts++
    const from = this.#find(wire.from)
    // A paused one finds out later; nothing that it sends meanwhile arrives.
    from.change((core) => core.disconnected(wire.to))
  }

  #find(name: string): SimulatedMember {
    return this.#members.find((member) => member.name === name)!
  }

  /** An election that is late, hasty or split. */
  #propose(member: SimulatedMember): void {
    const isStale = this.#chance(0.2)
    const term = isStale ? Math.max(1, this.#lastTerm - Math.floor(this.#random.next() * 2)) : this.#lastTerm + 1
    this.#lastTerm = Math.max(term, this.#lastTerm)
    const founding = !this.#book.hasServed
    this.#trace?.(`the election proposes ${member.name} for term ${term}${founding ? ', founding' : ''}`)
    this.#onMember(member, () => member.change((core) => core.campaign(term, founding)))
    if (this.#chance(0.05))
      this.#onMember(member, () => member.change((core) => core.withdraw(term, 'the election says so')))
  }

  #fault(member: SimulatedMember): void {
    const choice = this.#random.next()
    if (!member.core) member.start()
    else if (choice < 0.3) this.#kill(member)
    else if (choice < 0.5) {
      member.isPaused = !member.isPaused
      this.#figures.pauses++
    } else if (choice < 0.8) {
      const wire = this.#any(this.#wires.all)
      if (this.#chance(0.5)) wire.isBlocked = !wire.isBlocked
      if (wire.isBlocked || this.#chance(0.5)) this.#cut(wire)
    } else this.#isolate(member)
  }

  #isolate({ name }: SimulatedMember): void {
    const isBlocked = this.#chance(0.5)
    for (const wire of this.#wires.all) {
      if (wire.from !== name && wire.to !== name) continue
      wire.isBlocked = isBlocked
      if (isBlocked) this.#cut(wire)
    }
  }

  #kill(member: SimulatedMember): void {
    this.#end(member)
    this.#figures.kills++
    this.#trace?.(`${member.name} is killed`)
    if (this.#rules.sync && this.#chance(0.4)) {
      this.#trace?.(`${member.name} loses power`)
      member.journal.losePower(this.#random)
      this.#figures.powerLosses++
    } else if (this.#mayLoseDisk(member) && this.#chance(0.5)) {
      this.#trace?.(`${member.name} loses its disk`)
      member.journal.loseAll()
      this.#figures.lostDisks++
    }
  }

  /** A campaign from before the first answer is under way. */
  get #isBeingFounded(): boolean {
    return (
      !this.#book.hasServed ||
      this.#members.some(({ core }) => core?.status.role === 'Candidate') ||
      this.#wires.all.some(({ requests }) => requests.some((message) => message.type === 'promiseRequest'))
    )
  }

  /**
   * More than this is lost for good, or for somebody to repair: a quorum of the others has to count, and the disk must not go in the very
   * moment in which the group is founded.
   */
  #mayLoseDisk(member: SimulatedMember): boolean {
    const counting = this.#members.filter((other) => other !== member && other.journal.state.isVoter)
    return counting.length >= quorumOf(this.#rules.replicas) && !this.#isBeingFounded
  }

  #end(member: SimulatedMember): void {
    member.end()
    for (const wire of this.#wires.all)
      if (wire.from === member.name) this.#wires.cut(wire)
      else if (wire.to === member.name) this.#cut(wire)
  }

  #comeToRest(): void {
    for (const member of this.#members) {
      member.isPaused = false
      if (!member.core) member.start()
    }
    for (const wire of this.#wires.all) wire.isBlocked = false
    const confirmedBefore = this.#book.confirmed
    for (let turn = 0; turn < restTurns; turn++) {
      const works = this.#book.confirmed < confirmedBefore + 10
      this.#turn(turn, works)
      if (!works && this.#isInSync() && this.#isEqual()) return
    }
    throw new Violation(`it does not come to rest: ${this.#described}`)
  }

  /** Everything that can go on does. */
  #turn(turn: number, works: boolean): void {
    for (const wire of this.#wires.all) {
      this.#connect(wire)
      for (let burst = 0; burst < 4; burst++) this.#deliver(wire, 8)
    }
    for (const member of this.#members) {
      this.#onMember(member, () => member.operate())
      for (let reads = 0; reads < 8; reads++) this.#onMember(member, () => member.read())
      if (works || member.active?.writing || member.electedIn !== undefined) this.#onMember(member, () => member.work())
      this.#onMember(member, () => member.change((core) => core.tick()))
    }
    if (turn % 25 === 24 && !this.#active) this.#proposeBest()
  }

  #proposeBest(): void {
    const candidates = this.#members.filter(({ core }) => !this.#book.hasServed || core!.status.isVoter)
    const best = candidates.reduce((one, other) =>
      comparePositions(one.core!.status.position, other.core!.status.position) >= 0 ? one : other,
    )
    this.#lastTerm = Math.max(this.#lastTerm, ...this.#members.map(({ core }) => core!.status.promised)) + 1
    const term = this.#lastTerm
    this.#onMember(best, () => best.change((core) => core.campaign(term, !this.#book.hasServed)))
  }

  get #active(): SimulatedMember | undefined {
    return this.#members.find(({ core }) => core!.status.hasQuorum)
  }

  #isInSync(): boolean {
    const active = this.#active
    return (
      active !== undefined &&
      this.#members.every(
        ({ core }) => core!.status.inSync && core!.status.isVoter && core!.status.active === active.name,
      )
    )
  }

  #isEqual(): boolean {
    if (this.#members.some(({ isQuiet }) => !isQuiet)) return false
    return new Set(this.#members.map(({ journal }) => journal.content)).size === 1
  }

  get #described(): string {
    return this.#members
      .map(({ name, core, operations }) => {
        const { role, promised, position, isVoter, active, inSync } = core!.status
        return `${name} ${role} promised ${promised} at ${position.term}/${position.segment}/${position.offset}${isVoter ? '' : ' no voter'} of ${active}${inSync ? ' in sync' : ''}, ${operations.length} operations`
      })
      .join('; ')
  }
}
