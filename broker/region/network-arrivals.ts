// Persistent messages that came over bridges of other brokers. A bridge that starts anew sends again what it got no answer for: what
// is here already is told by its message id, and is answered and dropped.
//
// Not a message that has left this broker over a bridge since, and comes back: that one is here no more. And not one that
// comes twice over one connection: nobody sends it again there, so it is meant.
//
// It also tells when such a message was answered, before which some brokers must not get it back (NetworkTerms.returnGraceMs).
//
// The store tells the last of them to the next active (RecoveredState), so that they are known after a crash and a takeover, too.
import type { Clock } from '../base/clock.ts'
import { destinationKey, isQueue, type Destination } from '../message/destination.ts'
import { messageIdText, type Message, type MessageIdentity } from '../message/message.ts'
import type { RecoveredArrival, Sequence } from '../store/message-store.ts'
import { destinationOfHolder } from '../store/priority-holder.ts'
import { networkLimits } from './limits.ts'
import type { Done } from './region.ts'

export interface NetworkArrival {
  /** What it came over; '' when that was before this broker was the active. */
  readonly connectionId: string
  readonly sequence: Sequence
}

interface Arrival extends NetworkArrival {
  /** A bridge has been given it since. */
  left: boolean
  /** How many times it came and is to be answered yet; and when it was answered last. */
  unanswered: number
  answeredMs: number
}

export class NetworkArrivals {
  readonly #isConnected: (connectionId: string) => boolean
  readonly #clock: Pick<Clock, 'nowMs'>
  readonly #generation: number
  /** By message id and destination: the newer ones, and those before them. */
  #newer = new Map<string, Arrival>()
  #older = new Map<string, Arrival>()

  /** `isConnected`: of a connection's id. */
  constructor(
    isConnected: (connectionId: string) => boolean,
    clock: Pick<Clock, 'nowMs'>,
    remembered: number = networkLimits.rememberedArrivals,
  ) {
    this.#isConnected = isConnected
    this.#clock = clock
    this.#generation = Math.ceil(remembered / 2)
  }

  recover(arrivals: readonly RecoveredArrival[]): void {
    for (const { holder, sequence, ...id } of arrivals)
      this.#put(keyOf(id, { kind: holder.kind, name: destinationOfHolder(holder.name) }), arrivalOf('', sequence))
  }

  /** What a message repeats that is at this destination already, or has been consumed there. */
  find(connectionId: string, message: Message, destination: Destination): NetworkArrival | undefined {
    if (this.#newer.size + this.#older.size === 0 || !canRepeat(message)) return undefined
    const known = this.#known(keyOf(message, destination))
    return !known || known.left || known.connectionId === connectionId ? undefined : known
  }

  /** Whether the broker that it came from waits for its answer, if it was not answered yet. */
  isAwaited({ connectionId }: NetworkArrival): boolean {
    return this.#isConnected(connectionId)
  }

  /** Of these messages those that came from brokers which are connected. */
  fromConnected(sequences: ReadonlySet<Sequence>): ReadonlySet<Sequence> {
    const found = new Set<Sequence>()
    if (sequences.size === 0) return found
    for (const arrivals of [this.#older, this.#newer])
      for (const { connectionId, sequence } of arrivals.values())
        if (sequences.has(sequence) && this.#isConnected(connectionId)) found.add(sequence)
    return found
  }

  /** A message is stored under this sequence. Returns what is to be called in place of `done` when it is answered. */
  note(connectionId: string, message: Message, destination: Destination, sequence: Sequence, done: Done): Done {
    if (!canRepeat(message)) return done
    const arrival = arrivalOf(connectionId, sequence)
    this.#put(keyOf(message, destination), arrival)
    return this.#answering(arrival, done)
  }

  /** The same when it came once more, and was found. */
  noteRepeated(message: Message, destination: Destination, done: Done): Done {
    const known = this.#known(keyOf(message, destination))
    return known ? this.#answering(known, done) : done
  }

  /** When a message that is here was answered to the broker that it came from: infinity while it is to be; 0 if nobody knows. */
  answeredMs(message: Message, destination: Destination): number {
    const known = this.#known(keyOf(message, destination))
    if (!known) return 0
    return known.unanswered > 0 && this.isAwaited(known) ? Number.POSITIVE_INFINITY : known.answeredMs
  }

  /** A bridge was given a message. Those of topics stay with the other subscribers. */
  left(message: Message, destination: Destination): void {
    if (this.#newer.size + this.#older.size === 0 || !isQueue(destination) || !message.hasBrokerPath) return
    const known = this.#known(keyOf(message, destination))
    if (known) known.left = true
  }

  #known(key: string): Arrival | undefined {
    return this.#newer.get(key) ?? this.#older.get(key)
  }

  #answering(arrival: Arrival, done: Done): Done {
    arrival.unanswered++
    return (refusal) => {
      arrival.unanswered--
      arrival.answeredMs = this.#clock.nowMs()
      done(refusal)
    }
  }

  #put(key: string, arrival: Arrival): void {
    if (this.#newer.size >= this.#generation) {
      this.#older = this.#newer
      this.#newer = new Map()
    }
    this.#newer.set(key, arrival)
  }
}

const arrivalOf = (connectionId: string, sequence: Sequence): Arrival => ({
  connectionId,
  sequence,
  left: false,
  unanswered: 0,
  answeredMs: 0,
})

/** Without a path nobody could tell later that it had come over a bridge. */
export const canRepeat = ({ hasBrokerPath, producerId }: Message): boolean =>
  hasBrokerPath && producerId !== '' && producerId.length <= networkLimits.arrivalIdCharacters

/** Composites and virtual topics send one message to several destinations, and bridges do so one by one. */
const keyOf = (message: MessageIdentity, destination: Destination): string =>
  `${messageIdText(message)} ${destinationKey(destination)}`
