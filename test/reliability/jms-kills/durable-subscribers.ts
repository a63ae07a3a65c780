// One topic; durable subscribers that go offline and come back on the same or on a new connection, change their selector,
// unsubscribe and subscribe again under the same name, and acknowledge in every way.
import { JmsError, type ConsumerSettings } from '../../../broker/client/index.ts'
import { Actor, pause, type ActorTerms, type Dice } from './actor.ts'
import { Client, Names, openTaker, Sender, Work, type Taker } from './client.ts'
import { checkDurable } from './durable-check.ts'
import { colours, selectorNames, selectors } from './selectors.ts'

const topic = 'topic://KILLS.DURABLE'
const subscribers = 4
const modes = ['transacted', 'client', 'individual'] as const

/** A subscription in its present life. */
interface Subscription {
  readonly clientId: string
  readonly name: string
  life: string | undefined
  wants: string
}

export class DurableSubscribers extends Actor {
  readonly #names = new Names('durable')
  readonly #subscriptions: readonly Subscription[] = Array.from({ length: subscribers }, (_, index) => ({
    clientId: `kills-durable-${index}`,
    name: `subscription-${index}`,
    life: undefined,
    wants: 'all',
  }))

  constructor(terms: ActorTerms) {
    super('durable', checkDurable, terms)
  }

  async run(): Promise<void> {
    const subscribing = this.#subscriptions.map((subscription) => {
      const dice = this.dice()
      return this.repeat(() => this.#connect(subscription, dice))
    })
    await Promise.all([this.#produce(this.dice()), this.#produceInTransactions(this.dice()), ...subscribing])
  }

  async drain(): Promise<void> {
    const drained = this.#subscriptions.map(async ({ life, wants, name, clientId }) => {
      if (life === undefined) return
      const settings = settingsOf(wants, 100)
      await this.drainPlace(
        this.#names,
        life,
        (session) => session.createDurableConsumer(topic, name, settings),
        `jms.clientID=${clientId}`,
      )
    })
    await Promise.all(drained)
  }

  async #produce(dice: Dice): Promise<void> {
    const client = await Client.open(this.world, this.history, this.#names.next('connection'))
    const sender = await Sender.open(this.name, this.#names.next('producer'), topic, client)
    await this.repeat(async () => {
      await publish(sender, dice)
      await pause(dice.between(5, 40))
    })
    await client.close()
  }

  async #produceInTransactions(dice: Dice): Promise<void> {
    const client = await Client.open(this.world, this.history, this.#names.next('connection'))
    const work = await Work.open(client, this.#names, 'transacted')
    const sender = await Sender.open(this.name, this.#names.next('producer'), topic, work)
    await this.repeat(async () => {
      for (let count = dice.between(1, 5); count > 0; count--) await publish(sender, dice)
      await (dice.chance(0.25) ? work.undo() : work.finish())
      await pause(dice.between(5, 80))
    })
    await work.hangUp()
  }

  /** One connection of a subscriber: some times online, between them offline. */
  async #connect(subscription: Subscription, dice: Dice): Promise<void> {
    const { clientId } = subscription
    const name = this.#names.next('connection')
    const client = await Client.open(this.world, this.history, name, `jms.clientID=${clientId}`)
    for (let times = dice.between(1, 4); times > 0 && !this.stopping; times--) {
      if (subscription.life !== undefined && dice.chance(0.2)) await this.#unsubscribe(subscription, client)
      else await this.#consume(subscription, client, dice)
      await pause(dice.between(0, 300))
    }
    await client.close()
  }

  async #consume(subscription: Subscription, client: Client, dice: Dice): Promise<void> {
    const begins = subscription.life === undefined || dice.chance(0.15)
    if (begins) this.#begin(subscription, dice.pick(selectorNames.filter((name) => name !== subscription.wants)))
    const work = await Work.open(client, this.#names, dice.pick(modes))
    const taker = await this.#open(subscription, work, dice.pick([1, 10, 100]))
    if (begins) this.history.add({ what: 'subscribed', life: subscription.life! })
    if (dice.chance(0.1)) await this.#tryToUnsubscribe(subscription, work)
    for (let units = dice.between(1, 8); units > 0 && !this.stopping; units--) {
      const size = dice.between(1, 10)
      while (work.size < size && (await work.receive(taker, dice.between(20, 200))));
      if (units > 1) await (dice.chance(0.2) ? work.undo() : work.finish())
    }
    if (dice.chance(0.4)) await work.finish()
    await work.close(taker)
  }

  /** With another selector than before it is another subscription, and what was kept for the old one is gone. */
  #begin(subscription: Subscription, wants: string): void {
    if (subscription.life !== undefined) this.history.add({ what: 'unsubscribe', life: subscription.life })
    subscription.life = this.#names.next('life')
    subscription.wants = wants
    this.history.add({ what: 'subscribe', life: subscription.life, name: subscription.name, wants })
  }

  #open({ name, life, wants }: Subscription, work: Work, prefetchSize: number): Promise<Taker> {
    const consumer = this.#names.next('consumer')
    const settings = settingsOf(wants, prefetchSize)
    return openTaker(work, consumer, { from: life!, wants }, (session) =>
      session.createDurableConsumer(topic, name, settings),
    )
  }

  async #unsubscribe(subscription: Subscription, client: Client): Promise<void> {
    const life = subscription.life!
    const { losses } = client
    const session = await client.connection.createSession('auto')
    this.history.add({ what: 'unsubscribe', life })
    try {
      await session.unsubscribe(subscription.name)
    } catch (error) {
      // The broker that did it was killed before it could say so, and the next one knows no such subscription.
      const isGone = error instanceof JmsError && /No durable subscription exists/.test(error.message)
      if (!isGone || client.losses === losses) throw error
    }
    subscription.life = undefined
    this.history.add({ what: 'unsubscribed', life })
    await session.close()
  }

  /** While it has a consumer. */
  async #tryToUnsubscribe({ name, life }: Subscription, work: Work): Promise<void> {
    const refusal = await work.session.unsubscribe(name).catch((error: unknown) => error)
    if (!(refusal instanceof JmsError))
      this.history.add({ what: 'wrong', text: `${life} was unsubscribed while it had a consumer` })
  }
}

const settingsOf = (wants: string, prefetchSize: number): ConsumerSettings => {
  const { text } = selectors[wants]!
  return { prefetchSize, ...(text !== '' && { selector: text }) }
}

async function publish(sender: Sender, dice: Dice): Promise<void> {
  const colour = dice.pick(colours)
  const weight = dice.between(0, 99)
  const kind = dice.pick(['a', 'b'])
  const urgency = dice.between(0, 9)
  const properties = colour === 'none' ? { weight } : { colour, weight }
  await sender.send({ colour, weight, kind, urgency }, { properties, type: kind }, { priority: urgency })
}
