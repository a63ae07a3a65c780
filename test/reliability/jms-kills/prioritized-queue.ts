// A prioritized queue, in phases: a backlog of all priorities is sent, then one consumer takes it, in transactions.
import { Actor, type ActorTerms, type Dice } from './actor.ts'
import { Client, Names, openQueueTaker, Sender, Work } from './client.ts'
import { checkPriorities } from './priorities-check.ts'

export const prioritizedQueue = 'KILLS.PRIORITIES'

export class PrioritizedQueue extends Actor {
  readonly #names = new Names('priorities')

  constructor(terms: ActorTerms) {
    super('priorities', checkPriorities, terms)
  }

  async run(): Promise<void> {
    const dice = this.dice()
    const client = await Client.open(this.world, this.history, this.#names.next('connection'))
    const sender = await Sender.open(this.name, this.#names.next('producer'), `queue://${prioritizedQueue}`, client)
    await this.repeat(async () => {
      const phase = this.#names.next('phase')
      for (let count = dice.between(10, 60); count > 0; count--) {
        const urgency = dice.between(0, 9)
        await sender.send({ phase, urgency }, {}, { priority: urgency })
      }
      while (!this.stopping && this.history.waiting > 0) await this.#consume(dice)
    })
    await client.close()
  }

  drain(): Promise<void> {
    return this.drainPlace(this.#names, prioritizedQueue, (session) =>
      session.createConsumer(`queue://${prioritizedQueue}`),
    )
  }

  async #consume(dice: Dice): Promise<void> {
    const client = await Client.open(this.world, this.history, this.#names.next('connection'))
    const work = await Work.open(client, this.#names, 'transacted')
    const settings = { prefetchSize: dice.pick([1, 10, 100]) }
    const taker = await openQueueTaker(work, this.#names.next('consumer'), { from: prioritizedQueue }, settings)
    for (let units = dice.between(1, 12); units > 0 && this.history.waiting > 0; units--) {
      const size = dice.between(1, 8)
      while (work.size < size && (await work.receive(taker, dice.between(20, 150))));
      await (dice.chance(0.2) ? work.undo() : work.finish())
    }
    await work.hangUp(taker)
  }
}
