// What is promised of durable subscriptions that come and go. Each subscription begins a life when it is made, also when it is
// made anew with another selector, and ends with the next one or with unsubscribe. A life is a place of its own, and gets
//
//   surely   what its selector wants, and was published wholly within it
//   perhaps  what was published while it began or ended
//   never    what was published before it, and what its selector does not want
//
// so that each life is checked as a queue is, with a copy of each message. Pure.
import type { Event, Fault, Happening, Send } from './history.ts'
import { Reading, type SentMessage } from './reading.ts'
import { drainedFaults, forbiddenFaults, gapFaults, letterFaults, orderFaults, placeFaults } from './rules.ts'
import { selectors, unwantedFaults } from './selectors.ts'

interface Life {
  readonly name: string
  readonly wants: string
  readonly subscribe: number
  subscribed: number
  unsubscribe: number
}

const never = Number.POSITIVE_INFINITY

export function checkDurable(events: readonly Event[]): Fault[] {
  const all = new Reading(events)
  const faults = [...forbiddenFaults(all), ...letterFaults(all)]
  for (const [life, terms] of livesOf(events)) {
    const reading = new Reading(eventsOf(life, terms, events, all))
    const isOver = terms.unsubscribe < never
    faults.push(
      ...placeFaults(reading).map((fault) => explained(fault, terms, all)),
      ...unwantedFaults(reading),
      ...orderFaults(reading, { shared: false }),
      ...gapFaults(reading),
      ...(isOver ? [] : drainedFaults(reading)),
    )
  }
  return faults
}

function livesOf(events: readonly Event[]): Map<string, Life> {
  const lives = new Map<string, Life>()
  for (const event of events)
    if (event.what === 'subscribe')
      lives.set(event.life, {
        name: event.name,
        wants: event.wants,
        subscribe: event.index,
        subscribed: never,
        unsubscribe: never,
      })
    else if (event.what === 'subscribed') lives.get(event.life)!.subscribed = event.index
    else if (event.what === 'unsubscribe') lives.get(event.life)!.unsubscribe = event.index
  return lives
}

/** The events as if the life were a queue: sends that it may get, its consumers, and what became of them. */
function eventsOf(life: string, terms: Life, events: readonly Event[], all: Reading): Event[] {
  const consumers = new Set<string>()
  const units = new Set<string>()
  const sends = new Set<string>()
  return events.flatMap((event): Event[] => {
    if (event.what === 'kill' || event.what === 'lost' || event.what === 'found') return [event]
    if (event.what === 'send') {
      const copy = copyOf(event, life, terms, all)
      if (!copy) return []
      sends.add(event.id)
      if (copy.unit !== undefined) units.add(copy.unit)
      return [{ ...copy, index: event.index }]
    }
    if (event.what === 'sent') return sends.has(event.id) && isSure(all.messages.get(event.id)!, terms) ? [event] : []
    if (event.what === 'open') {
      if (event.from !== life) return []
      consumers.add(event.consumer)
      return [event]
    }
    if (event.what === 'close') return consumers.has(event.consumer) ? [event] : []
    if (event.what === 'deliver') {
      if (!consumers.has(event.consumer)) return []
      units.add(event.unit)
      return [event]
    }
    // A dead letter does not say whose it was.
    return (event.what === 'end' || event.what === 'outcome') && units.has(event.unit) ? [event] : []
  })
}

/** Null: the life must not get it. Without unit and answer: it may. */
function copyOf(send: Send, life: string, terms: Life, all: Reading): (Happening & Send) | null {
  const message = all.messages.get(send.id)!
  if (!selectors[terms.wants]!.wants(message.facts) || publishedBy(message) < terms.subscribe) return null
  const { unit, ...rest } = send
  const keepsUnit =
    unit !== undefined &&
    (message.unit!.outcome === 'undone' || message.unit!.sends.every((one) => isWithin(one, terms)))
  return keepsUnit ? { ...rest, unit, to: life } : { ...rest, to: life }
}

/** From the send, or the first of its transaction, to the answer. */
const isWithin = (message: SentMessage, terms: Life): boolean =>
  message.sendIndex > terms.subscribed && publishedBy(message) < terms.unsubscribe

const isSure = (message: SentMessage, terms: Life): boolean => message.unit === undefined && isWithin(message, terms)

/** When the answer came; never for what is in doubt. */
const publishedBy = ({ unit, sentIndex }: SentMessage): number => (unit ? unit.outcomeIndex : sentIndex)

/** Why a life must not have got what it got. */
function explained(fault: Fault, { subscribe, wants, name }: Life, all: Reading): Fault {
  const message = fault.id === undefined ? undefined : all.messages.get(fault.id)
  if (fault.rule !== 'nobody sent it' || !message) return fault
  if (!selectors[wants]!.wants(message.facts))
    return {
      ...fault,
      rule: 'unwanted',
      text: `${name} wants ${wants}, and got ${message.id} with ${JSON.stringify(message.facts)}`,
    }
  const text = `${name} got ${message.id}, which had been published before it subscribed (${subscribe})`
  return { ...fault, rule: 'not subscribed', text }
}
