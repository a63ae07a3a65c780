// The election through ZooKeeper. Below zkPath:
//
//   members/<name>     persistent: who belongs to the group, `replicas` names at most
//   election           persistent: {term, member, node} of whoever was elected last; changed by its version alone
//   founded            persistent: clients were answered
//   candidates/0…      ephemeral and numbered: one of each member that is there, with its position (choose-active.ts)
//
// Of those that are not elected, the member with the lowest number looks after the election. What all look at is read anew whenever a watch calls, and now and then.
import type { Clock, Timer } from '../../../base/clock.ts'
import { errorMessage, FlotillaError } from '../../../base/errors.ts'
import type { Logger } from '../../../base/logger.ts'
import { quorumOf } from '../../../replication/sync-mode.ts'
import type { Candidacy, Elector, ElectorListener, ElectorState } from '../elector.ts'
import { chooseActive, isValid, type ElectionRecord, type PresentMember } from './choose-active.ts'
import type { ZooKeeperClient } from './client.ts'
import { electionLimits } from './limits.ts'
import { ZooKeeperError } from './zookeeper-error.ts'

export interface ZooKeeperElectorOptions {
  readonly client: ZooKeeperClient
  /** zkPath. */
  readonly path: string
  readonly brokerName: string
  readonly member: string
  /** Of this process: a name that nobody else has. */
  readonly instance: string
  readonly weight: number
  readonly replicas: number
  readonly clock: Clock
  readonly logger: Logger
}

interface StoredMember extends PresentMember {
  readonly id: string
  readonly instance: string
}

export class ZooKeeperElector implements Elector {
  readonly #options: ZooKeeperElectorOptions
  readonly #quorum: number
  #listener: ElectorListener | undefined
  #address = ''
  #candidacy: Candidacy | undefined
  #declined = 0
  /** Path of this member's node, of the session that there is. */
  #node: string | undefined
  #published = ''
  #state: ElectorState = { kind: 'Connecting', reason: 'ZooKeeper was not reached yet' }
  #proposed: number | undefined
  /** Looking, or publishing: one after the other. */
  #running: Promise<void> | undefined
  #again = false
  #timer: Timer | undefined
  #suspension: Timer | undefined
  #hasSeenActive = false
  #quorumSinceMs: number | undefined
  #unfollowedSinceMs: number | undefined
  #watched: string | undefined
  #isClosed = false

  constructor(options: ZooKeeperElectorOptions) {
    this.#options = options
    this.#quorum = quorumOf(options.replicas)
  }

  get state(): ElectorState {
    const { client } = this.#options
    return client.state === 'Connected'
      ? this.#state
      : { kind: 'Connecting', reason: `ZooKeeper cannot be reached: ${client.trouble}` }
  }

  start(address: string, listener: ElectorListener): void {
    const { client } = this.#options
    this.#address = address
    this.#listener = listener
    client.onState((state) => {
      if (state === 'Connected') this.#connected()
      else if (state === 'Suspended') this.#suspended()
      else if (state === 'Expired') this.#expired('its session with ZooKeeper has expired')
    })
    if (client.state === 'Connected') this.#connected()
  }

  candidacy(candidacy: Candidacy): void {
    this.#candidacy = candidacy
    this.#look()
  }

  async served(): Promise<void> {
    const { client, path } = this.#options
    await client.create(`${path}/founded`, Buffer.alloc(0), 'persistent').catch((error: unknown) => {
      if (!isCode(error, 'NODE_EXISTS')) throw error
    })
  }

  declined(term: number, reason: string): void {
    this.#options.logger.info('Declined an election', { term, reason })
    this.#declined = Math.max(this.#declined, term)
    if (this.#proposed === term) this.#proposed = undefined
    this.#look()
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#listener = undefined
    this.#timer?.cancel()
    this.#suspension?.cancel()
    await this.#options.client.close()
    await this.#running
  }

  #connected(): void {
    this.#suspension?.cancel()
    this.#look()
  }

  /** The session lives on for its time; who was elected in it does as long. */
  #suspended(): void {
    const { client, clock } = this.#options
    this.#suspension?.cancel()
    this.#suspension = clock.after(client.sessionTimeoutMs, () =>
      this.#withdraw(`ZooKeeper was away for its session time-out of ${client.sessionTimeoutMs} ms`),
    )
  }

  #expired(reason: string): void {
    this.#suspension?.cancel()
    this.#node = undefined
    this.#published = ''
    this.#withdraw(reason)
  }

  #withdraw(reason: string): void {
    const term = this.#proposed
    this.#proposed = undefined
    if (term !== undefined) this.#listener?.withdrawn(term, reason)
  }

  readonly #look = (): void => {
    this.#again = true
    if (!this.#canWork) return
    this.#running ??= this.#work().finally(() => {
      this.#running = undefined
      // Between the end of the work and this.
      if (this.#again) this.#look()
    })
  }

  /** What keeps it from that tells when it does no more. */
  get #canWork(): boolean {
    if (this.#isClosed || this.#listener === undefined || this.#candidacy === undefined) return false
    return this.#options.client.state === 'Connected'
  }

  async #work(): Promise<void> {
    while (this.#again && this.#canWork && this.#candidacy) {
      this.#again = false
      try {
        await this.#publish(this.#candidacy)
        await this.#decide()
      } catch (error) {
        if (this.#isClosed) return
        if (errorIsRefusal(error)) return this.#listener?.refused(error)
        this.#state = { kind: 'Waiting', reason: errorMessage(error) }
        this.#options.logger.debug('The election is tried again', { error: errorMessage(error) })
      }
      this.#lookAgainSoon()
    }
  }

  #lookAgainSoon(): void {
    this.#timer?.cancel()
    this.#timer = this.#options.clock.after(electionLimits.lookMs, this.#look)
  }

  async #publish(candidacy: Candidacy): Promise<void> {
    const { client, path, brokerName, member, instance, weight } = this.#options
    const content = JSON.stringify({
      id: brokerName,
      member,
      instance,
      address: this.#address,
      weight,
      declined: this.#declined,
      ...candidacy,
    })
    if (this.#node === undefined) {
      await this.#register()
      this.#node = await client.create(`${path}/candidates/0`, Buffer.from(content), 'ephemeral_sequential')
    } else if (content !== this.#published) await client.set(this.#node, Buffer.from(content), -1)
    this.#published = content
  }

  async #register(): Promise<void> {
    const { client, path, member, replicas, instance } = this.#options
    await client.ensure(`${path}/members`)
    await client.ensure(`${path}/candidates`)
    // What an earlier attempt of this process has left, which did not hear of its success, and what an earlier process has.
    for (const other of await this.#present()) {
      if (other.instance === instance) await client.delete(`${path}/candidates/${other.node}`, -1)
      else if (other.member === member)
        throw new FlotillaError(
          'REPLICATION_NAME_IN_USE',
          `Cannot take part as ${member}: another process does, at ${other.address}; it is waited for until its session with ZooKeeper ends`,
        )
    }
    const names = await client.children(`${path}/members`)
    if (names.includes(member)) return
    if (names.length >= replicas)
      throw new FlotillaError(
        'REPLICATION_REFUSED',
        `Cannot take part as ${member}: the store has its ${replicas} members already: ${names.toSorted().join(', ')}. If one of them is gone for good, remove its node below ${path}/members in ZooKeeper`,
        { fields: { member } },
      )
    await client.ensure(`${path}/members/${member}`)
  }

  async #present(): Promise<StoredMember[]> {
    const { client, path, brokerName } = this.#options
    const nodes = await client.children(`${path}/candidates`, this.#look)
    const members: StoredMember[] = []
    for (const node of nodes.toSorted()) {
      try {
        const { data } = await client.get(`${path}/candidates/${node}`, this.#look)
        const stored = { ...(JSON.parse(data.toString()) as StoredMember), node }
        if (stored.id !== brokerName)
          throw new FlotillaError(
            'REPLICATION_REFUSED',
            `Cannot take part at ${path} in ZooKeeper: broker ${stored.id} uses it, this is broker ${brokerName}; each needs a zkPath of its own`,
          )
        members.push(stored)
      } catch (error) {
        if (!isCode(error, 'NO_NODE')) throw error
      }
    }
    return members
  }

  async #decide(): Promise<void> {
    const members = await this.#present()
    const { record, version } = await this.#record()
    this.#listener?.peers(members.map(({ member, address }) => ({ member, address })))
    this.#note(members, record)
    this.#tell(members, record)
    // Not the elected one: it may be dead, and its node is there until its session ends.
    const elector = members.find(({ node }) => node !== record?.node) ?? members[0]
    if (!elector || !this.#node?.endsWith(`/${elector.node}`)) return
    const choice = chooseActive({
      ...this.#durations,
      members,
      record,
      replicas: this.#options.replicas,
      quorum: this.#quorum,
      isFounded: await this.#isFounded(),
      isColdStart: !this.#hasSeenActive,
      patienceMs: this.#options.client.sessionTimeoutMs,
      takeoverMs: electionLimits.takeoverMs,
    })
    if (choice.kind === 'wait') this.#state = { kind: 'Waiting', reason: choice.reason }
    if (choice.kind === 'elect') await this.#elect(choice.record, version)
  }

  async #record(): Promise<{ record: ElectionRecord | undefined; version: number }> {
    const { client, path } = this.#options
    try {
      const { data, stat } = await client.get(`${path}/election`, this.#look)
      return { record: JSON.parse(data.toString()) as ElectionRecord, version: stat.version }
    } catch (error) {
      if (!isCode(error, 'NO_NODE')) throw error
      await client.exists(`${path}/election`, this.#look)
      return { record: undefined, version: -1 }
    }
  }

  async #isFounded(): Promise<boolean> {
    const { client, path } = this.#options
    return (await client.exists(`${path}/founded`)) !== undefined
  }

  /** Who was there for how long. */
  #note(members: readonly PresentMember[], record: ElectionRecord | undefined): void {
    const nowMs = this.#options.clock.monotonicMs()
    this.#quorumSinceMs = members.length >= this.#quorum ? (this.#quorumSinceMs ?? nowMs) : undefined
    const key = record && `${record.term} ${record.node}`
    if (key !== this.#watched) this.#unfollowedSinceMs = undefined
    this.#watched = key
    const followers = members.filter(({ active }) => record !== undefined && active === record.member).length
    if (followers > 0) this.#hasSeenActive = true
    const isFollowed = followers >= this.#quorum
    this.#unfollowedSinceMs = record && !isFollowed ? (this.#unfollowedSinceMs ?? nowMs) : undefined
  }

  get #durations(): { quorumForMs: number; unfollowedForMs: number } {
    const nowMs = this.#options.clock.monotonicMs()
    const since = (ms: number | undefined): number => (ms === undefined ? 0 : nowMs - ms)
    return { quorumForMs: since(this.#quorumSinceMs), unfollowedForMs: since(this.#unfollowedSinceMs) }
  }

  /** What the record says of this member. */
  #tell(members: readonly PresentMember[], record: ElectionRecord | undefined): void {
    const holds = isValid({ members, record })
    const isOwn = holds && this.#node?.endsWith(`/${record?.node}`) === true
    if (record && holds) this.#state = { kind: 'Elected', member: record.member, term: record.term }
    else
      this.#state = {
        kind: 'Waiting',
        reason: `nobody is elected; present: ${members.map(({ member }) => member).join(', ')}`,
      }
    if (this.#proposed !== undefined && !(isOwn && record?.term === this.#proposed))
      this.#withdraw(record ? `${record.member} was elected to term ${record.term}` : 'the election was removed')
    if (!record || !isOwn || this.#proposed === record.term || record.term <= this.#declined) return
    this.#proposed = record.term
    void this.#propose(record.term)
  }

  async #propose(term: number): Promise<void> {
    try {
      this.#listener?.proposed({ term, founding: !(await this.#isFounded()) })
    } catch (error) {
      this.declined(term, errorMessage(error))
    }
  }

  async #elect(record: ElectionRecord, version: number): Promise<void> {
    const { client, path, logger } = this.#options
    const data = Buffer.from(JSON.stringify(record))
    logger.info('Electing a member', { elected: record.member, term: record.term })
    try {
      if (version < 0) await client.create(`${path}/election`, data, 'persistent')
      else await client.set(`${path}/election`, data, version)
    } catch (error) {
      // Somebody was faster.
      if (!isCode(error, 'BAD_VERSION') && !isCode(error, 'NODE_EXISTS')) throw error
    }
    this.#again = true
  }
}

const isCode = (error: unknown, code: ZooKeeperError['zooKeeperCode']): boolean =>
  error instanceof ZooKeeperError && error.zooKeeperCode === code

const errorIsRefusal = (error: unknown): error is FlotillaError =>
  error instanceof FlotillaError && error.code === 'REPLICATION_REFUSED'
