// What holds for every place that messages are consumed from, queue or durable subscription. Each rule is a pure function
// from what was read of a history to the faults in it; the checks of the actors put them together and add their own.
//
// What a kill permits: the next broker knows nothing of what its predecessor had handed out, so that this comes again, in
// the order of the store, and to anybody. What it does not permit: that anything confirmed is undone.
import type { Fault } from './history.ts'
import {
  isCertain,
  isDoneBy,
  isTaken,
  isUndone,
  isUndoneBy,
  type Handed,
  type Reading,
  type SentMessage,
  type Unit,
} from './reading.ts'

/** What every place promises at any time. */
export function placeFaults(reading: Reading): Fault[] {
  return [
    ...forbiddenFaults(reading),
    ...strangerFaults(reading),
    ...doubleFaults(reading),
    ...heldByTwoFaults(reading),
    ...redeliveredFaults(reading),
    ...letterFaults(reading),
  ]
}

/** What it promises besides when everything has been received. `mayBeMissing`: what may have expired. */
export function drainedFaults(reading: Reading, mayBeMissing?: (message: SentMessage) => boolean): Fault[] {
  return [...lostFaults(reading, mayBeMissing), ...halfFaults(reading)]
}

/** What an actor tried that has to be refused. */
export const forbiddenFaults = (reading: Reading): Fault[] =>
  reading.wrong.map(({ index, text }) => ({ rule: 'permitted', text, index }))

/** Everything that is handed out was sent, as it is, and not rolled back; and not before its commit. */
function strangerFaults(reading: Reading): Fault[] {
  const faults: Fault[] = []
  for (const { id, index, damaged, message } of reading.deliveries) {
    const fault = (rule: string, text: string): unknown => faults.push({ rule, text, id, index })
    if (!message) fault('nobody sent it', `${id} was delivered, and nobody sent it there`)
    else if (isUndone(message)) fault('rolled back', `${id} was delivered, and its send was rolled back`)
    else if (message.unit && index < message.unit.endIndex)
      fault(
        'not committed',
        `${id} was delivered before the commit of its transaction ${message.unit.id} was asked for`,
      )
    if (damaged) fault('damaged', `${id} was delivered with another body than it was sent with`)
  }
  return faults
}

/** What was consumed for sure does not come again. */
function doubleFaults(reading: Reading): Fault[] {
  const faults: Fault[] = []
  for (const { id, deliveries, letters } of reading.messages.values()) {
    const done = deliveries.filter(({ in: unit }) => unit.outcome === 'done')
    if (done.length === 0) continue
    const [first, second] = done
    if (second)
      faults.push({
        rule: 'consumed twice',
        text: `${id} in ${first!.in.id} and ${second.in.id}`,
        id,
        index: second.index,
      })
    const again = deliveries.find(({ since }) => since > first!.in.outcomeIndex)
    if (again && again !== second)
      faults.push({
        rule: 'came again',
        text: `${id} was consumed in ${first!.in.id}, and came again`,
        id,
        index: again.index,
      })
    for (const { queue, cause, index } of letters)
      faults.push({
        rule: 'came again',
        text: `${id} was consumed in ${first!.in.id}, and is in ${queue}: ${cause}`,
        id,
        index,
      })
  }
  return faults
}

/** Nobody gets what somebody else holds. */
function heldByTwoFaults(reading: Reading): Fault[] {
  const faults: Fault[] = []
  for (const { deliveries } of reading.messages.values())
    for (const [place, late] of deliveries.entries()) {
      const holder = deliveries.slice(0, place).find((early) => isHeld(reading, early, late))
      if (holder)
        faults.push({
          rule: 'held by two',
          text: `${late.id} was delivered to ${late.consumer} while ${holder.consumer} had it in ${holder.in.id}`,
          id: late.id,
          index: late.index,
        })
    }
  return faults
}

const isHeld = (reading: Reading, { in: unit, by, since }: Handed, late: Handed): boolean =>
  since <= late.since && unit.outcomeIndex > late.index && !reading.endedBetween(by, since, late.since)

/** What a client gave back comes again with JMSRedelivered, as long as the broker lives that knows of it. */
function redeliveredFaults(reading: Reading): Fault[] {
  const faults: Fault[] = []
  for (const { deliveries } of reading.messages.values())
    for (const [place, late] of deliveries.entries()) {
      const early = deliveries[place - 1]
      if (late.redelivered || !early || !isUndoneBy(early, late.since)) continue
      if (reading.killedBetween(early.since, late.since)) continue
      const text = `${late.id} was rolled back in ${early.in.id}, and came again without JMSRedelivered`
      faults.push({ rule: 'not redelivered', text, id: late.id, index: late.index })
    }
  return faults
}

/** A transaction whose answer was lost took place as a whole or not at all. */
function halfFaults(reading: Reading): Fault[] {
  const faults: Fault[] = []
  for (const unit of reading.units.values()) {
    if (unit.outcome !== 'in doubt' || !unit.isTransaction) continue
    const signs = signsOf(unit)
    if (signs.took.length === 0 || signs.not.length === 0) continue
    const text = `${unit.id} took place (${signs.took.join(', ')}) and did not (${signs.not.join(', ')})`
    faults.push({ rule: 'half a transaction', text, id: signs.id, index: unit.deliveries[0]?.index ?? unit.endIndex })
  }
  return faults
}

/** Whether a transaction took place, by what was seen afterwards. */
function signsOf({ sends, deliveries }: Unit): { took: string[]; not: string[]; id: string } {
  const arrived = sends.filter((message) => message.deliveries.length + message.letters.length > 0)
  const missing = sends.filter((message) => !arrived.includes(message) && isLasting(message))
  const again = deliveries.filter((handed) => comesAgain(handed))
  // What does not come again when all is drained was taken away by the commit, or by time.
  const gone = deliveries.filter((handed) => !comesAgain(handed) && handed.message && isLasting(handed.message))
  return {
    took: [...arrived.map(({ id }) => `${id} arrived`), ...gone.map(({ id }) => `${id} is gone`)],
    not: [...missing.map(({ id }) => `${id} did not arrive`), ...again.map(({ id }) => `${id} came again`)],
    id: missing[0]?.id ?? again[0]?.id ?? '',
  }
}

const comesAgain = ({ message, index, in: unit }: Handed): boolean =>
  message === undefined ||
  message.letters.length > 0 ||
  message.deliveries.some((other) => other.since > index && other.in !== unit)

const isLasting = ({ facts }: SentMessage): boolean => facts['timeToLive'] === undefined

/**
 * A dead letter was consumed in doubt before: the client recognises what comes again to the connection that had it. Places
 * where messages expire have their own rule.
 */
export function letterFaults(reading: Reading): Fault[] {
  const faults: Fault[] = []
  for (const { id, facts, deliveries, letters } of reading.messages.values())
    for (const { index, queue, cause } of letters) {
      if (facts['timeToLive'] !== undefined || deliveries.some(isTaken)) continue
      faults.push({ rule: 'dead letter', text: `${id} is in ${queue}, and nobody had it: ${cause}`, id, index })
    }
  for (const { id, index, queue } of reading.strayLetters)
    faults.push({ rule: 'nobody sent it', text: `${id} is in ${queue}, and nobody sent it`, id, index })
  return faults
}

/**
 * What was confirmed has arrived: it was consumed, or it was given out last in what is in doubt. If that came again, it did
 * not take place.
 */
function lostFaults(reading: Reading, mayBeMissing: (message: SentMessage) => boolean = () => false): Fault[] {
  const faults: Fault[] = []
  for (const message of reading.messages.values()) {
    const { id, to, deliveries, letters } = message
    const last = deliveries.reduce<Handed | undefined>(
      (one, other) => (one && one.since > other.since ? one : other),
      undefined,
    )
    if (!isCertain(message) || letters.length > 0 || mayBeMissing(message)) continue
    if ((last && isTaken(last)) || deliveries.some(({ in: unit }) => unit.outcome === 'done')) continue
    const seen = last
      ? `delivered ${deliveries.length} times, at last in ${last.in.id}, which was rolled back`
      : 'never delivered'
    const text = `${id} to ${to} was confirmed, and ${seen}`
    faults.push({ rule: 'lost', text, id, index: last?.index ?? message.sendIndex })
  }
  return faults
}

export interface OrderOptions {
  /** Messages whose order among each other is promised. */
  readonly stream?: (message: SentMessage) => string
  /** Their place in it. */
  readonly before?: (one: SentMessage, other: SentMessage) => boolean
  /** Another consumer that goes away gives back what it was sent ahead: that comes later than what was behind it. */
  readonly shared: boolean
}

/** A consumer gets messages of a producer in the order in which they were sent. */
export function orderFaults(reading: Reading, options: OrderOptions): Fault[] {
  const { stream = ({ producer }) => producer, before = (one, other) => one.n < other.n, shared } = options
  const faults: Fault[] = []
  for (const consumer of reading.consumers.values()) {
    const streams = new Map<string, Handed[]>()
    for (const handed of consumer.deliveries) {
      const { message, index, id } = handed
      if (!message) continue
      const standing = streams.get(stream(message)) ?? []
      streams.set(stream(message), standing)
      while (standing.length > 0 && isUndoneBy(standing.at(-1)!, index)) standing.pop()
      const newest = standing.at(-1)
      if (newest && isFreshStart(reading, newest, index)) standing.length = 0
      else if (newest && before(message, newest.message!)) {
        if (!shared || !wasElsewhere(reading, handed)) {
          const text = `${consumer.id} got ${id} after ${newest.id}`
          faults.push({ rule: 'order', text, id, index })
        }
        continue
      }
      standing.push(handed)
    }
  }
  return faults
}

/** Between the two a broker was killed: what was not confirmed comes from the beginning again. */
const isFreshStart = (reading: Reading, { since, by }: Handed, at: number): boolean =>
  reading.killedBetween(since, at) || reading.lostBetween(by.connection, since, at)

/** Another consumer of this place, which went away meanwhile, may have been sent it before. */
function wasElsewhere(reading: Reading, { message, by, index }: Handed): boolean {
  const since = Math.max(message!.sendIndex, reading.lastKillBefore(index))
  for (const other of reading.consumers.values()) {
    if (other === by || other.from !== by.from || other.openIndex > index) continue
    if (other.closeIndex > since && other.closeIndex < index) return true
    if (reading.lostBetween(other.connection, since, index)) return true
  }
  return false
}

/** Nothing confirmed was passed over: for a place with one consumer at a time, whose deliveries have no gaps. */
export function gapFaults(reading: Reading): Fault[] {
  const faults: Fault[] = []
  const streams = new Map<string, SentMessage[]>()
  for (const message of reading.messages.values()) {
    if (!isCertain(message)) continue
    const list = streams.get(message.producer) ?? []
    streams.set(message.producer, list)
    list.push(message)
  }
  for (const list of streams.values()) {
    const ordered = [...list].sort((one, other) => one.n - other.n)
    // The first delivery of each, and the earliest of those behind it.
    let earliest: SentMessage | undefined
    for (const message of ordered.reverse()) {
      const first = firstIndex(message)
      if (earliest && firstIndex(earliest) < first) {
        const text = `${earliest.id} was delivered, and ${message.id}, which ${message.producer} had sent before it, was not yet`
        faults.push({ rule: 'gap', text, id: message.id, index: firstIndex(earliest) })
      } else if (first < Number.POSITIVE_INFINITY) earliest = message
    }
  }
  return faults
}

const firstIndex = ({ deliveries }: SentMessage): number => deliveries[0]?.index ?? Number.POSITIVE_INFINITY

/** For places where messages have one owner: what was consumed for sure is not followed by what was sent before it. */
export function consumedOrderFaults(reading: Reading, stream: (message: SentMessage) => string | undefined): Fault[] {
  const faults: Fault[] = []
  const seen = new Map<string, Handed[]>()
  for (const handed of reading.deliveries) {
    const { message, id, index, since } = handed
    const key = message && stream(message)
    if (key === undefined) continue
    const list = seen.get(key) ?? []
    seen.set(key, list)
    const later = list.find((other) => other.message!.n > message!.n && isDoneBy(other, since))
    if (later)
      faults.push({ rule: 'order', text: `${id} came after ${later.id}, of ${key}, had been consumed`, id, index })
    list.push(handed)
  }
  return faults
}
