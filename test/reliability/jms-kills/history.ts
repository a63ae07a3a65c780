// What clients saw, in the order in which they saw it: one history for each actor of a run with SIGKILLs. All clients live in
// one process, so that the order is exact. Pure data; what must not be in it is said by rules.ts and the checks of the actors.
//
// A unit is what takes place as a whole or not at all: a local transaction, or an acknowledgement of some messages. Its outcome
// is `done` (confirmed), `undone` (rolled back, for sure), or `in doubt`: the answer was lost with the broker.

export type Outcome = 'done' | 'undone' | 'in doubt'

/** What selectors, groups, priorities and expiry go by. */
export type Facts = Readonly<Record<string, string | number>>

export interface Send {
  readonly what: 'send'
  readonly id: string
  readonly to: string
  readonly producer: string
  /** Grows by one with each message of the producer. */
  readonly n: number
  /** Its transaction; without one the answer to the send counts (`sent`). */
  readonly unit?: string
  readonly facts: Facts
}

export interface Delivery {
  readonly what: 'deliver'
  readonly consumer: string
  readonly id: string
  readonly unit: string
  readonly redelivered: boolean
  /** The body was not what had been sent. */
  readonly damaged?: boolean
  /** Milliseconds since 1970. */
  readonly atMs: number
  /** JMSExpiration; 0 never. */
  readonly expiration: number
  /** JMSXGroupFirstForConsumer. */
  readonly first?: boolean
}

export interface Letter {
  readonly what: 'letter'
  readonly id: string
  /** The dead letter queue that it was found in. */
  readonly queue: string
  readonly cause: string
}

export interface Open {
  readonly what: 'open'
  readonly consumer: string
  readonly connection: string
  /** A queue, or one life of a durable subscription. */
  readonly from: string
  /** The name of its selector. */
  readonly wants?: string
  /** How long after a message has expired it may still be handed out. */
  readonly lateMs?: number
}

export type Happening =
  | { readonly what: 'kill'; readonly member: string }
  /** A member may step down from now on, at a moment that clients see one after the other; until there is calm again. */
  | { readonly what: 'trouble' }
  | { readonly what: 'calm' }
  | { readonly what: 'lost'; readonly connection: string }
  /** Connected again. */
  | { readonly what: 'found'; readonly connection: string }
  | Send
  | { readonly what: 'sent'; readonly id: string }
  | Open
  | { readonly what: 'close'; readonly consumer: string }
  | Delivery
  /** Commit or acknowledgement begin. */
  | { readonly what: 'end'; readonly unit: string }
  | {
      readonly what: 'outcome'
      readonly unit: string
      readonly by: 'transaction' | 'acknowledgement'
      readonly outcome: Outcome
    }
  | Letter
  /** Each time that a subscription is made it begins a life, also with another selector. `life` is the place of its messages. */
  | { readonly what: 'subscribe'; readonly life: string; readonly name: string; readonly wants: string }
  | { readonly what: 'subscribed'; readonly life: string }
  /** Asked for; nothing of what is sent from now on is promised. */
  | { readonly what: 'unsubscribe'; readonly life: string }
  | { readonly what: 'unsubscribed'; readonly life: string }
  /** What JMS forbids, and the broker permitted. */
  | { readonly what: 'wrong'; readonly text: string }

export type Event = Happening & { readonly index: number }

export class History {
  readonly events: Event[] = []
  /** How many units are done, and sends answered. */
  progress = 0
  /** Sent and not consumed, as far as it is known: what is in doubt is not waited for. */
  readonly #waiting = new Set<string>()
  readonly #units = new Map<string, { readonly sends: string[]; readonly deliveries: string[] }>()

  add(happening: Happening): void {
    this.events.push({ index: this.events.length, ...happening })
    if (happening.what === 'send') {
      // What expires is gone without anybody's doing.
      if (happening.facts['timeToLive'] === undefined) this.#waiting.add(happening.id)
      if (happening.unit !== undefined) this.#unit(happening.unit).sends.push(happening.id)
    } else if (happening.what === 'deliver') this.#unit(happening.unit).deliveries.push(happening.id)
    else if (happening.what === 'outcome') this.#settle(happening.unit, happening.outcome)
    else if (happening.what === 'sent') this.progress++
  }

  /** How many messages are on their way, so that a load can wait for its consumers. */
  get waiting(): number {
    return this.#waiting.size
  }

  #settle(unit: string, outcome: Outcome): void {
    const { sends, deliveries } = this.#unit(unit)
    this.#units.delete(unit)
    if (outcome !== 'done') for (const id of sends) this.#waiting.delete(id)
    if (outcome !== 'undone') for (const id of deliveries) this.#waiting.delete(id)
    if (outcome === 'done') this.progress++
  }

  #unit(unit: string): { readonly sends: string[]; readonly deliveries: string[] } {
    let found = this.#units.get(unit)
    if (!found) this.#units.set(unit, (found = { sends: [], deliveries: [] }))
    return found
  }
}

/** Something that must not be. */
export interface Fault {
  readonly rule: string
  readonly text: string
  readonly id?: string
  /** Of the event that shows it. */
  readonly index: number
}

const around = 12

/** The fault, what the clients saw of its message, and what happened around it. */
export function describeFault(fault: Fault, events: readonly Event[]): string {
  const shown = new Set<number>()
  const units = new Set<string>()
  for (const event of events)
    if ('id' in event && event.id === fault.id) {
      shown.add(event.index)
      if ('unit' in event && event.unit !== undefined) units.add(event.unit)
    }
  for (const event of events)
    if ((event.what === 'end' || event.what === 'outcome') && units.has(event.unit)) shown.add(event.index)
  for (let index = fault.index - around; index <= fault.index + around; index++) shown.add(index)
  const lines = [...shown]
    .filter((index) => events[index] !== undefined)
    .sort((a, b) => a - b)
    .map((index) => `    ${index === fault.index ? '>' : ' '} ${textOf(events[index]!)}`)
  return [`${fault.rule}: ${fault.text}`, ...lines].join('\n')
}

function textOf({ index, what, ...rest }: Event): string {
  const fields = Object.entries(rest).map(
    ([name, value]) => `${name}=${typeof value === 'object' ? JSON.stringify(value) : String(value)}`,
  )
  return `${index} ${what} ${fields.join(' ')}`
}
