// A queue with message groups, each with one producer; groups are closed now and then, consumers come and go.
import { Actor, type ActorTerms, type Dice } from './actor.ts'
import { Client, Names, openQueueTaker, Sender, Work } from './client.ts'
import { checkGroups } from './groups-check.ts'

const queue = 'KILLS.GROUPS'
const producers = 2
const groupsEach = 6
const consumers = 4

export class GroupedQueue extends Actor {
  readonly #names = new Names('groups')

  constructor(terms: ActorTerms) {
    super('groups', checkGroups, terms)
  }

  async run(): Promise<void> {
    const producing = Array.from({ length: producers }, (_, index) => this.#produce(index, this.dice()))
    const consuming = Array.from({ length: consumers }, () => {
      const dice = this.dice()
      return this.repeat(() => this.#consume(dice))
    })
    await Promise.all([...producing, ...consuming])
  }

  drain(): Promise<void> {
    return this.drainPlace(this.#names, queue, (session) => session.createConsumer(`queue://${queue}`))
  }

  async #produce(index: number, dice: Dice): Promise<void> {
    const client = await Client.open(this.world, this.history, this.#names.next('connection'))
    const sender = await Sender.open(this.name, this.#names.next('producer'), `queue://${queue}`, client)
    const terms = Array.from({ length: groupsEach }, () => 0)
    await this.repeat(async () => {
      const number = dice.between(0, groupsEach - 1)
      const group = `group-${index}-${number}`
      const closes = dice.chance(0.05)
      await sender.send({ group, term: terms[number]! }, { groupId: group, groupSequence: closes ? -1 : 0 })
      if (closes) terms[number]!++
      await this.pace(dice)
    })
    await client.close()
  }

  async #consume(dice: Dice): Promise<void> {
    const client = await Client.open(this.world, this.history, this.#names.next('connection'))
    const work = await Work.open(client, this.#names, 'transacted')
    const settings = { prefetchSize: dice.pick([1, 10, 100]) }
    const taker = await openQueueTaker(work, this.#names.next('consumer'), { from: queue }, settings)
    for (let units = dice.between(1, 20); units > 0 && !this.stopping; units--) {
      const size = dice.between(1, 8)
      while (work.size < size && (await work.receive(taker, dice.between(20, 150))));
      if (units > 1) await (dice.chance(0.2) ? work.undo() : work.finish())
    }
    if (dice.chance(0.5)) await work.finish()
    await work.hangUp(taker)
  }
}
