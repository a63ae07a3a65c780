// For whom a store keeps the messages of a queue or topic that go by priority (ActiveMQ: prioritizedMessages): each priority has a
// holder of its own, so that a store finds the next message of one without looking at others. The default priority has that of
// the destination itself, so that this is the same in a store while all its messages have that one.
//
//   <name>              the default priority, and what came while the destination did not go by priority
//   <name> NUL <0..9>   the others; no destination has such a name, because none has control characters (routing/destination-name.ts)
//
// Stores know them by these names and nothing else; room is shared out among destinations, however many holders each has.
import type { QueueHolder, TopicHolder } from './held-message.ts'

/** JMS 1.1, section 3.4.10. */
export const defaultPriority = 4
export const highestPriority = 9

const mark = '\u0000'

const priorities: readonly number[] = Array.from({ length: highestPriority + 1 }, (_, priority) => priority)

/** Under which a store has what is of this priority. */
export const nameAtPriority = (name: string, priority: number): string =>
  priority === defaultPriority ? name : `${name}${mark}${priority}`

/** The holders of a queue by priority, from 0 to 9. That of the default one knows the others. */
export const priorityHolders = (queue: string): readonly QueueHolder[] => holdersOf('queue', queue)

/** The same of a topic. */
export const priorityTopics = (topic: string): readonly TopicHolder[] => holdersOf('topic', topic)

/** The destination that a holder of this name belongs to. */
export const destinationOfHolder = (name: string): string => (hasPriority(name) ? name.slice(0, -2) : name)

export const priorityOfHolder = (name: string): number => (hasPriority(name) ? Number(name.at(-1)) : defaultPriority)

const hasPriority = (name: string): boolean => name.charCodeAt(name.length - 2) === 0

interface Holder<K> {
  readonly kind: K
  readonly name: string
  readonly others?: readonly Holder<K>[]
}

function holdersOf<K>(kind: K, name: string): readonly Holder<K>[] {
  const holders = priorities.map((priority): Holder<K> => ({ kind, name: nameAtPriority(name, priority) }))
  const others = holders.filter((_, priority) => priority !== defaultPriority)
  return holders.map((holder, priority) => (priority === defaultPriority ? { ...holder, others } : holder))
}
