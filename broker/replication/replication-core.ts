// The state machine behind core.ts: who it follows, what it has promised, whether it campaigns or is active.
import { ActiveLog, comparePlaces, type Place } from './active-log.ts'
import { Campaign } from './campaign.ts'
import type { CoreOptions, CoreRole, CoreStatus, DurableState, ReadRequest, Ready, ReplicationCore } from './core.ts'
import { FollowerLog } from './follower-log.ts'
import { MemberFeed } from './member-feed.ts'
import type { Answer, Attach, Promised, PromiseRequest, Refused, RefusalReason, ReplicationMessage } from './message.ts'
import { Outbox } from './outbox.ts'
import { comparePositions, type SegmentRef } from './position.ts'
import { quorumOf } from './sync-mode.ts'

export const createCore = (options: CoreOptions): ReplicationCore => new Core(options)

/** Whose writes a member takes, in the term that it has promised. */
interface Following {
  readonly active: string
  /** Its `attach` was answered: what comes now goes on from there. */
  isAttached: boolean
  silentTicks: number
  /** The way to it is cut, and nothing was heard of it since. */
  isLost: boolean
  inSync: boolean
}

interface Activity {
  readonly term: number
  readonly log: ActiveLog
  readonly feeds: Map<string, MemberFeed>
  ticks: number
  sinceHeartbeat: number
  confirmed: Place
}

class Core implements ReplicationCore {
  readonly #options: CoreOptions
  readonly #outbox = new Outbox()
  readonly #log: FollowerLog
  readonly #connected = new Set<string>()
  readonly #quorum: number
  /** The newest that was asked to be made durable, and the newest that is. */
  #state: DurableState
  #durable: DurableState
  #following: Following | undefined
  #campaign: Campaign | undefined
  /** Of the term in which it was elected; its journal is not open yet. */
  #elected: number | undefined
  #activity: Activity | undefined
  /** Voters that have promised nothing newer than the term followed: asked for as long as this member is none. */
  #assured = new Set<string>()
  #acknowledging: Place | undefined
  /** Of those that others have refused with. */
  #newestTerm = 0
  /** It was elected: what its journal has since then is not known here, so that only a new core can take part again. */
  #isOver = false

  constructor(options: CoreOptions) {
    this.#options = options
    this.#state = options.durable
    this.#durable = options.durable
    this.#quorum = quorumOf(options.replicas)
    // Actives of two terms may have filled their windows, and those may be wider than this member's.
    this.#log = new FollowerLog(options.segments, this.#outbox, 8 * (options.windowBytes + options.chunkBytes))
  }

  get #role(): CoreRole {
    if (this.#activity) return 'Active'
    if (this.#elected !== undefined) return 'Elected'
    return this.#campaign ? 'Candidate' : 'Follower'
  }

  get status(): CoreStatus {
    const { promised, isVoter } = this.#state
    const activity = this.#activity
    return {
      role: this.#role,
      promised,
      newestTerm: Math.max(promised, this.#newestTerm),
      position: activity ? activity.log.position : this.#log.position,
      isVoter,
      active: this.#heardActive,
      inSync: activity !== undefined || (this.#following?.inSync ?? false),
      members: activity ? [...activity.feeds.values()].map(({ progress }) => progress) : [],
      hasQuorum: activity !== undefined && this.#hasQuorum(activity),
    }
  }

  get #heardActive(): string | null {
    if (this.#activity) return this.#options.self
    const following = this.#following
    return following && !following.isLost && following.silentTicks < this.#options.contactTicks
      ? following.active
      : null
  }

  takeReady(): Ready {
    return this.#outbox.take()
  }

  step(from: string, message: ReplicationMessage): void {
    if (from === this.#options.self || this.#isOver) return
    switch (message.type) {
      case 'promiseRequest':
        return this.#promiseRequest(from, message)
      case 'promised':
        return this.#promised(from, message)
      case 'refused':
        return this.#refused(from, message)
      case 'query':
        return this.#outbox.send(from, this.#answer)
      case 'answer':
        return this.#answered(from, message)
      case 'attach':
        return this.#attach(from, message)
      case 'trim':
      case 'write':
      case 'remove':
      case 'heartbeat':
        return this.#fromActive(from, message)
      case 'inventory':
      case 'acknowledged':
      case 'heartbeatAnswer':
        return this.#fromMember(from, message)
    }
  }

  connected(member: string): void {
    this.#connected.add(member)
    if (this.#campaign?.needs(member)) this.#request(member, this.#campaign)
    if (this.#activity) this.#feed(member, this.#activity).attach()
  }

  disconnected(member: string): void {
    this.#connected.delete(member)
    this.#activity?.feeds.get(member)?.detach()
    if (this.#following?.active === member && !this.#following.isLost) {
      this.#following.isLost = true
      this.#changed()
    } else if (this.#activity) this.#changed()
  }

  tick(): void {
    if (this.#campaign) this.#tickCampaign(this.#campaign)
    if (this.#activity) this.#tickActive(this.#activity)
    const following = this.#following
    if (following && ++following.silentTicks === this.#options.contactTicks) this.#changed()
  }

  campaign(term: number, founding: boolean): void {
    const { self, replicas } = this.#options
    if (this.#isOver) return this.#outbox.tell({ kind: 'defeated', term, reason: 'this member was elected before' })
    if (this.#role !== 'Follower') this.#giveUp(`term ${term} was proposed`)
    const { promised, isVoter } = this.#state
    const obstacle =
      term <= promised
        ? `term ${promised} was promised`
        : isVoter || (founding && this.#log.isEmpty)
          ? undefined
          : 'this member has no data that counts, and is not in sync yet'
    if (obstacle !== undefined) return this.#outbox.tell({ kind: 'defeated', term, reason: obstacle })
    const campaign = new Campaign({ term, founding, replicas, quorum: this.#quorum })
    this.#campaign = campaign
    this.#promise({ promised: term, candidate: self, isVoter: true }, () => {
      if (this.#campaign !== campaign) return
      campaign.isOpen = true
      campaign.promised(self, 2)
      for (const member of this.#connected) this.#request(member, campaign)
    })
  }

  withdraw(term: number, reason: string): void {
    if (term === (this.#campaign?.term ?? this.#elected ?? this.#activity?.term)) this.#giveUp(reason)
  }

  opened(segments: readonly SegmentRef[]): void {
    const term = this.#elected
    if (term === undefined) return
    this.#elected = undefined
    const log = new ActiveLog(segments)
    this.#activity = { term, log, feeds: new Map(), ticks: 0, sinceHeartbeat: 0, confirmed: { segment: 0, offset: 0 } }
    for (const member of this.#connected) this.#feed(member, this.#activity).attach()
    this.#changed()
  }

  appended(segment: SegmentRef, offset: number, bytes: Buffer): void {
    if (!this.#activity) return
    this.#activity.log.appended(segment, offset, bytes)
    for (const feed of this.#activity.feeds.values()) feed.pump()
  }

  written(segment: number, offset: number): void {
    if (!this.#activity) return
    this.#activity.log.written(segment, offset)
    for (const feed of this.#activity.feeds.values()) feed.pump()
  }

  removed(segments: readonly number[]): void {
    if (!this.#activity) return
    this.#activity.log.removed(segments)
    for (const feed of this.#activity.feeds.values()) feed.removed(segments)
  }

  done(id: number): void {
    this.#outbox.done(id)
    const place = this.#acknowledging
    const following = this.#following
    this.#acknowledging = undefined
    if (place && following?.isAttached)
      this.#outbox.send(following.active, { type: 'acknowledged', term: this.#state.promised, ...place })
  }

  read(request: ReadRequest, bytes: Buffer | undefined): void {
    this.#activity?.feeds.get(request.member)?.read(request, bytes)
  }

  // Promises

  #promiseRequest(from: string, request: PromiseRequest): void {
    const { term, candidate, round } = request
    if (candidate !== from) return this.#cut(from, `it asks for ${candidate}`)
    const reason = this.#objection(request)
    if (reason) return this.#refuse(from, term, reason)
    const answer = (): void => {
      const { promised, candidate: owner } = this.#durable
      if (promised === term && owner === candidate) this.#outbox.send(from, { type: 'promised', term, round })
    }
    if (term === this.#state.promised) return this.#outbox.whenDone(answer)
    this.#giveUp(`${from} is a candidate for term ${term}`)
    this.#promise({ promised: term, candidate, isVoter: true }, answer)
  }

  #objection({ term, candidate, position, founding }: PromiseRequest): RefusalReason | undefined {
    const { promised, candidate: owner, isVoter } = this.#state
    if (term < promised || (term === promised && candidate !== owner)) return 'term'
    if (!isVoter && !founding) return 'empty'
    const own = this.#activity ? this.#activity.log.position : this.#log.position
    return comparePositions(position, own) < 0 ? 'behind' : undefined
  }

  /** From now on nothing older is accepted; calls back when that is durable. */
  #promise(state: DurableState, whenDurable: () => void): void {
    this.#following = undefined
    this.#acknowledging = undefined
    this.#assured.clear()
    this.#keep(state, whenDurable)
    this.#changed()
  }

  #keep(state: DurableState, whenDurable: () => void): void {
    this.#state = state
    this.#outbox.operate({ kind: 'state', state }, () => {
      this.#durable = state
      whenDurable()
    })
  }

  #refuse(to: string, term: number, reason: RefusalReason): void {
    const { promised } = this.#state
    const position = this.#activity ? this.#activity.log.position : this.#log.position
    this.#outbox.send(to, { type: 'refused', term, promised, reason, position })
  }

  // A candidate

  #request(member: string, { term, founding, round }: Campaign): void {
    const { self } = this.#options
    const { position } = this.#log
    this.#outbox.send(member, { type: 'promiseRequest', term, candidate: self, position, founding, round })
  }

  #promised(from: string, { term, round }: Promised): void {
    const campaign = this.#campaign
    if (campaign?.term !== term || !campaign.isOpen) return
    const { round: before } = campaign
    campaign.promised(from, round)
    if (campaign.round !== before) for (const member of this.#connected) this.#request(member, campaign)
    if (!campaign.isWon) return
    this.#campaign = undefined
    this.#elected = term
    this.#outbox.tell({ kind: 'elected', term })
    this.#changed()
  }

  #refused(from: string, refusal: Refused): void {
    const { term, promised, reason } = refusal
    if (reason === 'term') this.#newestTerm = Math.max(this.#newestTerm, promised)
    const campaign = this.#campaign
    if (campaign?.term === term) {
      campaign.refused(from, refusal)
      const defeat = campaign.defeat(this.#connected)
      if (defeat !== undefined) this.#giveUp(defeat)
      return
    }
    // One that has promised this very term to another candidate could not keep this member from being elected.
    if (reason === 'term' && promised > term && term === (this.#elected ?? this.#activity?.term))
      this.#giveUp(`${from} has promised term ${promised}`)
  }

  #tickCampaign(campaign: Campaign): void {
    const { heartbeatTicks, contactTicks } = this.#options
    if (campaign.isBehind) campaign.behindTicks++
    if (++campaign.ticks >= contactTicks || campaign.behindTicks >= heartbeatTicks) this.#giveUp(campaign.standing)
  }

  /** Ends a campaign, an election, or being active. */
  #giveUp(reason: string): void {
    const defeated = this.#campaign?.term
    const deposed = this.#elected ?? this.#activity?.term
    if (defeated === undefined && deposed === undefined) return
    this.#campaign = undefined
    this.#elected = undefined
    this.#activity = undefined
    this.#isOver = deposed !== undefined
    if (defeated !== undefined) this.#outbox.tell({ kind: 'defeated', term: defeated, reason })
    if (deposed !== undefined) this.#outbox.tell({ kind: 'deposed', term: deposed, reason })
    this.#changed()
  }

  // A follower

  #attach(from: string, { term }: Attach): void {
    const { promised, candidate, isVoter } = this.#state
    if (term < promised) return this.#refuse(from, term, 'term')
    // Who is active in a term was elected in it, also where this member has promised it to another candidate or heard of it only.
    if (term > promised || candidate !== from) {
      this.#giveUp(`${from} is active in term ${term}`)
      this.#promise({ promised: term, candidate: from, isVoter }, () => {})
      if (this.#isOver) return
    }
    const following = { active: from, isAttached: false, silentTicks: 0, isLost: false, inSync: false }
    this.#following = following
    this.#acknowledging = undefined
    // What was accepted before counts, once it is on the disk.
    this.#outbox.whenDone(() => {
      if (this.#following !== following) return
      following.isAttached = true
      const { segments } = this.#log
      this.#outbox.send(from, { type: 'inventory', term, segments, isVoter: this.#durable.isVoter })
    })
    this.#changed()
  }

  #fromActive(
    from: string,
    message: Extract<ReplicationMessage, { type: 'trim' | 'write' | 'remove' | 'heartbeat' }>,
  ): void {
    if (message.term < this.#state.promised) return this.#refuse(from, message.term, 'term')
    const following = this.#following
    if (message.term !== this.#state.promised || following?.active !== from || !following.isAttached)
      return this.#cut(from, `${message.type} of term ${message.term} came without being attached`)
    following.silentTicks = 0
    if (following.isLost) {
      following.isLost = false
      this.#changed()
    }
    const wrong = this.#apply(from, following, message)
    if (wrong === undefined) return
    this.#following = undefined
    this.#acknowledging = undefined
    this.#cut(from, wrong)
    this.#changed()
  }

  #apply(
    from: string,
    following: Following,
    message: Extract<ReplicationMessage, { type: 'trim' | 'write' | 'remove' | 'heartbeat' }>,
  ): string | undefined {
    switch (message.type) {
      case 'trim':
        return this.#log.trim(message)
      case 'write':
        return this.#log.write(message, () => {
          if (this.#following !== following) return
          this.#acknowledging = { segment: message.segment.number, offset: message.segment.length }
        })
      case 'remove':
        this.#log.remove(message)
        return undefined
      case 'heartbeat':
        this.#heartbeat(from, following, message.inSync)
        return undefined
    }
  }

  #heartbeat(from: string, following: Following, inSync: boolean): void {
    const term = this.#state.promised
    if (following.inSync !== inSync) {
      following.inSync = inSync
      this.#changed()
    }
    this.#outbox.send(from, { type: 'heartbeatAnswer', term, isVoter: this.#durable.isVoter })
    if (!inSync || this.#state.isVoter) return
    for (const member of this.#connected) this.#outbox.send(member, { type: 'query' })
  }

  get #answer(): Answer {
    const { promised, position, isVoter, active } = this.status
    return { type: 'answer', promised, position, isVoter, active }
  }

  /**
   * A member that was empty may have promised a newer term before it was: every quorum of that promise has another member in common with
   * each quorum of the others, and that one knows.
   */
  #answered(from: string, { promised, isVoter }: Answer): void {
    const following = this.#following
    if (this.#state.isVoter || !following) return
    if (promised > this.#state.promised) return this.#promise({ promised, candidate: null, isVoter: false }, () => {})
    if (isVoter) this.#assured.add(from)
    if (following.inSync && this.#assured.size >= this.#quorum)
      this.#keep({ ...this.#state, isVoter: true }, () => this.#changed())
  }

  // An active

  #feed(member: string, { term, log, feeds }: Activity): MemberFeed {
    const known = feeds.get(member)
    if (known) return known
    const feed = new MemberFeed({ ...this.#options, member, term, log, outbox: this.#outbox })
    feeds.set(member, feed)
    return feed
  }

  #fromMember(
    from: string,
    message: Extract<ReplicationMessage, { type: 'inventory' | 'acknowledged' | 'heartbeatAnswer' }>,
  ): void {
    const activity = this.#activity
    const feed = activity?.feeds.get(from)
    if (!activity || !feed || message.term !== activity.term) return
    feed.heard()
    if (message.type === 'heartbeatAnswer') feed.isVoter = message.isVoter
    else if (message.type === 'inventory' ? !feed.attached(message) : feed.isAttached && !feed.acknowledge(message))
      return this.#cut(from, `${message.type} answers nothing that was sent`)
    this.#confirm(activity)
  }

  /** As far as enough other members have it. */
  #confirm(activity: Activity): void {
    const { confirmations } = this.#options
    if (confirmations === 0) return
    const places: Place[] = []
    for (const { isVoter, acknowledged } of activity.feeds.values())
      if (isVoter && acknowledged) places.push(acknowledged)
    const place = places.sort((a, b) => comparePlaces(b, a))[confirmations - 1]
    // What is of older terms counts once something of this one does.
    if (!place || place.segment < activity.log.firstOwn || comparePlaces(place, activity.confirmed) <= 0) return
    activity.confirmed = place
    this.#outbox.tell({ kind: 'confirmed', ...place })
  }

  #tickActive(activity: Activity): void {
    const { heartbeatTicks, contactTicks } = this.#options
    activity.ticks++
    for (const [member, feed] of activity.feeds) {
      feed.tick()
      if (feed.isConnected && feed.silentTicks === contactTicks)
        this.#cut(member, 'nothing was heard of it for too long')
    }
    if (activity.ticks >= contactTicks && !this.#hasQuorum(activity))
      return this.#giveUp('too few members were heard of for too long')
    if (++activity.sinceHeartbeat < heartbeatTicks) return
    activity.sinceHeartbeat = 0
    let changed = false
    for (const feed of activity.feeds.values()) {
      const before = feed.inSync
      feed.heartbeat(heartbeatTicks)
      changed ||= before !== feed.inSync
    }
    if (changed) this.#changed()
  }

  /** With this one. A member whose connection is made again was heard of all the same. */
  #hasQuorum({ feeds }: Activity): boolean {
    let heard = 1
    for (const { isVoter, unheardTicks } of feeds.values())
      if (isVoter && unheardTicks < this.#options.contactTicks) heard++
    return heard >= this.#quorum
  }

  #cut(member: string, reason: string): void {
    this.#outbox.tell({ kind: 'disconnect', member, reason })
  }

  #changed(): void {
    this.#outbox.tell({ kind: 'changed' })
  }
}
