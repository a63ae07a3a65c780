// A temp store in memory, whose writes end when the test says so, and whose room the test decides about.
import type { AddedMessage, FoundMessage, QueueHolder, Sequence } from '../../broker/store/held-message.ts'
import type { TempMessages } from '../../broker/store/temp-store.ts'

export class TestTempStore implements TempMessages {
  /** Bytes of new messages that every holder has room for, besides those that are kept. */
  room = Number.POSITIVE_INFINITY
  /** When a write ends: at once, or with `finishWrites`. */
  writesAtOnce = true
  /** Called when somebody waits for a write. */
  onWhenWritten = (): void => {}
  readonly #kept = new Map<string, Map<Sequence, Buffer>>()
  readonly #writing: (AddedMessage & { readonly sequence: Sequence })[] = []
  #callbacks: (() => void)[] = []
  #onRoom = (): void => {}
  #limitBytes = Number.POSITIVE_INFINITY
  #usedBytes = 0

  /** Sequences of what is kept for a holder. */
  kept(name: string): Sequence[] {
    return [...(this.#kept.get(name)?.keys() ?? [])]
  }

  get messages(): number {
    let messages = this.#writing.length
    for (const { size } of this.#kept.values()) messages += size
    return messages
  }

  get isEmpty(): boolean {
    return this.messages === 0
  }

  setRoom(bytes: number): void {
    this.room = bytes
    this.#onRoom()
  }

  /** Has room for so many bytes in all, from now on. */
  limitTo(bytes: number): void {
    this.#limitBytes = bytes
  }

  finishWrites(): void {
    for (const { holder, bytes, sequence } of this.#writing.splice(0)) {
      const kept = this.#kept.get(holder.name) ?? new Map<Sequence, Buffer>()
      this.#kept.set(holder.name, kept.set(sequence, bytes))
    }
    const callbacks = this.#callbacks
    this.#callbacks = []
    for (const callback of callbacks) callback()
  }

  add(message: AddedMessage, sequence: Sequence): void {
    this.#usedBytes += message.bytes.length
    this.#writing.push({ ...message, sequence })
  }

  whenWritten(callback: () => void): void {
    this.#callbacks.push(callback)
    if (this.writesAtOnce) queueMicrotask(() => this.finishWrites())
    this.onWhenWritten()
  }

  remove(holder: QueueHolder, sequence: Sequence): void {
    const bytes = this.#kept.get(holder.name)?.get(sequence)
    if (!bytes) return
    this.#kept.get(holder.name)!.delete(sequence)
    this.#usedBytes -= bytes.length
  }

  removeHolder(holder: QueueHolder): void {
    for (const bytes of this.#kept.get(holder.name)?.values() ?? []) this.#usedBytes -= bytes.length
    this.#kept.delete(holder.name)
  }

  hasRoom(_holder: QueueHolder, bytes: number): boolean {
    return bytes <= this.room && this.#usedBytes + bytes <= this.#limitBytes
  }

  whenRoom(callback: () => void): void {
    this.#onRoom = callback
  }

  async read(
    { name }: QueueHolder,
    after: Sequence,
    upTo: Sequence,
    maxMessages: number,
    maxBytes: number,
  ): Promise<readonly FoundMessage[]> {
    const found: FoundMessage[] = []
    let total = 0
    for (const [sequence, bytes] of this.#kept.get(name) ?? []) {
      if (sequence <= after || sequence > upTo || found.length >= maxMessages) continue
      if (found.length > 0 && total + bytes.length > maxBytes) break
      found.push({ sequence, bytes })
      total += bytes.length
    }
    return found
  }
}
