// Messages go from one queue to the next in transactions that consume and send, several movers side by side; some roll back, or
// leave with an open transaction. At the end of the way they are consumed.
import { Actor, type ActorTerms, type Dice } from './actor.ts'
import { Client, Names, openQueueTaker, Sender, Work, type Taker } from './client.ts'
import { checkTransfers } from './transfers-check.ts'

const first = 'KILLS.TRANSFERS.FIRST'
const second = 'KILLS.TRANSFERS.SECOND'
const movers = 3

export class Transfers extends Actor {
  readonly #names = new Names('transfers')

  constructor(terms: ActorTerms) {
    super('transfers', checkTransfers, terms)
  }

  async run(): Promise<void> {
    const moving = Array.from({ length: movers }, () => {
      const dice = this.dice()
      return this.repeat(() => this.#move(dice))
    })
    const dice = this.dice()
    await Promise.all([this.#produce(this.dice()), ...moving, this.repeat(() => this.#take(dice))])
  }

  async drain(): Promise<void> {
    const drained = [first, second].map((queue) =>
      this.drainPlace(this.#names, queue, (session) => session.createConsumer(`queue://${queue}`)),
    )
    await Promise.all(drained)
  }

  async #produce(dice: Dice): Promise<void> {
    const client = await Client.open(this.world, this.history, this.#names.next('connection'))
    const work = await Work.open(client, this.#names, 'transacted')
    const sender = await Sender.open(this.name, this.#names.next('producer'), `queue://${first}`, work)
    await this.repeat(async () => {
      for (let count = dice.between(1, 6); count > 0; count--) await sender.send({})
      await (dice.chance(0.3) ? work.undo() : work.finish())
      await this.pace(dice)
    })
    await work.hangUp()
  }

  /** For each message that is taken one is sent on. */
  async #move(dice: Dice): Promise<void> {
    const { work, taker } = await this.#open(first, dice)
    const sender = await Sender.open(this.name, this.#names.next('producer'), `queue://${second}`, work)
    for (let units = dice.between(1, 12); units > 0 && !this.stopping; units--) {
      for (let count = dice.between(1, 5); count > 0; count--)
        if (await work.receive(taker, dice.between(20, 150))) await sender.send({})
      if (units > 1) await (dice.chance(0.25) ? work.undo() : work.finish())
    }
    await work.hangUp(taker)
  }

  async #take(dice: Dice): Promise<void> {
    const { work, taker } = await this.#open(second, dice)
    for (let units = dice.between(5, 30); units > 0 && !this.stopping; units--) {
      const size = dice.between(1, 20)
      while (work.size < size && (await work.receive(taker, dice.between(20, 100))));
      await (dice.chance(0.1) ? work.undo() : work.finish())
    }
    await work.hangUp(taker)
  }

  async #open(queue: string, dice: Dice): Promise<{ work: Work; taker: Taker }> {
    const client = await Client.open(this.world, this.history, this.#names.next('connection'))
    const work = await Work.open(client, this.#names, 'transacted')
    const settings = { prefetchSize: dice.pick([1, 10, 100]) }
    return { work, taker: await openQueueTaker(work, this.#names.next('consumer'), { from: queue }, settings) }
  }
}
