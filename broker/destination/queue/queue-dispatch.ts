// Which consumer of a queue gets the next message (spec broker-semantics.md section 5): higher priority first, equal
// priorities in turn, full ones skipped; with an exclusive consumer only that one.
import type { Message } from '../../message/message.ts'
import type { QueueConsumer } from './queue-consumer.ts'

interface PriorityGroup {
  readonly priority: number
  readonly members: QueueConsumer[]
  /** Index of the member that is asked first next time. */
  turn: number
}

/** An exclusive consumer of this priority takes over from one that came before it. */
const alwaysTakesOver = 127

export class QueueDispatch {
  /** Highest priority first. */
  readonly #groups: PriorityGroup[] = []
  readonly #members = new Set<QueueConsumer>()
  #exclusive: QueueConsumer | null = null

  get size(): number {
    return this.#members.size
  }

  [Symbol.iterator](): IterableIterator<QueueConsumer> {
    return this.#members.values()
  }

  add(consumer: QueueConsumer): void {
    this.#members.add(consumer)
    const { priority, exclusive } = consumer.options
    let at = 0
    while (at < this.#groups.length && this.#groups[at]!.priority > priority) at++
    const group = this.#groups[at]
    if (group?.priority === priority) group.members.push(consumer)
    else this.#groups.splice(at, 0, { priority, members: [consumer], turn: 0 })
    if (!exclusive) return
    const owner = this.#exclusive
    if (!owner || priority > owner.options.priority || priority === alwaysTakesOver) this.#exclusive = consumer
  }

  remove(consumer: QueueConsumer): void {
    if (!this.#members.delete(consumer)) return
    const at = this.#groups.findIndex((group) => group.priority === consumer.options.priority)
    const group = this.#groups[at]!
    const index = group.members.indexOf(consumer)
    group.members.splice(index, 1)
    if (index < group.turn) group.turn--
    if (group.members.length === 0) this.#groups.splice(at, 1)
    if (this.#exclusive === consumer) this.#exclusive = this.#nextExclusive()
  }

  /** True when some consumer has room for a message. */
  get hasRoom(): boolean {
    if (this.#exclusive) return !this.#exclusive.full
    for (const group of this.#groups) for (const member of group.members) if (!member.full) return true
    return false
  }

  /** The consumer for `message`, or null. The next call begins with the one after it. */
  choose(message: Message): QueueConsumer | null {
    if (this.#exclusive) return !this.#exclusive.full && this.#exclusive.accepts(message) ? this.#exclusive : null
    for (const group of this.#groups) {
      const { members } = group
      for (let step = 0; step < members.length; step++) {
        const index = (group.turn + step) % members.length
        const member = members[index]!
        if (member.full || !member.accepts(message)) continue
        group.turn = (index + 1) % members.length
        return member
      }
    }
    return null
  }

  #nextExclusive(): QueueConsumer | null {
    for (const group of this.#groups) for (const member of group.members) if (member.options.exclusive) return member
    return null
  }
}
