// Members on one directory, and who watches that never two of them are active:
//
//   roles     every member is asked again and again; one that still says Active after another one said so is a violation
//   terms     each term belongs to one member, and in the journal's headers they grow with the numbers of the segments
//   direct    a client without failover sends to whoever is active; what is acknowledged to it has to be there at the end
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createConnectionFactory, type Connection, type MessageProducer } from '../../broker/client/index.ts'
import type { BrokerConfigInput } from '../../broker/config/schema.ts'
import {
  decodeSegmentPrefix,
  parseSegmentFileName,
  parseTermDirectoryName,
  prefixesBytes,
} from '../../broker/journal/format.ts'
import { freePorts } from '../../hack/ports/free-ports.ts'
import { BrokerMember, settled } from '../support/broker-process.ts'

const pollMs = 20
const directQueue = 'queue://FENCING.DIRECT'
const drainQuietMs = 2000

export interface GroupOptions {
  readonly directory: string
  readonly dataDirectory: string
  readonly count?: number
  /** Members end when they step down and are started again, as in a pod; otherwise they come back by themselves. */
  readonly supervised?: boolean
  /** Besides the connectors. */
  readonly config?: BrokerConfigInput
  /** What each member has of its own beside that. */
  readonly ofMember?: (index: number) => {
    readonly config?: BrokerConfigInput
    readonly env?: NodeJS.ProcessEnv
    /** Where members do not share one. */
    readonly dataDirectory?: string
    readonly host?: string
    readonly inside?: readonly string[]
  }
  /** Who was active may say so for some time after another one is: it cannot confirm anything. */
  readonly findsOutLate?: boolean
}

export class FencingGroup {
  readonly members: readonly BrokerMember[]
  readonly dataDirectory: string
  /** What must never be; empty. */
  readonly violations: string[] = []
  readonly #termOwners = new Map<number, string>()
  readonly #directs: DirectSender[] = []
  readonly #findsOutLate: boolean
  #watching = true
  #watched: Promise<unknown> = Promise.resolve()
  polls = 0
  /** A member that was killed was active again before the standby that waited. */
  coldTakeovers = 0
  acknowledgedDirectly = 0

  private constructor(members: readonly BrokerMember[], dataDirectory: string, findsOutLate: boolean) {
    this.members = members
    this.dataDirectory = dataDirectory
    this.#findsOutLate = findsOutLate
  }

  static async start({
    directory,
    dataDirectory,
    count = 2,
    supervised = false,
    config,
    ofMember = (): ReturnType<NonNullable<GroupOptions['ofMember']>> => ({}),
    findsOutLate = false,
  }: GroupOptions): Promise<FencingGroup> {
    const ports = await freePorts(count * 2)
    const members = Array.from({ length: count }, (_, index) => {
      const own = ofMember(index)
      return new BrokerMember({
        member: `member-${index}`,
        directory,
        dataDirectory: own.dataDirectory ?? dataDirectory,
        openwirePort: ports[2 * index]!,
        adminPort: ports[2 * index + 1]!,
        restart: true,
        ...(own.host !== undefined && { host: own.host }),
        ...(own.inside && { inside: own.inside }),
        config: { ...config, ...own.config },
        env: { ...(supervised && { KUBERNETES_SERVICE_HOST: '127.0.0.1' }), ...own.env },
      }).start()
    })
    const group = new FencingGroup(members, dataDirectory, findsOutLate)
    await settled(members)
    group.#watched = Promise.all(members.map((member) => group.#watch(member)))
    return group
  }

  failoverUrl(options = ''): string {
    return `failover:(${this.members.map(({ url }) => url + options).join(',')})`
  }

  active(timeoutMs = 120_000): Promise<BrokerMember> {
    return settled(this.members, timeoutMs, { findsOutLate: this.#findsOutLate })
  }

  standbyOf(active: BrokerMember): BrokerMember {
    return this.members.find((member) => member !== active)!
  }

  /** Sends to this member only, from now or from `begin` on, until it is cut. */
  async sendDirectlyTo(member: BrokerMember, when: 'now' | 'later' = 'now'): Promise<DirectSender> {
    const sender = await DirectSender.open(member.url, this.#directs.length)
    if (when === 'now') sender.begin()
    this.#directs.push(sender)
    return sender
  }

  /** Reads the headers of the journal, as it is now. */
  checkTerms(): void {
    let newest = 0
    const journal = join(this.dataDirectory, 'journal')
    const directories = readdirSync(journal).filter((name) => parseTermDirectoryName(name) !== undefined)
    if (directories.length !== 1)
      this.violations.push(`the journal has ${directories.length} terms: ${directories.join(', ')}`)
    const names = directories.flatMap((name) =>
      readdirSync(join(journal, name)).map((file) => join(journal, name, file)),
    )
    for (const file of names.filter((name) => parseSegmentFileName(name.slice(-18)) !== undefined).sort()) {
      const term = segmentTerm(file)
      if (term === undefined) continue
      if (term < newest) this.violations.push(`${file} has term ${term} behind a segment of term ${newest}`)
      newest = Math.max(newest, term)
    }
  }

  /** Whether all that was acknowledged directly is there. The traffic must have ended. */
  async checkDirect(): Promise<void> {
    if (this.#directs.length === 0) return
    for (const sender of this.#directs) await sender.stop()
    const acknowledged = new Set(this.#directs.flatMap((sender) => sender.acknowledged))
    this.acknowledgedDirectly = acknowledged.size
    const connection = await createConnectionFactory(this.failoverUrl()).createConnection()
    connection.start()
    const session = await connection.createSession('auto')
    const consumer = await session.createConsumer(directQueue)
    for (;;) {
      const message = await consumer.receive(drainQuietMs)
      if (!message) break
      acknowledged.delete(message.properties['id'] as string)
    }
    await connection.close()
    if (acknowledged.size > 0)
      this.violations.push(
        `${acknowledged.size} acknowledged directly are lost: ${[...acknowledged].slice(0, 5).join(' ')}`,
      )
  }

  /** Writes what the members have logged there, after a failure. */
  leaveLogs(directory: string): void {
    for (const { options, log } of this.members) writeFileSync(join(directory, `${options.member}.log`), log.join(''))
  }

  async stop(): Promise<void> {
    this.#watching = false
    await Promise.all(this.#directs.map((sender) => sender.stop()))
    await Promise.all(this.members.map((member) => member.stop('SIGKILL')))
    await this.#watched
  }

  async #watch(member: BrokerMember): Promise<void> {
    while (this.#watching) {
      const answer = await member.role()
      this.polls++
      if (answer?.role === 'Active') await this.#checkAlone(member, answer.term!)
      await new Promise((resolve) => setTimeout(resolve, pollMs))
    }
  }

  /** Asked after `member` has answered: whoever is active now was so at the same time, unless `member` is not any more. */
  async #checkAlone(member: BrokerMember, term: number): Promise<void> {
    const owner = this.#termOwners.get(term)
    if (owner === undefined) this.#termOwners.set(term, member.options.member)
    else if (owner !== member.options.member)
      this.violations.push(`term ${term} belongs to ${owner} and to ${member.options.member}`)
    if (this.#findsOutLate) return
    const others = await Promise.all(this.members.filter((other) => other !== member).map((other) => other.role()))
    for (const other of others) {
      if (other?.role !== 'Active') continue
      const again = await member.role()
      if (again?.role === 'Active' && again.term === term)
        this.violations.push(
          `${member.options.member} in term ${term} and ${other.member} in term ${other.term} are both active`,
        )
    }
  }
}

/** Sends numbered persistent messages one after the other over one connection, until that is cut. */
export class DirectSender {
  readonly acknowledged: string[] = []
  /** Resolves with the reason why it sends no more. */
  readonly ended: Promise<unknown>
  /** Begins to send; before that it is only connected. */
  readonly begin: () => void
  readonly #connection: Connection

  private constructor(connection: Connection, producer: MessageProducer, index: number) {
    const begun = Promise.withResolvers<void>()
    this.begin = begun.resolve
    this.#connection = connection
    this.ended = begun.promise.then(() => this.#send(producer, index)).catch((error: unknown) => error)
  }

  static async open(url: string, index: number): Promise<DirectSender> {
    const connection = await createConnectionFactory(url).createConnection()
    const session = await connection.createSession('auto')
    return new DirectSender(connection, await session.createProducer(directQueue), index)
  }

  async stop(): Promise<void> {
    await Promise.race([this.#connection.close().catch(() => {}), new Promise((resolve) => setTimeout(resolve, 1000))])
  }

  async #send(producer: MessageProducer, index: number): Promise<void> {
    for (let n = 0; ; n++) {
      const id = `${index}/${n}`
      await producer.send({ body: id, properties: { id } })
      this.acknowledged.push(id)
    }
  }
}

/** undefined: removed meanwhile, or just being made. */
function segmentTerm(file: string): number | undefined {
  try {
    return decodeSegmentPrefix(readFileSync(file).subarray(0, prefixesBytes), file)?.term
  } catch {
    return undefined
  }
}
