// What a failover costs a client: one sends persistent messages one after the other and notes when each was answered, one takes them
// in transactions. Its history is checked as that of everybody else.
import { Actor, type ActorTerms } from '../jms-kills/actor.ts'
import { Client, Names, openQueueTaker, Sender, Work } from '../jms-kills/client.ts'
import { checkTransfers } from '../jms-kills/transfers-check.ts'

const queue = 'KILLS.PULSE'
const batch = 20
const receiveMs = 50

export class Pulse extends Actor {
  /** When a send was answered: monotonic, ascending. */
  readonly answersMs: number[] = []
  readonly #names = new Names('pulse')

  constructor(terms: ActorTerms) {
    super('pulse', checkTransfers, terms)
  }

  async run(): Promise<void> {
    await Promise.all([this.#send(), this.#take()])
  }

  async drain(): Promise<void> {
    await this.drainPlace(this.#names, queue, (session) => session.createConsumer(`queue://${queue}`))
  }

  async #send(): Promise<void> {
    const client = await Client.open(this.world, this.history, this.#names.next('connection'))
    const sender = await Sender.open(this.name, this.#names.next('producer'), `queue://${queue}`, client)
    const dice = this.dice()
    await this.repeat(async () => {
      await sender.send({})
      this.answersMs.push(performance.now())
      await this.pace(dice)
    })
    await client.close()
  }

  async #take(): Promise<void> {
    const client = await Client.open(this.world, this.history, this.#names.next('connection'))
    const work = await Work.open(client, this.#names, 'transacted')
    const taker = await openQueueTaker(work, this.#names.next('consumer'), { from: queue })
    await this.repeat(async () => {
      while (work.size < batch && (await work.receive(taker, receiveMs)));
      await work.finish()
    })
    await work.hangUp(taker)
  }
}
