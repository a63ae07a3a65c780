// What is promised of messages that expire: none is handed out late, none vanishes before its time, and what expired is a dead
// letter where the policy of its queue says so, once, and nowhere else. Pure.
import type { Event, Fault } from './history.ts'
import { Reading, isTaken, type SentMessage } from './reading.ts'
import { drainedFaults, orderFaults, placeFaults } from './rules.ts'

/** Expired messages of this queue are dead letters; of the other one they are dropped. */
export const keptQueue = 'KILLS.EXPIRY.KEPT'
export const droppedQueue = 'KILLS.EXPIRY.DROPPED'
export const keptPrefix = 'DLQ.'

export function checkExpiry(events: readonly Event[]): Fault[] {
  const reading = new Reading(events)
  const mayBeMissing = (message: SentMessage): boolean => expires(message) && message.to === droppedQueue
  return [
    ...placeFaults(reading),
    ...orderFaults(reading, { shared: true }),
    ...drainedFaults(reading, mayBeMissing),
    ...lateFaults(reading),
    ...expiredLetterFaults(reading),
  ]
}

const expires = ({ facts }: SentMessage): boolean => facts['timeToLive'] !== undefined

/** `lateMs` of the consumer: for the way from the broker, and for what waits in a client that does not look itself. */
const lateFaults = (reading: Reading): Fault[] =>
  reading.deliveries.flatMap(({ id, index, atMs, expiration, by, message }) => {
    const timeToLive = Number(message?.facts['timeToLive'] ?? 0)
    if (message && (expiration === 0) !== (timeToLive === 0))
      return [
        {
          rule: 'expiration',
          text: `${id} was sent with ${timeToLive} ms to live, and came with JMSExpiration ${expiration}`,
          id,
          index,
        },
      ]
    const lateMs = expiration === 0 ? 0 : atMs - expiration
    if (lateMs <= by.lateMs) return []
    return [{ rule: 'expired', text: `${id} was delivered ${lateMs} ms after it had expired`, id, index }]
  })

function expiredLetterFaults(reading: Reading): Fault[] {
  const faults: Fault[] = []
  for (const message of reading.messages.values()) {
    if (!expires(message)) continue
    const { id, to, letters, deliveries } = message
    const [letter, second] = letters
    if (second)
      faults.push({ rule: 'two dead letters', text: `${id} is twice among the dead letters`, id, index: second.index })
    if (!letter) continue
    const expected = to === keptQueue ? `${keptPrefix}${keptQueue}` : undefined
    if (letter.queue !== expected)
      faults.push({ rule: 'dead letter', text: `${id} to ${to} is in ${letter.queue}`, id, index: letter.index })
    // In doubt, and came to nothing: then it could expire.
    if (deliveries.some((handed) => isTaken(handed) && handed.in.outcome === 'done'))
      faults.push({ rule: 'came again', text: `${id} was consumed, and is a dead letter`, id, index: letter.index })
  }
  return faults
}
