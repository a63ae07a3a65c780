// One queue; producers with and without transactions; consumers with selectors in every mode of acknowledgement, which roll back,
// close with messages in hand, hang up, and come back wanting something else.
import { Actor, type ActorTerms, type Dice } from './actor.ts'
import { Client, Names, openQueueTaker, Sender, Work } from './client.ts'
import { colours, selectorNames, selectors } from './selectors.ts'
import { checkSelectorQueue } from './selector-queue-check.ts'
import type { Facts } from './history.ts'

const queue = 'KILLS.SELECTORS'
const consumers = 4
const modes = ['transacted', 'client', 'individual'] as const

export class SelectorQueue extends Actor {
  readonly #names = new Names('selectors')

  constructor(terms: ActorTerms) {
    super('selectors', checkSelectorQueue, terms)
  }

  async run(): Promise<void> {
    const consuming = Array.from({ length: consumers }, () => {
      const dice = this.dice()
      return this.repeat(() => this.#consume(dice))
    })
    await Promise.all([this.#produce(this.dice()), this.#produceInTransactions(this.dice()), ...consuming])
  }

  drain(): Promise<void> {
    return this.drainPlace(this.#names, queue, (session) => session.createConsumer(`queue://${queue}`))
  }

  async #produce(dice: Dice): Promise<void> {
    const client = await Client.open(this.world, this.history, this.#names.next('connection'))
    const sender = await Sender.open(this.name, this.#names.next('producer'), `queue://${queue}`, client)
    await this.repeat(async () => {
      await sendOne(sender, dice)
      await this.pace(dice)
    })
    await client.close()
  }

  async #produceInTransactions(dice: Dice): Promise<void> {
    const client = await Client.open(this.world, this.history, this.#names.next('connection'))
    const work = await Work.open(client, this.#names, 'transacted')
    const sender = await Sender.open(this.name, this.#names.next('producer'), `queue://${queue}`, work)
    await this.repeat(async () => {
      for (let count = dice.between(1, 5); count > 0; count--) await sendOne(sender, dice)
      await (dice.chance(0.25) ? work.undo() : work.finish())
      await this.pace(dice)
    })
    await work.hangUp()
  }

  /** The life of a consumer. */
  async #consume(dice: Dice): Promise<void> {
    const client = await Client.open(this.world, this.history, this.#names.next('connection'))
    const wants = dice.pick(selectorNames)
    const work = await Work.open(client, this.#names, dice.pick(modes))
    const settings = { selector: selectors[wants]!.text, prefetchSize: dice.pick([1, 10, 100]) }
    const taker = await openQueueTaker(work, this.#names.next('consumer'), { from: queue, wants }, settings)
    for (let units = dice.between(1, 12); units > 0 && !this.stopping; units--) {
      const size = dice.between(1, 8)
      while (work.size < size && (await work.receive(taker, dice.between(20, 150))));
      if (units > 1) await (dice.chance(0.2) ? work.undo() : work.finish())
    }
    // With what it has in hand, mostly.
    if (dice.chance(0.3)) await work.finish()
    if (dice.chance(0.5)) await work.close(taker)
    await work.hangUp(taker)
  }
}

async function sendOne(sender: Sender, dice: Dice): Promise<void> {
  const facts = factsOf(dice)
  const { colour, weight, kind, urgency } = facts
  const properties = colour === 'none' ? { weight } : { colour, weight }
  await sender.send(facts, { properties, type: String(kind) }, { priority: Number(urgency) })
}

const factsOf = (dice: Dice): Facts => ({
  colour: dice.pick(colours),
  weight: dice.between(0, 99),
  kind: dice.pick(['a', 'b']),
  urgency: dice.between(0, 9),
})
