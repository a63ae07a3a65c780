// One group and what happens to it, from one seed.
import { seededRandom, type Random } from '../../../broker/base/random.ts'
import { comparePositions, originPosition } from '../../../broker/replication/position.ts'
import { quorumOf, type SyncMode } from '../../../broker/replication/sync-mode.ts'
import { Violation } from '../queue-book.ts'
import type { ReplicationFigures } from './figures.ts'
import { groupRules, syncModes, type GroupRules } from './group-rules.ts'
import { HistoryBook } from './history-book.ts'
import type { Sabotage } from './sabotage.ts'
import { SimulatedMember } from './simulated-member.ts'
import { SimulatedWires, type Wire } from './simulated-wires.ts'

export interface ScheduleOptions {
  readonly seed: number
  readonly figures: ReplicationFigures
  readonly sabotage: Sabotage
  readonly trace: ((line: string) => void) | undefined
}

const restTurns = 600
/** From the end of all faults: the first election may find somebody who is behind, and each candidate may be one. */
const restOpenings = 3

/** What of all that can happen does, and how often: each group is tried hard in a few ways, not a little in all. */
const faultKinds = ['kill', 'losePower', 'loseDisk', 'stopAll', 'pause', 'cut', 'isolate', 'split'] as const
type FaultKind = (typeof faultKinds)[number]
const weights = [0, 0, 1, 1, 4]

interface Proposal {
  readonly member: SimulatedMember
  readonly term: number
}

export class Schedule {
  readonly #random: Random
  readonly #figures: ReplicationFigures
  readonly #rules: GroupRules
  readonly #book: HistoryBook
  readonly #wires: SimulatedWires
  readonly #members: SimulatedMember[]
  readonly #trace: ((line: string) => void) | undefined
  /** How much of all that happens is an election or a fault. */
  readonly #unrest: number
  /** How often the election names the right one at the right time; else anybody, at any time. */
  readonly #foresight: number
  readonly #faults: readonly FaultKind[]
  /** How fast each member's clock and disk are. */
  readonly #speeds: ReadonlyMap<SimulatedMember, { readonly clock: number; readonly disk: number }>
  #proposals: Proposal[] = []
  #lastId = 0
  #lastTerm = 0

  constructor({ seed, figures, sabotage, trace }: ScheduleOptions) {
    this.#trace = trace
    this.#random = seededRandom(seed)
    this.#figures = figures
    const replicas = this.#chance(0.3) ? 5 : 3
    const mode: SyncMode = this.#chance(0.5) ? 'quorum_disk' : this.#any(syncModes)
    const rules = groupRules(mode, replicas)
    this.#book = new HistoryBook({
      waitsForQuorum: rules.confirmations > 0,
      quorum: quorumOf(replicas),
      copies: (id) => this.#members.filter((member) => member.counts(id)).length,
    })
    this.#rules = { ...rules, confirmations: sabotage.confirmations(rules.confirmations) }
    this.#unrest = this.#any([0.5, 1, 1, 3])
    this.#foresight = this.#any([0, 0.7, 0.95])
    this.#faults = faultKinds.flatMap((kind) => Array.from({ length: this.#any(weights) }, () => kind))
    const names = ['a', 'b', 'c', 'd', 'e'].slice(0, replicas)
    this.#wires = new SimulatedWires(names)
    const parts = { rules: this.#rules, wires: this.#wires, book: this.#book, random: this.#random, sabotage, trace }
    this.#members = names.map((name) => new SimulatedMember(name, { ...parts, nextId: () => ++this.#lastId }))
    // Disks that are slow throughout hide what only happens to members that keep up.
    const slowest = this.#any([0.03, 0.2, 0.2, 0.2])
    this.#speeds = new Map(
      this.#members.map((member) => [member, { clock: this.#any([0.3, 1, 1]), disk: this.#any([slowest, 0.2, 1, 1]) }]),
    )
    trace?.(`${replicas} members, ${mode}`)
  }

  /** @throws {Violation} */
  run(steps: number): void {
    for (const member of this.#members) member.start()
    // Of five there are more connections.
    const wires = this.#wires.all.length
    for (let step = 0; step < (wires > 6 ? 2 * steps : steps); step++) this.#step()
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
    if (this.#chance(0.01 * this.#unrest)) return this.#chance(0.4) ? this.#election() : this.#fault()
    const member = this.#any(this.#members)
    const { clock, disk } = this.#speeds.get(member)!
    const choice = this.#random.next()
    if (choice < 0.45) this.#deliver(this.#any(this.#wires.all), 1 + Math.floor(this.#random.next() * 6))
    else if (choice < 0.62) this.#onMember(member, () => this.#chance(disk) && member.operate())
    else if (choice < 0.75) this.#onMember(member, () => this.#chance(disk) && member.work())
    else if (choice < 0.83) this.#onMember(member, () => member.read())
    else if (choice < 0.91) this.#onMember(member, () => this.#chance(clock) && this.#tick(member))
    else this.#connect(this.#any(this.#wires.all))
  }

  #tick(member: SimulatedMember): void {
    member.change((core) => core.tick())
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

  #deliver(wire: Wire, count: number, towards = this.#chance(0.5)): void {
    const receiver = this.#find(towards ? wire.to : wire.from)
    const sender = towards ? wire.from : wire.to
    for (let delivered = 0; delivered < count && wire.isUp; delivered++) {
      const message = receiver.isUp ? (towards ? wire.requests : wire.answers).shift() : undefined
      if (!message) return
      receiver.receive(sender, message)
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
    this.#find(wire.from).lose(wire.to)
  }

  #find(name: string): SimulatedMember {
    return this.#members.find((member) => member.name === name)!
  }

  // Elections

  #election(): void {
    const [earlier] = this.#proposals.length > 0 ? [this.#any(this.#proposals)] : []
    if (this.#chance(this.#foresight)) this.#electBest()
    else if (earlier && this.#chance(0.25)) this.#withdraw(earlier)
    else this.#electAnybody()
  }

  #electBest(): void {
    const isNeeded = this.#members.every(({ isUp, core }) => !isUp || core!.status.role === 'Follower')
    const member = isNeeded ? this.#mostAdvanced : undefined
    if (member) this.#propose(member, this.#lastTerm + 1, this.#isNew)
  }

  /** Late, hasty, split, or wrong. */
  #electAnybody(): void {
    const member = this.#any(this.#members)
    const isStale = this.#chance(0.2)
    const term = isStale ? Math.max(1, this.#lastTerm - Math.floor(this.#random.next() * 2)) : this.#lastTerm + 1
    // It may have forgotten everything: that does no harm as long as no member has.
    const founding = !this.#book.hasServed || (this.#chance(0.1) && !this.#members.some((each) => each.hasLostDisk))
    this.#propose(member, term, founding)
  }

  #propose(member: SimulatedMember, term: number, founding: boolean): void {
    this.#figures.proposals++
    this.#proposals.push({ member, term })
    this.#lastTerm = Math.max(term, this.#lastTerm)
    this.#trace?.(`the election proposes ${member.name} for term ${term}${founding ? ', founding' : ''}`)
    if (!member.isUp) return
    member.isFounding = founding
    this.#onMember(member, () => member.change((core) => core.campaign(term, founding)))
  }

  #withdraw({ member, term }: Proposal): void {
    this.#figures.withdrawals++
    this.#trace?.(`the election withdraws ${member.name} for term ${term}`)
    this.#onMember(member, () => member.change((core) => core.withdraw(term, 'the election says so')))
  }

  /** No client was answered, and nobody has anything: as electors see it, of those that are here. */
  get #isNew(): boolean {
    return (
      !this.#book.hasServed &&
      this.#members.every(({ core }) => !core || comparePositions(core.status.position, originPosition) === 0)
    )
  }

  /** Of those that could be elected. */
  get #mostAdvanced(): SimulatedMember | undefined {
    const eligible = this.#members.filter(({ isUp, core }) => isUp && (this.#isNew || core!.status.isVoter))
    if (eligible.length === 0) return undefined
    return eligible.reduce((one, other) =>
      comparePositions(one.core!.status.position, other.core!.status.position) >= 0 ? one : other,
    )
  }

  // Faults

  #fault(): void {
    const member = this.#any(this.#members)
    if (!member.core) return member.start()
    if (member.isPaused && this.#chance(0.6)) return this.#goOn(member)
    if (this.#faults.length === 0) return
    switch (this.#any(this.#faults)) {
      case 'kill':
        return this.#kill(member)
      case 'losePower':
        return this.#losePower(member)
      case 'loseDisk':
        return this.#loseDisk(member)
      case 'stopAll':
        return this.#stopAll()
      case 'pause':
        return this.#pause(member)
      case 'cut':
        return this.#cutOne(this.#any(this.#wires.all))
      case 'isolate':
        return this.#separate([member], this.#chance(0.5))
      case 'split':
        return this.#separate(
          this.#members.filter(() => this.#chance(0.5)),
          this.#chance(0.5),
        )
    }
  }

  #pause(member: SimulatedMember): void {
    this.#trace?.(`${member.name} is paused`)
    member.pause()
    this.#figures.pauses++
  }

  /** Whatever came in meanwhile may come at once, and its clock may jump. */
  #goOn(member: SimulatedMember): void {
    this.#trace?.(`${member.name} goes on`)
    member.goOn()
    this.#settle(member)
    if (this.#chance(0.5)) for (let ticks = 0; ticks < 5; ticks++) this.#onMember(member, () => this.#tick(member))
    if (this.#chance(0.5))
      for (const wire of this.#wires.all)
        if (wire.to === member.name || wire.from === member.name) this.#deliver(wire, 100, wire.to === member.name)
  }

  #cutOne(wire: Wire): void {
    if (this.#chance(0.5)) wire.isBlocked = !wire.isBlocked
    if (wire.isBlocked || this.#chance(0.5)) this.#cut(wire)
    if (!wire.isBlocked && !wire.isUp && this.#chance(0.5)) this.#restore(wire)
  }

  /** It is made again, and much is said, before anybody's disk has done anything. */
  #restore(wire: Wire): void {
    this.#connect(wire)
    for (let burst = 0; burst < 4; burst++) this.#deliver(wire, 8)
  }

  /** Or ends what separates them. */
  #separate(some: readonly SimulatedMember[], isBlocked: boolean): void {
    const names = new Set(some.map(({ name }) => name))
    if (isBlocked) this.#figures.partitions++
    this.#trace?.(`${[...names].join(' ')} ${isBlocked ? 'separated from' : 'joined with'} the others`)
    for (const wire of this.#wires.all) {
      if (names.has(wire.from) === names.has(wire.to)) continue
      wire.isBlocked = isBlocked
      if (isBlocked) this.#cut(wire)
    }
  }

  #kill(member: SimulatedMember): void {
    this.#trace?.(`${member.name} is killed`)
    this.#end(member)
    this.#figures.kills++
  }

  #losePower(member: SimulatedMember): void {
    // Where that takes away what was confirmed, not much else could be seen.
    if (!this.#rules.bearsPowerLoss && this.#chance(0.8)) return
    this.#kill(member)
    this.#trace?.(`${member.name} loses power`)
    this.#figures.powerLosses++
    member.journal.losePower(this.#random)
    if (this.#rules.bearsPowerLoss) return
    const isAlone = this.#rules.confirmations === 0
    if (!isAlone) this.#book.forgiveUpTo(this.#lastId)
    else if (!this.#rules.syncsOwnDisk) this.#book.forgive(member.name)
  }

  #loseDisk(member: SimulatedMember): void {
    if (!this.#mayLoseDisk(member)) return
    this.#kill(member)
    if (this.#chance(0.3)) {
      this.#trace?.(`${member.name} loses its promise`)
      this.#figures.lostPromises++
      member.journal.losePromise()
    } else {
      this.#trace?.(`${member.name} loses its disk`)
      this.#figures.lostDisks++
      member.journal.loseAll()
    }
    member.hasLostDisk = true
    if (this.#rules.confirmations === 0) this.#book.forgive(member.name)
  }

  /** A campaign from before the first answer, or one that is taken for that, is under way. */
  get #isBeingFounded(): boolean {
    return (
      !this.#book.hasServed ||
      this.#members.some(({ core, isFounding }) => isFounding && core?.status.role === 'Candidate') ||
      this.#wires.all.some(({ requests }) =>
        requests.some((message) => message.type === 'promiseRequest' && message.founding),
      )
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

  /** The whole group at once, and again. */
  #stopAll(): void {
    const powerFails = this.#rules.bearsPowerLoss && this.#chance(0.5)
    this.#trace?.(powerFails ? 'all lose power' : 'all are stopped')
    this.#figures.stops++
    for (const member of this.#members) {
      if (member.core) this.#end(member)
      if (powerFails) member.journal.losePower(this.#random)
    }
    for (const member of this.#members) if (this.#chance(0.8)) member.start()
  }

  #end(member: SimulatedMember): void {
    member.end()
    for (const wire of this.#wires.all)
      if (wire.from === member.name) this.#wires.cut(wire)
      else if (wire.to === member.name) this.#cut(wire)
  }

  // Rest

  #comeToRest(): void {
    this.#trace?.('all faults are over')
    for (const member of this.#members) {
      if (member.isPaused) this.#goOn(member)
      if (!member.core) member.start()
    }
    for (const wire of this.#wires.all) wire.isBlocked = false
    const { confirmed, openings } = this.#book
    for (let turn = 0; turn < restTurns; turn++) {
      const works = this.#book.confirmed < confirmed + 10
      this.#turn(turn, works)
      if (this.#book.openings > openings + restOpenings)
        throw new Violation(`members take turns without need: ${this.#described}`)
      if (!works && this.#isInSync() && this.#isEqual()) return this.#checkRest()
    }
    throw new Violation(`it does not come to rest: ${this.#described}`)
  }

  #checkRest(): void {
    const { name, active, journal } = this.#active!
    const { older, current, term } = active!
    this.#book.rests(name, term, journal.ids([...older, current]))
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
      this.#onMember(member, () => this.#tick(member))
    }
    if (turn % 25 === 24 && !this.#active) this.#proposeBest()
  }

  #proposeBest(): void {
    this.#lastTerm = Math.max(this.#lastTerm, ...this.#members.map(({ core }) => core!.status.promised)) + 1
    const best = this.#mostAdvanced
    if (best) this.#propose(best, this.#lastTerm, this.#isNew)
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
