// The election by a Lease of Kubernetes: whoever holds it is proposed, and only one that has all that counts tries to hold it.
//
// One thing is done after the other, in rounds: read the Lease → renew it (holder), or take it (if it is free and this member's turn) → wait
// for half the renewal interval, the end of the Lease, or something that happens.
//
// An active that is served does not need the Lease: a quorum has promised its term. So it goes on while the API server is away, and also
// when another member has taken the Lease; that one's campaign, if it comes to one, deposes it.
import type { Clock, Timer } from '../../../base/clock.ts'
import { errorMessage } from '../../../base/errors.ts'
import type { Logger } from '../../../base/logger.ts'
import type { Peer } from '../../../replication/peer.ts'
import type { Candidacy, Elector, ElectorListener, ElectorState, Proposal } from '../elector.ts'
import { LockLostError } from '../../lock-lost-error.ts'
import { ElectorRefusedError } from '../elector-refused-error.ts'
import { chooseTaker } from './choose-taker.ts'
import { Lasting } from '../lasting.ts'
import { LeaseError, type Lease, type LeaseClient } from './lease-client.ts'
import { changedLease, identityOf, memberOfIdentity, type LeaseChange } from './lease-facts.ts'
import { leaseLimits } from './lease-limits.ts'
import { LeaseObservation } from './lease-observation.ts'
import { within } from './within.ts'

export interface LeaseMember extends Peer {
  /** Of equals the heaviest is elected. Default: 1. */
  readonly weight?: number
}

export interface LeaseElectorOptions {
  /** Is closed by `close`. */
  readonly client: LeaseClient
  readonly brokerName: string
  readonly member: string
  /** Of this process: no other one has it. */
  readonly instance: string
  /** Of the process that had this member's data before, and is over; undefined: nobody knows. */
  readonly former?: () => string | undefined
  readonly replicas: number
  /** All of them, this one included. */
  readonly members: readonly LeaseMember[]
  readonly durationMs: number
  readonly renewIntervalMs: number
  /** What the other members answer when they are asked over replication, of those that answer. */
  readonly positions: () => Promise<ReadonlyMap<string, Candidacy>>
  readonly clock: Clock
  readonly logger: Logger
}

export class LeaseElector implements Elector {
  readonly #options: LeaseElectorOptions
  readonly #identity: string
  readonly #what: string
  readonly #seen: LeaseObservation
  readonly #unsettled: Lasting<'unsettled'>
  #listener: ElectorListener | undefined
  #candidacy: Candidacy | undefined
  /** Resolves when the Lease says that a term was served. */
  #founded = Promise.withResolvers<void>()
  /** Of the clock; undefined: it has heard of an active. */
  #coldSinceMs: number | undefined
  /** What this member was proposed, and has neither declined nor been told to end. */
  #proposal: (Proposal & { readonly isServed: boolean }) | undefined
  /** Of a write whose answer may have been lost. */
  #attempted: Proposal | undefined
  /** To be written: this member has declined. */
  #declined: LeaseChange['declined']
  #trouble: string | undefined = 'The Lease was not read yet'
  #waitingFor = 'The Lease was not read yet'
  #active: string | undefined
  #round: Promise<void> | undefined
  #isAgain = false
  #isOver = false
  #timer: Timer | undefined

  constructor(options: LeaseElectorOptions) {
    const { client, member, instance, clock } = options
    this.#options = options
    this.#identity = identityOf(member, instance)
    this.#what = `Lease ${client.namespace}/${client.name}`
    this.#seen = new LeaseObservation(clock)
    this.#unsettled = new Lasting(clock)
    this.#coldSinceMs = clock.monotonicMs()
  }

  get state(): ElectorState {
    if (this.#trouble !== undefined) return { kind: 'Connecting', reason: this.#trouble }
    if (this.#active !== undefined) return { kind: 'Elected', member: this.#active, term: this.#seen.facts.term }
    return { kind: 'Waiting', reason: this.#waitingFor }
  }

  get unsettledMs(): number {
    return this.#unsettledForMs()
  }

  /** Asked whenever the state may have changed: between two questions it is taken to be what it was. */
  #unsettledForMs(): number {
    return this.#unsettled.observe({ unsettled: this.state.kind !== 'Elected' }).unsettled
  }

  start(_address: string, listener: ElectorListener): void {
    const { member, members } = this.#options
    this.#listener = listener
    const refusal = this.#configurationRefusal()
    if (refusal) return this.#refuse(refusal)
    const others = members.filter((one) => one.member !== member)
    listener.peers(others.map((one) => ({ member: one.member, address: one.address })))
    this.#again()
  }

  candidacy(candidacy: Candidacy): void {
    const isNews = candidacy.active !== this.#candidacy?.active || candidacy.isVoter !== this.#candidacy.isVoter
    this.#candidacy = candidacy
    if (candidacy.active !== null) this.#coldSinceMs = undefined
    if (isNews) this.#again()
  }

  served(term: number): Promise<void> {
    if (this.#proposal?.term !== term)
      return Promise.reject(new LockLostError(`term ${term} is over: its election holds no longer`))
    this.#proposal = { ...this.#proposal, isServed: true }
    this.#coldSinceMs = undefined
    this.#again()
    return this.#founded.promise
  }

  declined(term: number): void {
    if (this.#proposal?.term !== term) return
    const { isServed } = this.#proposal
    const before = this.#seen.facts.declined?.attempt ?? 0
    this.#endProposal('it was declined')
    this.#declined = { term, member: this.#options.member, attempt: isServed ? 0 : before + 1 }
    this.#again()
  }

  async close(): Promise<void> {
    if (this.#isOver) return
    this.#isOver = true
    this.#timer?.cancel()
    this.#endProposal('this member was closed')
    const { clock, client } = this.#options
    const released = (this.#round ?? Promise.resolve()).then(() => this.#release())
    await within(clock, leaseLimits.releaseMs, released).catch((error: unknown) =>
      this.#options.logger.warn('Cannot release the Lease', { lease: this.#what, error: errorMessage(error) }),
    )
    client.close()
  }

  get #isHolder(): boolean {
    return this.#seen.facts.holder === this.#identity
  }

  /** Held by a process that is over: nobody need wait until it expires. */
  get #isFormersOwn(): boolean {
    const { member, former } = this.#options
    const instance = former?.()
    return instance !== undefined && this.#seen.facts.holder === identityOf(member, instance)
  }

  #endProposal(reason: string): void {
    const founded = this.#founded
    this.#founded = Promise.withResolvers()
    // Nobody may be waiting for it.
    founded.promise.catch(() => {})
    founded.reject(new LockLostError(reason))
    this.#proposal = undefined
  }

  #refuse(error: ElectorRefusedError): void {
    this.#isOver = true
    this.#waitingFor = error.message
    this.#trouble = undefined
    this.#listener?.refused(error)
  }

  #configurationRefusal(): ElectorRefusedError | undefined {
    const { member, members, replicas } = this.#options
    const list = members.map((one) => one.member).join(', ')
    if (members.length !== replicas || new Set(members.map((one) => one.member)).size !== replicas)
      return new ElectorRefusedError(
        `Cannot elect by ${this.#what}: replicas is ${replicas}, and its members are ${list}; name each of them once`,
        { fields: { replicas, members: list } },
      )
    if (members.some((one) => one.member === member)) return undefined
    return new ElectorRefusedError(
      `Cannot elect by ${this.#what}: this is member ${member}, and its members are ${list}`,
      { fields: { member, members: list } },
    )
  }

  #strangerRefusal(): ElectorRefusedError | undefined {
    const { brokerName } = this.#options
    const { brokerName: written } = this.#seen.facts
    if (written === undefined || written === brokerName) return undefined
    return new ElectorRefusedError(
      `Cannot elect by ${this.#what} as a member of broker ${brokerName}: it is that of broker ${written}. Give each broker a Lease of its own`,
      { fields: { lease: this.#what, brokerName, written } },
    )
  }

  #again(): void {
    this.#isAgain = true
    if (this.#isOver || !this.#listener || !this.#candidacy) return
    this.#round ??= this.#rounds().finally(() => {
      this.#round = undefined
      if (this.#isAgain) this.#again()
    })
  }

  async #rounds(): Promise<void> {
    while (this.#isAgain && !this.#isOver) {
      this.#isAgain = false
      this.#timer?.cancel()
      let againMs: number | undefined
      try {
        againMs = await this.#goOn()
        this.#trouble = undefined
      } catch (error) {
        this.#failed(error)
      }
      this.#unsettledForMs()
      const { renewIntervalMs, clock } = this.#options
      const { expiresInMs } = this.#seen
      const usualMs = this.#isHolder ? renewIntervalMs : renewIntervalMs / 2
      const delayMs = Math.min(usualMs, againMs ?? Infinity, expiresInMs > 0 ? expiresInMs : Infinity)
      if (!this.#isOver) this.#timer = clock.after(Math.max(delayMs, 1), () => this.#again())
    }
  }

  #failed(error: unknown): void {
    // Another one has written it: it is read in the next round, at once.
    if (error instanceof LeaseError && error.kind === 'Conflict') return void (this.#isAgain = true)
    if (this.#trouble === undefined)
      this.#options.logger.warn('Cannot elect at this moment', { lease: this.#what, error: errorMessage(error) })
    this.#trouble = errorMessage(error)
  }

  /** Answers after what time there is something to be done again, if it is sooner than usual. */
  async #goOn(): Promise<number | undefined> {
    this.#seen.observe(await this.#options.client.read())
    const refusal = this.#strangerRefusal()
    if (refusal) {
      this.#refuse(refusal)
      return undefined
    }
    if (this.#isFormersOwn) await this.#write(released)
    if (this.#isHolder && !this.#proposal) await this.#settleHeld()
    if (this.#proposal?.isServed) return this.#keepServed(this.#proposal)
    if (this.#proposal) return this.#keepProposed(this.#proposal)
    if (!this.#seen.isFree) {
      this.#active = memberOfIdentity(this.#seen.facts.holder)
      return undefined
    }
    return this.#contend()
  }

  /** It holds what it has declined, or what it took without an answer. */
  async #settleHeld(): Promise<void> {
    const attempted = this.#attempted
    if (attempted?.term === this.#seen.facts.term && this.#declined?.term !== attempted.term)
      return this.#propose(attempted)
    await this.#release()
  }

  async #keepServed({ term }: Proposal): Promise<undefined> {
    const { facts, isFree } = this.#seen
    this.#active = this.#isHolder || isFree ? this.#options.member : memberOfIdentity(facts.holder)
    // Whoever has taken it campaigns, or gives it back.
    if (!this.#isHolder && !isFree) {
      if (facts.isFounded) this.#founded.resolve()
      return undefined
    }
    await this.#write({
      holder: this.#identity,
      term: Math.max(term, facts.term),
      isFounded: true,
      declined: undefined,
    })
    this.#founded.resolve()
    return undefined
  }

  async #keepProposed({ term }: Proposal): Promise<number | undefined> {
    const { facts } = this.#seen
    if (this.#isHolder && facts.term === term) {
      this.#active = this.#options.member
      await this.#write({ holder: this.#identity, term })
      return undefined
    }
    const reason =
      facts.holder === '' ? 'the Lease was released' : `${memberOfIdentity(facts.holder)} has taken the Lease`
    this.#options.logger.warn('The election of this member holds no longer', { term, reason })
    this.#endProposal(reason)
    this.#listener!.withdrawn(term, reason)
    return 1
  }

  async #contend(): Promise<number | undefined> {
    const { member, members, replicas, clock, durationMs, positions } = this.#options
    const asked = await within(clock, leaseLimits.positionsMs, positions()).catch(() => undefined)
    if (this.#isOver) return undefined
    const choice = chooseTaker({
      self: member,
      replicas,
      candidacies: new Map([...(asked ?? []), [member, this.#candidacy!]]),
      weightOf: (name) => members.find((one) => one.member === name)?.weight ?? 1,
      facts: this.#seen.facts,
      freeMs: this.#seen.freeMs,
      coldMs: this.#coldSinceMs === undefined ? undefined : clock.monotonicMs() - this.#coldSinceMs,
      durationMs,
    })
    this.#active = choice.kind === 'leave' ? choice.active : undefined
    this.#waitingFor = choice.reason
    if (choice.kind === 'leave') return choice.againMs
    const proposal = { term: choice.term, founding: choice.founding }
    this.#attempted = proposal
    await this.#write({ holder: this.#identity, term: choice.term })
    this.#options.logger.info('Took the Lease', { lease: this.#what, term: choice.term, reason: choice.reason })
    this.#propose(proposal)
    return undefined
  }

  #propose(proposal: Proposal): void {
    if (this.#isOver) return
    this.#attempted = undefined
    this.#declined = undefined
    this.#active = this.#options.member
    this.#proposal = { ...proposal, isServed: false }
    this.#listener!.proposed(proposal)
  }

  /** Others need not wait until it expires. */
  async #release(): Promise<void> {
    if (!this.#isHolder) return
    await this.#write({ ...released, ...(this.#declined && { declined: this.#declined }) })
  }

  /** What is not given stays as it is. */
  async #write(change: Partial<LeaseChange>): Promise<void> {
    const { client, clock, brokerName, durationMs } = this.#options
    const { lease, facts } = this.#seen
    const { namespace, name } = client
    const { term, isFounded, declined } = facts
    const whole = { holder: '', durationMs, term, isFounded, declined, brokerName, nowMs: clock.nowMs(), ...change }
    const next = changedLease(lease, { namespace, name }, whole)
    this.#seen.observe(lease ? await client.update(next) : await this.#create(next))
  }

  async #create(lease: Lease): Promise<Lease> {
    try {
      return await this.#options.client.create(lease)
    } catch (error) {
      if (!(error instanceof LeaseError) || error.kind !== 'Forbidden') throw error
      throw new LeaseError(
        'Forbidden',
        `${this.#what} is not there, and this member may not make it: make an empty one, or allow it to create Leases (${error.message})`,
        { cause: error },
      )
    }
  }
}

const released = { holder: '', durationMs: 1000 }
