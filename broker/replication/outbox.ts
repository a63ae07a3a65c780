// What a core wants done, gathered until the driver takes it; and what goes on when an operation is done. Operations are carried out in
// order, so that `done` of one says it of all before it.
import type { CoreEvent, DiskOperation, ReadRequest, Ready } from './core.ts'
import type { ReplicationMessage } from './message.ts'

type WithoutId<T> = T extends unknown ? Omit<T, 'id'> : never

export class Outbox {
  #operations: DiskOperation[] = []
  #messages: { to: string; message: ReplicationMessage }[] = []
  #reads: ReadRequest[] = []
  #events: CoreEvent[] = []
  readonly #awaited: { readonly id: number; readonly whenDone: () => void }[] = []
  #lastId = 0
  #doneId = 0

  operate(operation: WithoutId<DiskOperation>, whenDone: () => void): void {
    const id = ++this.#lastId
    this.#operations.push({ ...operation, id })
    this.#awaited.push({ id, whenDone })
  }

  /** Calls back when every operation so far is done; at once when they are. */
  whenDone(callback: () => void): void {
    if (this.#doneId === this.#lastId) callback()
    else this.#awaited.push({ id: this.#lastId, whenDone: callback })
  }

  done(id: number): void {
    this.#doneId = Math.max(this.#doneId, id)
    while (this.#awaited[0] && this.#awaited[0].id <= this.#doneId) this.#awaited.shift()!.whenDone()
  }

  send(to: string, message: ReplicationMessage): void {
    this.#messages.push({ to, message })
  }

  read(request: ReadRequest): void {
    this.#reads.push(request)
  }

  tell(event: CoreEvent): void {
    if (event.kind === 'changed' && this.#events.some(({ kind }) => kind === 'changed')) return
    this.#events.push(event)
  }

  take(): Ready {
    const ready = {
      operations: this.#operations,
      messages: this.#messages,
      reads: this.#reads,
      events: this.#events,
    }
    this.#operations = []
    this.#messages = []
    this.#reads = []
    this.#events = []
    return ready
  }
}
