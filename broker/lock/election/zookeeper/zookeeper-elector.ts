// The election by ZooKeeper: each member puts up a node that tells about it, and the one with the lowest sequence names the active.
//
// One thing is done after the other, in rounds: take part (if this session does not yet) → read what has changed → conclude, and elect
// when this member is the elector → put up what has changed of this member. Everything that happens asks for another round.
import type { Clock, Timer } from '../../../base/clock.ts'
import { errorMessage } from '../../../base/errors.ts'
import type { Logger } from '../../../base/logger.ts'
import { comparePositions } from '../../../replication/position.ts'
import type { Candidacy, Elector, ElectorListener, ElectorState } from '../elector.ts'
import { LockLostError } from '../../lock-lost-error.ts'
import { ElectorRefusedError } from '../elector-refused-error.ts'
import { chooseActive, conditionsOf, electedOf, type Choice, type Conditions } from './choose-active.ts'
import type { SessionState, ZooKeeperClient } from './client.ts'
import { ElectionBoard, type Board } from './election-board.ts'
import { electionLimits } from './election-limits.ts'
import { childPath, electionPaths, type ElectionPaths } from './election-paths.ts'
import { KnownPeers } from './known-peers.ts'
import { Lasting } from '../lasting.ts'
import { encodeNode, type Election, type MemberNode } from './member-node.ts'
import { nameInUse, register } from './registration.ts'
import { refusalOf, unlessMissing, zooKeeperCodeOf } from './zookeeper-trouble.ts'

export interface ZooKeeperElectorOptions {
  /** Is closed by `close`. */
  readonly client: ZooKeeperClient
  /** Absolute, below the chroot of the client's address. */
  readonly path: string
  readonly brokerName: string
  readonly member: string
  /** Of this process: no other one has it. */
  readonly instance: string
  /** Of the process that had this member's data before, and is over; undefined: nobody knows. */
  readonly former?: () => string | undefined
  readonly replicas: number
  readonly weight: number
  readonly clock: Clock
  readonly logger: Logger
}

type Own = Pick<MemberNode, 'serving' | 'declined' | 'contested' | 'hasSeenActive'>

export class ZooKeeperElector implements Elector {
  readonly #options: ZooKeeperElectorOptions
  readonly #paths: ElectionPaths
  readonly #peers: KnownPeers
  readonly #lasting: Lasting<keyof Conditions>
  readonly #unsettled: Lasting<'unsettled'>
  /** Resolves when all know that a term was served; until then it may have to wait for ZooKeeper. */
  #founded = Promise.withResolvers<void>()
  #listener: ElectorListener | undefined
  #address = ''
  #candidacy: Candidacy | undefined
  #own: Own = { serving: null, declined: null, contested: null, hasSeenActive: false }
  /** Name of this member's node; undefined: this session does not take part yet. */
  #node: string | undefined
  #board: ElectionBoard | undefined
  #seen: Board | undefined
  #put: MemberNode | undefined
  #putAtMs = -Infinity
  /** What this member was elected to, and has neither declined nor been told to end. */
  #term: number | undefined
  #waitingFor: string | undefined = 'This member does not take part yet'
  #elected: { readonly member: string; readonly term: number } | undefined
  #round: Promise<void> | undefined
  #isAgain = false
  #hasStarted = false
  /** Closed, or refused at its start. */
  #isOver = false
  #isClosed = false
  #timer: Timer | undefined
  #dueMs = 0
  #expiry: Timer | undefined

  constructor(options: ZooKeeperElectorOptions) {
    this.#options = options
    this.#paths = electionPaths(options.path)
    this.#peers = new KnownPeers(options.member, options.replicas)
    this.#lasting = new Lasting(options.clock)
    this.#unsettled = new Lasting(options.clock)
  }

  get state(): ElectorState {
    const { client } = this.#options
    if (client.state !== 'Connected')
      return { kind: 'Connecting', reason: client.trouble ?? 'There is no session with ZooKeeper yet' }
    return this.#elected
      ? { kind: 'Elected', ...this.#elected }
      : { kind: 'Waiting', reason: this.#waitingFor ?? 'Nobody is elected' }
  }

  get unsettledMs(): number {
    return this.#unsettledForMs()
  }

  /** Asked whenever the state may have changed: between two questions it is taken to be what it was. */
  #unsettledForMs(): number {
    return this.#unsettled.observe({ unsettled: this.state.kind !== 'Elected' }).unsettled
  }

  start(address: string, listener: ElectorListener): void {
    this.#address = address
    this.#listener = listener
    this.#options.client.onState((state) => this.#sessionIs(state))
    this.#sessionIs(this.#options.client.state)
  }

  candidacy(candidacy: Candidacy): void {
    this.#candidacy = candidacy
    if (candidacy.active !== null) this.#own = { ...this.#own, hasSeenActive: true }
    this.#again()
  }

  served(term: number): Promise<void> {
    if (term !== this.#term) return Promise.reject(notElected(term, 'its election holds no longer'))
    this.#own = { ...this.#own, serving: term, hasSeenActive: true }
    this.#again()
    return this.#founded.promise
  }

  declined(term: number, reason: string): void {
    if (term === this.#term) this.#decline(reason)
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#isOver = true
    this.#timer?.cancel()
    this.#expiry?.cancel()
    this.#endTerm('this member was closed')
    // Ends what is under way, too. With the session the node goes, and others are elected at once.
    await this.#options.client.close()
    await this.#round
  }

  #sessionIs(state: SessionState): void {
    if (this.#isOver) return
    this.#unsettledForMs()
    this.#expiry?.cancel()
    if (state === 'Connected') return this.#again()
    // From when it was lost: until then it was good. Whoever serves beyond that harms nobody, because a quorum decides who serves.
    if (state === 'Suspended') {
      const { sessionTimeoutMs } = this.#options.client
      const reason = `its session with ZooKeeper was without a connection for ${sessionTimeoutMs} ms`
      this.#expiry = this.#options.clock.after(sessionTimeoutMs, () => this.#withdraw(reason))
    }
    if (state === 'Expired') {
      this.#leave('This member does not take part again yet: its session with ZooKeeper has expired')
      this.#withdraw('its session with ZooKeeper has expired')
    }
  }

  /** The next round makes a node anew. */
  #leave(reason: string): void {
    this.#node = undefined
    this.#board = undefined
    this.#seen = undefined
    this.#put = undefined
    this.#elected = undefined
    this.#waitingFor = reason
  }

  #withdraw(reason: string): void {
    const term = this.#term
    if (term === undefined) return
    this.#options.logger.warn('The election of this member holds no longer', { term, reason })
    this.#decline(reason)
    this.#listener?.withdrawn(term, reason)
  }

  #decline(reason: string): void {
    const hadServed = this.#own.serving === this.#term
    const declined = { term: this.#term!, hadServed, reason: reason.slice(0, electionLimits.textLength) }
    this.#endTerm(reason)
    this.#own = { ...this.#own, serving: null, declined }
    this.#again()
  }

  #endTerm(reason: string): void {
    const founded = this.#founded
    this.#founded = Promise.withResolvers()
    // Nobody may be waiting for it.
    founded.promise.catch(() => {})
    founded.reject(notElected(this.#term, reason))
    this.#term = undefined
  }

  #again(): void {
    this.#isAgain = true
    if (this.#isOver || !this.#listener || !this.#candidacy) return
    this.#round ??= this.#rounds().finally(() => {
      this.#round = undefined
      if (this.#isAgain && this.#isConnected) this.#again()
    })
  }

  get #isConnected(): boolean {
    return !this.#isOver && this.#options.client.state === 'Connected'
  }

  async #rounds(): Promise<void> {
    while (this.#isAgain && this.#isConnected) {
      this.#isAgain = false
      this.#timer?.cancel()
      this.#timer = undefined
      try {
        if (this.#node === undefined) await this.#takePart()
        if (this.#node !== undefined) await this.#goOn(this.#node)
      } catch (error) {
        this.#failed(error)
      }
    }
  }

  #failed(error: unknown): void {
    if (this.#isOver) return
    const code = zooKeeperCodeOf(error)
    const refusal = error instanceof ElectorRefusedError ? error.message : refusalOf(error, this.#paths.root)
    // Somebody has removed nodes.
    if (code === 'NO_NODE') this.#leave('This member does not take part again yet: its node was removed')
    if (refusal !== undefined) {
      const refused = error instanceof ElectorRefusedError ? error : new ElectorRefusedError(refusal, { cause: error })
      this.#waitingFor = refusal
      this.#elected = undefined
      if (!this.#hasStarted) return this.#refuse(refused)
    }
    this.#options.logger.debug('A round of the election failed', { error: errorMessage(error) })
    // Where the connection or the session is lost, the next one begins another round before.
    this.#later(refusal === undefined ? electionLimits.retryMs : electionLimits.longestBackoffMs)
  }

  #refuse(error: ElectorRefusedError): void {
    this.#isOver = true
    this.#listener?.refused(error)
  }

  /** Another round at the latest then. */
  #later(delayMs: number): void {
    const { clock } = this.#options
    const dueMs = clock.monotonicMs() + delayMs
    if (this.#timer && this.#dueMs <= dueMs) return
    this.#timer?.cancel()
    this.#dueMs = dueMs
    this.#timer = clock.after(delayMs, () => {
      this.#timer = undefined
      this.#again()
    })
  }

  async #takePart(): Promise<void> {
    const { client, member, brokerName, former } = this.#options
    const own = this.#describe(undefined)
    const changed = (): void => this.#again()
    const outcome = await register({ client, paths: this.#paths, own, former: former?.(), changed })
    if ('waitingFor' in outcome) {
      this.#waitingFor = outcome.waitingFor
      return
    }
    this.#board = new ElectionBoard(client, this.#paths, { brokerName, member }, changed)
    this.#node = outcome.node
    this.#put = own
    this.#putAtMs = this.#options.clock.monotonicMs()
    this.#options.logger.info('Takes part in the election', { zkPath: this.#paths.root, node: outcome.node })
    this.#hasStarted = true
  }

  async #goOn(node: string): Promise<void> {
    const seen = await this.#board!.read()
    if (node !== this.#node) return
    this.#seen = seen
    const rival = seen.members.find(({ member }) => member === this.#options.member)
    if (rival?.node !== node) return this.#giveWay(node, rival)
    const { registeredInstance } = seen
    const isContested = registeredInstance !== undefined && registeredInstance !== this.#options.instance
    this.#own = { ...this.#own, contested: isContested ? registeredInstance : null }
    const peers = this.#peers.seen(seen.members)
    if (peers) this.#listener!.peers(peers)
    await this.#conclude(seen)
    this.#unsettledForMs()
    await this.#found(seen)
    // A session may end while something is waited for.
    if (node === this.#node) await this.#publish(node)
  }

  /** Its node was removed, or an older one of another process is there. */
  async #giveWay(node: string, rival: MemberNode | undefined): Promise<void> {
    const { client } = this.#options
    this.#leave('This member does not take part again yet: its node was removed')
    this.#withdraw('its node in ZooKeeper is gone')
    this.#again()
    if (!rival) return
    await unlessMissing(client.delete(childPath(this.#paths.root, node), -1))
    throw nameInUse(this.#describe(undefined), rival, this.#paths)
  }

  async #conclude(seen: Board): Promise<void> {
    const { replicas, client } = this.#options
    const { members, election, isFounded } = seen
    const view = {
      replicas,
      sessionTimeoutMs: client.sessionTimeoutMs,
      members,
      election,
      isFounded,
    }
    const waited = this.#lasting.observe(conditionsOf(view))
    const choice = chooseActive(view, waited)
    this.#elected = choice.kind === 'keep' ? { member: choice.member, term: choice.term } : undefined
    this.#waitingFor = choice.kind === 'keep' ? undefined : choice.reason
    this.#heed(election)
    if (choice.kind !== 'propose' && choice.againMs !== undefined) this.#later(choice.againMs)
    if (choice.kind === 'propose' && choice.elector === this.#node) await this.#elect(choice, seen.electionVersion)
  }

  /** Does this member have to do what it was elected to, or no longer? */
  #heed(election: Election | undefined): void {
    const isOwn = election !== undefined && election.node === this.#node
    if (this.#term !== undefined && !(isOwn && election.term === this.#term))
      this.#withdraw(
        election
          ? `${election.member} was elected to term ${election.term}`
          : 'the election was removed from ZooKeeper',
      )
    if (!isOwn || election.term === this.#term || this.#own.declined?.term === election.term) return
    this.#term = election.term
    this.#listener!.proposed({ term: election.term, founding: election.founding })
  }

  async #elect(choice: Choice & { kind: 'propose' }, version: number): Promise<void> {
    const { client, logger } = this.#options
    try {
      await client.set(this.#paths.election, encodeNode(choice.election), version)
      const { term, member } = choice.election
      logger.info('Elected a member', { term, member, reason: choice.reason })
    } catch (error) {
      // Another elector was faster: its election is read in the next round.
      if (zooKeeperCodeOf(error) !== 'BAD_VERSION') throw error
      this.#again()
    }
  }

  async #found({ isFounded }: Board): Promise<void> {
    if (this.#own.serving === null) return
    const founded = this.#founded
    if (!isFounded) await this.#options.client.ensure(this.#paths.founded)
    founded.resolve()
  }

  async #publish(name: string): Promise<void> {
    const { client, clock } = this.#options
    const node = this.#describe(this.#seen)
    if (isSame(node, this.#put)) return
    const waitMs = this.#putAtMs + electionLimits.publishIntervalMs - clock.monotonicMs()
    if (
      waitMs > 0 &&
      isSame({ ...node, position: null }, { ...this.#put!, position: null }) &&
      hasPositions(node, this.#put)
    )
      return this.#later(waitMs)
    this.#putAtMs = clock.monotonicMs()
    await client.set(childPath(this.#paths.root, name), encodeNode(node), -1)
    this.#put = node
  }

  #describe(seen: Board | undefined): MemberNode {
    const { brokerName, member, instance, replicas, weight } = this.#options
    const { position, promised, isVoter, active } = this.#candidacy!
    return {
      id: brokerName,
      member,
      instance,
      address: this.#address,
      replicas,
      weight,
      position: seen && this.#followsElected(seen) ? null : position,
      promised,
      isVoter,
      active,
      ...this.#own,
    }
  }

  /** Then its position is nobody's business, and would change all the time. */
  #followsElected({ members, election }: Board): boolean {
    const view = { members, election, replicas: this.#options.replicas, sessionTimeoutMs: 0, isFounded: true }
    const elected = electedOf(view)
    if (!elected || conditionsOf(view).abandoned) return false
    return elected.node === this.#node ? this.#own.serving !== null : elected.member === this.#candidacy!.active
  }
}

const notElected = (term: number | undefined, reason: string): LockLostError =>
  new LockLostError(term === undefined ? reason : `term ${term} is over: ${reason}`)

const isSame = (one: MemberNode, other: MemberNode | undefined): boolean =>
  other !== undefined &&
  (one.position === null) === (other.position === null) &&
  (one.position === null || comparePositions(one.position, other.position!) === 0) &&
  JSON.stringify({ ...one, position: null }) === JSON.stringify({ ...other, position: null })

const hasPositions = (one: MemberNode, other: MemberNode | undefined): boolean =>
  one.position !== null && other?.position !== null
