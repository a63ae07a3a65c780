// Two queues, of which one keeps what expires as dead letters and the other drops it; most messages live for moments only, the
// others for ever. One kind of consumer looks itself whether a message has expired, the other leaves that to the broker.
import { Actor, type ActorTerms, type Dice } from './actor.ts'
import { Client, Names, openQueueTaker, Sender, Work } from './client.ts'
import { checkExpiry, droppedQueue, keptQueue } from './expiry-check.ts'

const queues = [keptQueue, droppedQueue]
/** What a client hands out that looks itself: a moment passes until it is written down. */
const ownLookMs = 500
/** What the broker sent in time may wait in the client while it is busy; the prefetch is one. */
const brokersLookMs = 3000

export class ExpiringQueues extends Actor {
  readonly #names = new Names('expiry')

  constructor(terms: ActorTerms) {
    super('expiry', checkExpiry, terms)
  }

  async run(): Promise<void> {
    await Promise.all(
      queues.flatMap((queue) => {
        const [first, second] = [this.dice(), this.dice()]
        return [
          this.#produce(queue, this.dice()),
          this.repeat(() => this.#consume(queue, first, true)),
          this.repeat(() => this.#consume(queue, second, false)),
        ]
      }),
    )
  }

  async drain(): Promise<void> {
    const drained = queues.map((queue) =>
      this.drainPlace(this.#names, queue, (session) => session.createConsumer(`queue://${queue}`)),
    )
    await Promise.all(drained)
  }

  async #produce(queue: string, dice: Dice): Promise<void> {
    const client = await Client.open(this.world, this.history, this.#names.next('connection'))
    const work = await Work.open(client, this.#names, 'transacted')
    const plain = await Sender.open(this.name, this.#names.next('producer'), `queue://${queue}`, client)
    const committed = await Sender.open(this.name, this.#names.next('producer'), `queue://${queue}`, work)
    await this.repeat(async () => {
      if (dice.chance(0.5)) await sendOne(plain, dice)
      else {
        for (let count = dice.between(1, 4); count > 0; count--) await sendOne(committed, dice)
        await (dice.chance(0.25) ? work.undo() : work.finish())
      }
      await this.pace(dice)
    })
    await work.hangUp()
  }

  async #consume(queue: string, dice: Dice, looks: boolean): Promise<void> {
    const name = this.#names.next('connection')
    const client = await Client.open(this.world, this.history, name, `jms.consumerExpiryCheckEnabled=${looks}`)
    const work = await Work.open(client, this.#names, 'transacted')
    const terms = { from: queue, lateMs: looks ? ownLookMs : brokersLookMs }
    const taker = await openQueueTaker(work, this.#names.next('consumer'), terms, { prefetchSize: looks ? 20 : 1 })
    for (let units = dice.between(1, 10); units > 0 && !this.stopping; units--) {
      const size = dice.between(1, 5)
      while (work.size < size && (await work.receive(taker, dice.between(20, 100))));
      await (dice.chance(0.25) ? work.undo() : work.finish())
    }
    await work.hangUp(taker)
  }
}

async function sendOne(sender: Sender, dice: Dice): Promise<void> {
  if (dice.chance(0.4)) return void (await sender.send({}))
  const timeToLive = dice.pick([20, 200, 1000, 4000])
  await sender.send({ timeToLive }, {}, { timeToLive })
}
