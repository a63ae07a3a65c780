// Which consumer owns which group of messages of one queue (JMSXGroupID; ActiveMQ: MessageGroupMap and
// Queue.assignMessageGroup). The first that is given a message of a group owns the group: all others of it go to the same
// consumer, in order, until it goes, or until a message with a negative JMSXGroupSeq was given, which closes the group.
//
// A group never changes hands while a message of it is in flight, unless its sender closed it: what comes back when its owner
// goes is given to the next one before all that follows. Groups of which nothing is in flight are forgotten when there are
// too many, those first that were idle for longest; their next message finds an owner as that of a new group.
//
// Others look past what waits for an owner without room. Each group keeps from where on they did: there they look again
// when it has no owner any more.
import { crc32 } from '../../base/crc32.ts'
import type { Message } from '../../message/message.ts'
import type { QueueEntry } from '../entry.ts'
import { destinationLimits } from '../limits.ts'
import { MessageGroup, nobody } from './message-group.ts'
import type { QueueConsumer } from './queue-consumer.ts'
import type { QueueDispatch } from './queue-dispatch.ts'

export class MessageGroups {
  /** Somebody may be given now what was passed over before: a look has to begin again. */
  lookAgain = false
  readonly #consumers: QueueDispatch
  /** Messages are given in the order of their sequences; not in a queue that goes by priority. */
  readonly #inOrder: boolean
  readonly #groups = new Map<string, MessageGroup>()
  readonly #owned = new Map<object, Set<MessageGroup>>()
  /** Of which nothing is in flight; the one that was so for longest is the first. */
  readonly #idle = new Set<MessageGroup>()

  constructor(consumers: QueueDispatch, inOrder: boolean) {
    this.#consumers = consumers
    this.#inOrder = inOrder
  }

  /** Those that have an owner. */
  get size(): number {
    return this.#groups.size
  }

  /** The group of a message, if it has an owner. */
  of(message: Message): MessageGroup | undefined {
    return this.#groups.get(keyOf(message))
  }

  /** How many a consumer owns. */
  countOf(consumer: QueueConsumer): number {
    return this.#owned.get(consumer)?.size ?? 0
  }

  /** A consumer is given a message of a group. Returns whether its group begins with it (JMSXGroupFirstForConsumer). */
  give(entry: QueueEntry, message: Message, consumer: QueueConsumer): boolean {
    const known = this.of(message)
    const { groupSequence } = message
    const begins = !known || known.isBegunBy(message)
    const group = known && (!begins || known.owner === consumer) ? known : this.#replace(known, message, consumer)
    if (group.inFlight++ === 0) this.#idle.delete(group)
    entry.group = group
    const isNew = this.#inOrder ? group.given(entry.sequence, !consumer.selective) : entry.redeliveryCounter === 0
    // One that comes again has closed the group before: what has followed is of the next one of that name.
    if (isNew && groupSequence < 0) this.#free(group)
    return !known || groupSequence === 1
  }

  /** A message of a group is not in flight any more. */
  landed(group: MessageGroup): void {
    if (--group.inFlight > 0 || this.#groups.get(group.key) !== group) return
    if (this.#mayKeep(group)) this.#becameIdle(group)
    else this.#free(group)
  }

  /** A consumer is gone; what it had may be in flight for some time yet. */
  left(consumer: QueueConsumer): void {
    for (const group of this.#owned.get(consumer) ?? [])
      if (group.inFlight === 0) this.#free(group)
      else group.owner = nobody
    this.#owned.delete(consumer)
  }

  /** The exclusive consumer gets the groups of all others. */
  exclusiveChanged(): void {
    if (this.#consumers.exclusive === null) return
    for (const group of this.#idle) if (!this.#mayKeep(group)) this.#free(group)
  }

  #mayKeep({ owner }: MessageGroup): boolean {
    const { exclusive } = this.#consumers
    return owner !== nobody && (exclusive === null || exclusive === owner)
  }

  #replace(known: MessageGroup | undefined, message: Message, owner: QueueConsumer): MessageGroup {
    if (known) this.#free(known)
    const group = new MessageGroup(keyOf(message), owner)
    this.#groups.set(group.key, group)
    const owned = this.#owned.get(owner)
    if (owned) owned.add(group)
    else this.#owned.set(owner, new Set([group]))
    return group
  }

  #becameIdle(group: MessageGroup): void {
    this.#idle.add(group)
    if (this.#idle.size > destinationLimits.idleMessageGroups) this.#forgetOldest()
  }

  #forgetOldest(): void {
    let left: number = destinationLimits.forgottenMessageGroups
    for (const group of this.#idle) {
      if (left-- === 0) return
      this.#free(group)
    }
  }

  /** The group has no owner any more. */
  #free(group: MessageGroup): void {
    this.#groups.delete(group.key)
    this.#idle.delete(group)
    this.#owned.get(group.owner)?.delete(group)
    if (group.passedFrom === 0) return
    this.#consumers.positions.goBackTo(group.passedFrom)
    this.lookAgain = true
  }
}

/** Ids that are longer than anybody needs are told apart by their length and checksum: two of the same are one group. */
function keyOf({ groupId }: Message): string {
  const id = groupId!
  if (id.length <= destinationLimits.messageGroupIdLength) return id
  return `${crc32(Buffer.from(id))}:${id.length}`
}
