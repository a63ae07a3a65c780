// What has to happen once earlier writes of the store are durable, in order. One queue and one callback for all, so that
// a message costs no closure.
import { Deque } from '../base/deque.ts'
import type { MessageStore } from '../store/message-store.ts'
import type { Done } from './region.ts'

export interface DurableAction {
  afterSync(): void
}

export class AfterSync {
  readonly #store: Pick<MessageStore, 'whenDurable'>
  readonly #waiting = new Deque<DurableAction | Done>()

  constructor(store: Pick<MessageStore, 'whenDurable'>) {
    this.#store = store
  }

  /** Runs `action` when everything written until now is durable; never, if the store fails before. */
  run(action: DurableAction | Done): void {
    this.#waiting.push(action)
    this.#store.whenDurable(this.#next)
  }

  readonly #next = (): void => {
    const action = this.#waiting.shift()!
    if (typeof action === 'function') action()
    else action.afterSync()
  }
}
