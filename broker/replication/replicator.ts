// One member of a replicated store: binds its core to disk, connections and time. Whatever comes in goes into the core, and what the core then
// wants is carried out: operations on the own journal one after the other, messages at once, reads beside.
//
//   open        the own journal is looked at, the port opened, others are dialled
//   campaign    an election has named this member: resolves when a quorum has promised
//   tap, confirmation     go into the JournalStore that the elected member opens: its writes are sent, its answers wait for a quorum
//   lost        resolves when what it was elected to is over; whoever wants to be a member again makes a new Replicator
import type { Clock, Timer } from '../base/clock.ts'
import { errorMessage, FlotillaError } from '../base/errors.ts'
import type { Logger } from '../base/logger.ts'
import type { Disk } from '../disk/disk.ts'
import type { BatchConfirmation, JournalOwner } from '../journal/confirmation.ts'
import { termDirectoryName } from '../journal/format.ts'
import { SegmentFiles } from '../journal/segment-files.ts'
import type { JournalTap } from '../journal/tap.ts'
import { comparePlaces, type Place } from './active-log.ts'
import type { CoreEvent, CoreStatus, DiskOperation, ReadRequest, ReplicationCore } from './core.ts'
import { replicationLimits } from './limits.ts'
import { MemberJournal } from './member-journal.ts'
import type { Answer } from './message.ts'
import type { Peer } from './peer.ts'
import { originPosition } from './position.ts'
import { createCore } from './replication-core.ts'
import { quorumOf, type SyncDemands } from './sync-mode.ts'
import type { ReplicationTransport } from './transport.ts'

export interface ReplicatorOptions {
  /** Name of this member. */
  readonly member: string
  readonly replicas: number
  readonly demands: SyncDemands
  readonly disk: Disk
  /** Of the journal. */
  readonly directory: string
  readonly maxFileLength: number
  readonly transport: ReplicationTransport
  /** An active that has not heard of a quorum for so long serves no longer. */
  readonly contactMs: number
  readonly clock: Clock
  readonly logger: Logger
}

interface Waiting extends Place {
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

interface RunningCampaign {
  readonly term: number
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

export class Replicator {
  /** Resolves with the reason when this member is no longer what it was elected to be, or cannot take part any more. */
  readonly lost: Promise<Error>
  readonly tap: JournalTap
  readonly confirmation: BatchConfirmation
  readonly #options: ReplicatorOptions
  readonly #journal: MemberJournal
  #core!: ReplicationCore
  #resolveLost: (error: Error) => void = () => {}
  #failure: Error | undefined
  #campaign: RunningCampaign | undefined
  /** In the order of the journal. */
  #waiting: Waiting[] = []
  #confirmed: Place = { segment: 0, offset: 0 }
  #operations: DiskOperation[] = []
  #operating: Promise<void> | undefined
  #files: SegmentFiles | undefined
  #electedIn: number | undefined
  #timer: Timer | undefined
  #tickedMs = 0
  #peers: readonly Peer[] = []
  /** Those that this member's questions reach. */
  readonly #connected = new Set<string>()
  #asked: { readonly answered: (from: string, answer: Answer) => void; readonly lost: () => void } | undefined
  #changed: () => void = () => {}
  #whenHandedOver: (() => void) | undefined

  constructor(options: ReplicatorOptions) {
    this.#options = options
    this.#journal = new MemberJournal(options)
    this.lost = new Promise((resolve) => (this.#resolveLost = resolve))
    this.tap = this.#makeTap()
    this.confirmation = { confirm: (segment, offset, owner) => this.#confirm(segment, offset, owner) }
  }

  /** Resolves with the address under which others find it. */
  async open(changed: () => void): Promise<string> {
    const { member, replicas, demands, transport, contactMs } = this.#options
    const { durable, segments } = await this.#journal.open()
    this.#changed = changed
    this.#core = createCore({
      self: member,
      replicas,
      durable,
      segments,
      confirmations: demands.remote === 'none' ? 0 : quorumOf(replicas) - 1,
      sync: demands.remote !== 'mem',
      heartbeatTicks: replicationLimits.heartbeatTicks,
      contactTicks: replicationLimits.contactTicks,
      windowBytes: replicationLimits.windowBytes,
      chunkBytes: replicationLimits.chunkBytes,
    })
    const address = await transport.open({
      connected: (other) => {
        this.#connected.add(other)
        this.#change((core) => core.connected(other))
      },
      disconnected: (other) => {
        this.#connected.delete(other)
        this.#asked?.lost()
        this.#change((core) => core.disconnected(other))
      },
      received: (from, message) => {
        if (message.type === 'answer') this.#asked?.answered(from, message)
        this.#change((core) => core.step(from, message))
      },
    })
    this.#tickEvery(contactMs / replicationLimits.contactTicks)
    return address
  }

  /** What the other members answer when they are asked how far they are: of those that are connected, and answer soon. */
  positions(): Promise<ReadonlyMap<string, Answer>> {
    const answers = new Map<string, Answer>()
    const { promise, resolve } = Promise.withResolvers<ReadonlyMap<string, Answer>>()
    const before = this.#asked
    const timer = this.#options.clock.after(replicationLimits.answerMs, () => resolve(answers))
    const end = (): void => {
      if (![...this.#connected].every((member) => answers.has(member))) return
      timer.cancel()
      resolve(answers)
    }
    const asked = {
      answered: (from: string, answer: Answer) => {
        before?.answered(from, answer)
        answers.set(from, answer)
        end()
      },
      lost: () => {
        before?.lost()
        end()
      },
    }
    this.#asked = asked
    void promise.then(() => {
      if (this.#asked === asked) this.#asked = undefined
    })
    for (const { member } of this.#peers) this.#options.transport.send(member, { type: 'query' })
    end()
    return promise
  }

  peers(peers: readonly Peer[]): void {
    this.#peers = peers.filter(({ member }) => member !== this.#options.member)
    this.#options.transport.peers(this.#peers)
  }

  get status(): CoreStatus {
    return (this.#core as ReplicationCore | undefined)?.status ?? notOpen
  }

  /** Resolves when this member is elected in the term. Rejects with REPLICATION_DEFEATED, whose text says who has objected. */
  campaign(term: number, founding: boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#campaign?.reject(defeated(this.#campaign.term, `term ${term} was proposed`))
      this.#campaign = { term, resolve, reject }
      this.#change((core) => core.campaign(term, founding))
    })
  }

  /** The election takes it back. */
  withdraw(term: number, reason: string): void {
    this.#change((core) => core.withdraw(term, reason))
  }

  /** Throws when this member is not, or cannot be sure to be, the active of the term in which it was elected. */
  verify(): void {
    if (this.#failure) throw this.#failure
    const { role, hasQuorum } = this.#core.status
    // Nothing was looked at since: another one may be active by now.
    const { clock, contactMs } = this.#options
    const isStale = clock.monotonicMs() - this.#tickedMs > contactMs
    if (this.#electedIn === undefined || isStale || (role === 'Active' && !hasQuorum)) throw overdue()
  }

  /**
   * The store of this active is closed, and others are to go on with what it has: resolves when those that are in sync have all of it, or
   * soon in any case.
   */
  async handOver(): Promise<void> {
    if (this.#failure || this.#isHandedOver) return
    await new Promise<void>((resolve) => {
      const timer = this.#options.clock.after(replicationLimits.handOverMs, resolve)
      this.#whenHandedOver = () => {
        timer.cancel()
        resolve()
      }
    })
    this.#whenHandedOver = undefined
  }

  get #isHandedOver(): boolean {
    const { role, members } = this.status
    return (
      role !== 'Active' || members.every(({ connected, inSync, lagBytes }) => !connected || !inSync || lagBytes === 0)
    )
  }

  /** The store of an active is closed by then. */
  async close(): Promise<void> {
    this.#fail(new FlotillaError('REPLICATION_CLOSED', 'Cannot replicate: this member was closed'))
    await this.#options.transport.close()
    this.#journal.stop()
    await this.#operating
    await this.#journal.close()
    await this.#files?.close()
  }

  #tickEvery(intervalMs: number): void {
    const { clock } = this.#options
    this.#tickedMs = clock.monotonicMs()
    this.#timer = clock.after(intervalMs, () => {
      // A process that was stopped has missed more than one.
      const missed = Math.floor((clock.monotonicMs() - this.#tickedMs) / intervalMs)
      this.#tickEvery(intervalMs)
      const ticks = Math.min(Math.max(missed, 1), replicationLimits.contactTicks)
      for (let tick = 0; tick < ticks; tick++) this.#change((core) => core.tick())
    })
  }

  #change(input: (core: ReplicationCore) => void): void {
    if (this.#failure) return
    input(this.#core)
    const { operations, messages, reads, events } = this.#core.takeReady()
    for (const { to, message } of messages) this.#options.transport.send(to, message)
    for (const request of reads) void this.#read(request)
    if (operations.length > 0) {
      this.#operations.push(...operations)
      this.#operating ??= this.#operate()
    }
    for (const event of events) this.#happened(event)
    this.#lookAround()
  }

  /** For what is waited for until the core says so. */
  #lookAround(): void {
    if (this.#waiting.length > 0 && this.#options.demands.remote === 'none' && this.#core.status.hasQuorum)
      for (const { resolve } of this.#waiting.splice(0)) resolve()
    if (this.#whenHandedOver && this.#isHandedOver) this.#whenHandedOver()
  }

  async #operate(): Promise<void> {
    try {
      while (this.#operations.length > 0 && !this.#failure) {
        const operations = this.#operations
        this.#operations = []
        await this.#journal.perform(operations)
        this.#change((core) => core.done(operations.at(-1)!.id))
      }
    } catch (error) {
      // What a member that is closed leaves is nobody's.
      if (!this.#failure)
        this.#options.logger.error('The journal of this member failed', { error: errorMessage(error) })
      this.#fail(error as Error)
    } finally {
      // At once: what is wanted from now on begins anew.
      this.#operating = undefined
    }
  }

  async #read(request: ReadRequest): Promise<void> {
    const { segment, from, to } = request
    try {
      const bytes = await this.#files?.read(segment, from, to - from)
      this.#change((core) => core.read(request, bytes))
    } catch (error) {
      // Removed meanwhile, or the disk is in trouble, which whoever writes to it finds out.
      this.#options.logger.debug('Cannot read a segment for another member', { segment, error: errorMessage(error) })
      this.#change((core) => core.read(request, undefined))
    }
  }

  #happened(event: CoreEvent): void {
    switch (event.kind) {
      case 'elected':
        return this.#elected(event.term)
      case 'defeated':
        if (this.#campaign?.term === event.term) this.#endCampaign()?.reject(defeated(event.term, event.reason))
        return
      case 'deposed':
        return this.#fail(
          new FlotillaError('LOCK_LOST', `Lost the election to term ${event.term}: ${event.reason}`, {
            fields: { term: event.term },
          }),
        )
      case 'confirmed':
        this.#confirmed = event
        return this.#resolveConfirmed()
      case 'disconnect':
        return this.#options.transport.disconnect(event.member, event.reason)
      case 'changed':
        this.#changed()
    }
  }

  /** What was accepted of others is on the disk: the journal is this member's own from here on. */
  #elected(term: number): void {
    const campaign = this.#endCampaign()
    this.#electedIn = term
    const { disk, directory } = this.#options
    this.#files = new SegmentFiles(disk, `${directory}/${termDirectoryName(term)}`)
    void (this.#operating ?? Promise.resolve())
      .then(() => this.#journal.close())
      .then(
        () => campaign?.resolve(),
        (error: unknown) => this.#fail(error as Error),
      )
  }

  #endCampaign(): RunningCampaign | undefined {
    const campaign = this.#campaign
    this.#campaign = undefined
    return campaign
  }

  #makeTap(): JournalTap {
    return {
      opened: (segments) => this.#change((core) => core.opened(segments)),
      // Copied once for all members: the journal uses its memory again.
      writing: (segment, offset, buffers) =>
        this.#change((core) => core.appended(segment, offset, Buffer.concat(buffers))),
      written: (segment, end) => this.#change((core) => core.written(segment, end)),
      removed: (segments) => {
        for (const number of segments) this.#files?.drop(number)
        this.#change((core) => core.removed(segments))
      },
    }
  }

  #confirm(segment: number, offset: number, owner: JournalOwner): void | Promise<void> {
    if (this.#failure) throw this.#failure
    const place = { segment, offset }
    const isAlone = this.#options.demands.remote === 'none'
    const isThere = isAlone ? this.#core.status.hasQuorum : comparePlaces(place, this.#confirmed) <= 0
    const waits = isThere
      ? undefined
      : new Promise<void>((resolve, reject) => this.#waiting.push({ ...place, resolve, reject }))
    if (!isAlone) return waits
    // In its first moments it has heard of nobody yet.
    return waits ? waits.then(() => owner.verify()) : owner.verify()
  }

  #resolveConfirmed(): void {
    while (this.#waiting[0] && comparePlaces(this.#waiting[0], this.#confirmed) <= 0) this.#waiting.shift()!.resolve()
  }

  #fail(error: Error): void {
    if (this.#failure) return
    this.#failure = error
    this.#timer?.cancel()
    this.#endCampaign()?.reject(error)
    for (const { reject } of this.#waiting.splice(0)) reject(error)
    this.#whenHandedOver?.()
    this.#resolveLost(error)
  }
}

/** Nothing is known of its own journal yet. */
const notOpen: CoreStatus = {
  role: 'Follower',
  promised: 0,
  newestTerm: 0,
  position: originPosition,
  isVoter: false,
  active: null,
  inSync: false,
  members: [],
  hasQuorum: false,
}

const defeated = (term: number, reason: string): FlotillaError =>
  new FlotillaError('REPLICATION_DEFEATED', `Was not elected to term ${term}: ${reason}`, { fields: { term } })

const overdue = (): FlotillaError =>
  new FlotillaError('LOCK_LOST', 'Cannot prove to be the active: too few members were heard of lately')
