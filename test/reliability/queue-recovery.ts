// After a crash: is what the store has one of the things that it may have? Goes through the book of the life before, and
// writes the one of the life that begins.
import { StoredMessage } from '../../broker/message/stored-message.ts'
import { check, type BookMessage, type BookTransaction, type QueueBook } from './queue-book.ts'
import { deadLetterQueue } from './queue-world.ts'

type Found = ReadonlyMap<string, readonly { readonly sequence: number; readonly bytes: Buffer }[]>

interface Present {
  readonly sequence: number
  readonly bytes: Buffer
}

export function resolveRecovery(before: QueueBook, found: Found, after: QueueBook): void {
  const present = index(found)
  checkKnown(before, present)
  checkOrder(before, found)
  const isPresent = ({ queue, id }: BookMessage): boolean => present.has(key(queue, id))
  const outcomes = new Map(before.committing.map((transaction) => [transaction, outcomeOf(transaction, isPresent)]))
  const outcomeOfSend = new Map<BookMessage, boolean>()
  for (const [transaction, committed] of outcomes)
    for (const message of transaction.sends) outcomeOfSend.set(message, committed)
  for (const messages of before.queues.values())
    for (const message of messages.values()) checkPresence(message, isPresent, outcomes, outcomeOfSend)
  for (const [queue, messages] of found)
    for (const { sequence, bytes } of messages) {
      const old = before.queues.get(queue)!.get(StoredMessage.scan(bytes).messageId)!
      const { id, producer, number, persistent, expiration, size } = old
      const kept = after.add({ queue, id, producer, number, persistent, expiration, size, bytes, state: 'waiting' })
      kept.sequence = sequence
      kept.arrived = true
      kept.durable = true
    }
}

const key = (queue: string, id: string): string => `${queue} ${id}`

function index(found: Found): Map<string, Present> {
  const present = new Map<string, Present>()
  for (const [queue, messages] of found) {
    let last = 0
    for (const { sequence, bytes } of messages) {
      check(sequence > last, () => `${queue} has sequence ${sequence} behind ${last}`)
      last = sequence
      const { messageId } = StoredMessage.scan(bytes)
      check(!present.has(key(queue, messageId)), () => `${messageId} is in ${queue} twice`)
      present.set(key(queue, messageId), { sequence, bytes })
    }
  }
  return present
}

function checkKnown(before: QueueBook, present: ReadonlyMap<string, Present>): void {
  for (const [name, { bytes, sequence }] of present) {
    const [queue, id] = name.split(' ') as [string, string]
    const message = before.queues.get(queue)?.get(id)
    check(message !== undefined, () => `${name} came back although it was acknowledged (or never sent)`)
    check(message.persistent, () => `${name} came back although it was not persistent`)
    check(message.bytes === null || message.bytes.equals(bytes), () => `${name} came back changed`)
    check(
      message.sequence === 0 || message.sequence === sequence,
      () => `${name} came back with sequence ${sequence}, had ${message.sequence}`,
    )
  }
}

/** Dead letters come in the order of their deaths. */
function checkOrder(before: QueueBook, found: Found): void {
  for (const [queue, messages] of found) {
    if (queue === deadLetterQueue) continue
    const last = new Map<string, number>()
    for (const { bytes } of messages) {
      const { producer, number, id } = before.queues.get(queue)!.get(StoredMessage.scan(bytes).messageId)!
      check(number > (last.get(producer) ?? 0), () => `${id} came back behind ${last.get(producer)} of its producer`)
      last.set(producer, number)
    }
  }
}

/** Whether a commit that was not answered happened; as a whole. */
function outcomeOf(transaction: BookTransaction, isPresent: (message: BookMessage) => boolean): boolean {
  const signs: string[] = []
  const sign = (happened: boolean, message: BookMessage): void =>
    void signs.push(`${happened ? 'yes' : 'no'} (${message.queue} ${message.id})`)
  for (const message of transaction.sends) {
    if (!message.persistent) continue
    sign(isPresent(message) || (message.copy !== null && isPresent(message.copy)), message)
  }
  // One that was given away before it was written tells nothing by not being there.
  for (const message of transaction.acknowledged)
    if (message.persistent && (message.durable || isPresent(message))) sign(!isPresent(message), message)
  const happened = signs.some((text) => text.startsWith('yes'))
  check(
    !happened || signs.every((text) => text.startsWith('yes')),
    () => `Half of ${transaction.id} was recovered: ${signs.join(', ')}`,
  )
  return happened
}

function checkPresence(
  message: BookMessage,
  isPresent: (message: BookMessage) => boolean,
  outcomes: ReadonlyMap<BookTransaction, boolean>,
  outcomeOfSend: ReadonlyMap<BookMessage, boolean>,
): void {
  const { queue, id, state, persistent, transaction, copy, origin } = message
  const here = isPresent(message)
  const name = `${queue} ${id} (${state})`
  if (copy) {
    const both = here && isPresent(copy)
    check(!both, () => `${name} is in its queue and a dead letter`)
    // One that had expired when it came was never in its queue.
    if (persistent && message.arrived && message.durable)
      check(here || isPresent(copy), () => `${name} is lost on its way to the dead letter queue`)
    return
  }
  if (!persistent || (origin?.copy === message && state === 'sending')) return
  if (outcomeOfSend.has(message)) return
  if (state === 'transacted') return check(!here, () => `${name} came back although its transaction was open`)
  if (transaction && outcomes.has(transaction)) return
  if (message.durable && (state === 'waiting' || state === 'inFlight')) check(here, () => `${name} is lost`)
}
