// Persistent messages that came over bridges of other brokers. A bridge that starts anew sends again what it got no answer for: what
// is here already is told by its message id, and is answered and dropped.
//
// Not a message that has left this broker over a bridge since, and comes back: that one is here no more. And not one that
// comes twice over one connection: nobody sends it again there, so it is meant.
//
// The store tells the last of them to the next active (RecoveredState), so that they are known after a crash and a takeover, too.
import { destinationKey, isQueue, type Destination } from '../message/destination.ts'
import { messageIdText, type Message, type MessageIdentity } from '../message/message.ts'
import type { RecoveredArrival, Sequence } from '../store/message-store.ts'
import { destinationOfHolder } from '../store/priority-holder.ts'
import { networkLimits } from './limits.ts'

export interface NetworkArrival {
  /** What it came over; '' when that was before this broker was the active. */
  readonly connectionId: string
  readonly sequence: Sequence
}

export class NetworkArrivals {
  readonly #isConnected: (connectionId: string) => boolean
  readonly #generation: number
  /** By message id and destination: the newer ones, and those before them. */
  #newer = new Map<string, NetworkArrival>()
  #older = new Map<string, NetworkArrival>()

  /** `isConnected`: of a connection's id. */
  constructor(isConnected: (connectionId: string) => boolean, remembered: number = networkLimits.rememberedArrivals) {
    this.#isConnected = isConnected
    this.#generation = Math.ceil(remembered / 2)
  }

  recover(arrivals: readonly RecoveredArrival[]): void {
    for (const { holder, sequence, ...id } of arrivals)
      this.#put(keyOf(id, { kind: holder.kind, name: destinationOfHolder(holder.name) }), {
        connectionId: '',
        sequence,
      })
  }

  /** What a message repeats that is at this destination already, or has been consumed there. */
  find(connectionId: string, message: Message, destination: Destination): NetworkArrival | undefined {
    if (this.#newer.size + this.#older.size === 0 || !canRepeat(message)) return undefined
    const key = keyOf(message, destination)
    const known = this.#newer.get(key) ?? this.#older.get(key)
    return known?.connectionId === connectionId ? undefined : known
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

  /** A message is stored under this sequence. */
  note(connectionId: string, message: Message, destination: Destination, sequence: Sequence): void {
    if (canRepeat(message)) this.#put(keyOf(message, destination), { connectionId, sequence })
  }

  /** A bridge was given a message. Those of topics stay with the other subscribers. */
  left(message: Message, destination: Destination): void {
    if (this.#newer.size + this.#older.size === 0 || !isQueue(destination) || !message.hasBrokerPath) return
    const key = keyOf(message, destination)
    this.#newer.delete(key)
    this.#older.delete(key)
  }

  #put(key: string, arrival: NetworkArrival): void {
    if (this.#newer.size >= this.#generation) {
      this.#older = this.#newer
      this.#newer = new Map()
    }
    this.#newer.set(key, arrival)
  }
}

/** Without a path nobody could tell later that it had come over a bridge. */
export const canRepeat = ({ hasBrokerPath, producerId }: Message): boolean =>
  hasBrokerPath && producerId !== '' && producerId.length <= networkLimits.arrivalIdCharacters

/** Composites and virtual topics send one message to several destinations, and bridges do so one by one. */
const keyOf = (message: MessageIdentity, destination: Destination): string =>
  `${messageIdText(message)} ${destinationKey(destination)}`
