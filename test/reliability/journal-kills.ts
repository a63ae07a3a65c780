// SIGKILL under load, on the real disk: four producers send numbered persistent messages to a real broker, a consumer takes
// some in transactions; in the middle the broker is killed. Then, with nobody running, the journal is checked, and every
// message that was acknowledged and not consumed has to be in it, in order; the next life goes on from there.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { seededRandom, type Random } from '../../broker/base/random.ts'
import { createConnectionFactory, type Connection, type ReceivedMessage } from '../../broker/client/index.ts'
import { nodeDisk } from '../../broker/disk/node-disk.ts'
import { inspectJournal } from '../../broker/store/journal/journal-inspection.ts'
import { freePorts } from '../../hack/ports/free-ports.ts'
import { BrokerMember } from '../support/broker-process.ts'

export interface KillOptions {
  readonly seed: number
  readonly kills: number
  readonly progress?: (figures: KillFigures) => void
}

export interface KillFigures {
  kills: number
  acknowledged: number
  /** Received in a transaction; where its commit has not returned it may be gone or come again. */
  received: number
  /** Their commit has returned. */
  consumed: number
  lost: number
  /** Came back after their commit had returned. */
  doubled: number
  outOfOrder: number
  /** Bodies that were not what was sent. */
  halfThere: number
  damaged: number
  tornTails: number
}

const producers = 4
const perCommit = 5
const startMs = 60_000
const drainQuietMs = 3000
const queueOf = (producer: number): string => `KILLED.${producer}`
const bodyOf = (producer: number, n: number): string => `${producer}/${n}/`.repeat(1 + ((n * 37) % 300))

export async function runKills({ seed, kills, progress }: KillOptions): Promise<KillFigures> {
  const directory = mkdtempSync(join(tmpdir(), 'flotilla-kills-'))
  const [openwirePort, adminPort] = (await freePorts(2)) as [number, number]
  const member = new BrokerMember({
    member: 'member-0',
    directory,
    dataDirectory: join(directory, 'data'),
    openwirePort,
    adminPort,
    config: { store: { type: 'Journal', maxFileLength: '1Mi' } },
  })
  try {
    const run = new KillRun(member, join(directory, 'data', 'journal'), seededRandom(seed))
    while (run.figures.kills < kills) {
      await run.liveAndDie()
      await run.check()
      progress?.(run.figures)
    }
    await run.drain()
    return run.figures
  } finally {
    await member.stop('SIGKILL')
    rmSync(directory, { recursive: true, force: true })
  }
}

class KillRun {
  readonly figures: KillFigures = {
    kills: 0,
    acknowledged: 0,
    received: 0,
    consumed: 0,
    lost: 0,
    doubled: 0,
    outOfOrder: 0,
    halfThere: 0,
    damaged: 0,
    tornTails: 0,
  }
  readonly #member: BrokerMember
  readonly #journal: string
  readonly #random: Random
  /** `<producer>/<n>` → what its client knows of it. */
  readonly #known = new Map<string, 'acknowledged' | 'consumed' | 'in doubt'>()
  /** JMSMessageID → `<producer>/<n>`. */
  readonly #ids = new Map<string, string>()
  readonly #next = Array.from({ length: producers }, () => 0)
  #connections: Connection[] = []

  constructor(member: BrokerMember, journal: string, random: Random) {
    this.#member = member
    this.#journal = journal
    this.#random = random
  }

  async liveAndDie(): Promise<void> {
    this.#member.start()
    await this.#member.waitForRole('Active', startMs)
    const target = this.figures.acknowledged + 40 + Math.floor(this.#random.next() * 200)
    const enough = Promise.withResolvers<void>()
    const work = Array.from({ length: producers }, (_, producer) =>
      this.#produce(producer, () => this.figures.acknowledged >= target && enough.resolve()),
    )
    const ended = Promise.allSettled([...work, this.#consume()])
    await Promise.race([enough.promise, ended])
    this.#member.kill('SIGKILL')
    await this.#member.exited
    await ended
    await Promise.allSettled(this.#connections.splice(0).map((connection) => connection.close()))
    this.figures.kills++
  }

  async check(): Promise<void> {
    const inspection = await inspectJournal(nodeDisk, this.#journal)
    if (inspection.tornBytes > 0) this.figures.tornTails++
    this.figures.damaged += inspection.damage.length
    const present = new Set<string>()
    const last = new Map<string, number>()
    for await (const { messageId, queue } of inspection.messages()) {
      const id = this.#ids.get(messageId)
      // Sent, but the broker was killed before it answered: may be there or not.
      if (id === undefined) continue
      present.add(id)
      const n = Number(id.split('/')[1])
      if (n <= (last.get(queue) ?? -1)) this.figures.outOfOrder++
      last.set(queue, n)
    }
    for (const [id, state] of this.#known) {
      if (state === 'acknowledged' && !present.has(id)) this.figures.lost++
      if (state === 'consumed' && present.has(id)) this.figures.doubled++
    }
  }

  /** All that is left goes through a last life. */
  async drain(): Promise<void> {
    this.#member.start()
    await this.#member.waitForRole('Active', startMs)
    const connection = await this.#connect()
    connection.start()
    const session = await connection.createSession('auto')
    for (let producer = 0; producer < producers; producer++) {
      const consumer = await session.createConsumer(`queue://${queueOf(producer)}`)
      for (let message = await consumer.receive(drainQuietMs); message; message = await consumer.receive(drainQuietMs))
        this.#note(message, 'consumed')
    }
    for (const state of this.#known.values()) if (state === 'acknowledged') this.figures.lost++
    await connection.close()
  }

  async #connect(): Promise<Connection> {
    const connection = await createConnectionFactory(this.#member.url).createConnection()
    this.#connections.push(connection)
    return connection
  }

  async #produce(producer: number, acknowledged: () => unknown): Promise<void> {
    const session = await (await this.#connect()).createSession('auto')
    const sender = await session.createProducer(`queue://${queueOf(producer)}`)
    for (;;) {
      const n = this.#next[producer]!++
      const id = `${producer}/${n}`
      this.#ids.set(await sender.send({ body: bodyOf(producer, n), properties: { id } }), id)
      // Its consumer may have been faster.
      if (!this.#known.has(id)) this.#known.set(id, 'acknowledged')
      this.figures.acknowledged++
      acknowledged()
    }
  }

  async #consume(): Promise<void> {
    const connection = await this.#connect()
    connection.start()
    const session = await connection.createSession('transacted')
    const consumer = await session.createConsumer(`queue://${queueOf(0)},${queueOf(1)}`)
    for (;;) {
      const taken: string[] = []
      while (taken.length < perCommit) {
        const message = await consumer.receive(startMs)
        if (!message) return
        taken.push(this.#note(message, 'in doubt'))
      }
      await session.commit()
      for (const id of taken) this.#known.set(id, 'consumed')
      this.figures.consumed += taken.length
    }
  }

  #note(message: ReceivedMessage, state: 'consumed' | 'in doubt'): string {
    const id = message.properties['id'] as string
    const [producer = 0, n = 0] = id.split('/').map(Number)
    if (message.text !== bodyOf(producer, n)) this.figures.halfThere++
    if (this.#known.get(id) === 'consumed') this.figures.doubled++
    if (state === 'in doubt' && this.#known.get(id) !== 'in doubt') this.figures.received++
    this.#known.set(id, state)
    return id
  }
}
