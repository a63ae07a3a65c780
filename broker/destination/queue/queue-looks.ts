// How a queue shares out while some of its consumers do not want every message, or messages are of groups: by looks through its
// windows. Queues where nobody looks have none of it.
import { MessageGroups } from './message-groups.ts'
import type { QueueDispatch } from './queue-dispatch.ts'
import { QueueLookers, type QueueActions } from './queue-lookers.ts'
import type { QueueWindow } from './queue-window.ts'

export class QueueLooks {
  readonly lookers: QueueLookers
  readonly groups: MessageGroups
  readonly #consumers: QueueDispatch
  readonly #window: QueueWindow

  /** `inOrder`: the window does not go by priority. */
  constructor(consumers: QueueDispatch, window: QueueWindow, inOrder: boolean, actions: QueueActions) {
    consumers.grouped = true
    this.#consumers = consumers
    this.#window = window
    this.groups = new MessageGroups(consumers, inOrder)
    this.lookers = new QueueLookers(consumers, this.groups, actions)
  }

  run(): void {
    do {
      this.groups.lookAgain = false
      this.#window.look(this.lookers)
    } while (this.groups.lookAgain)
  }

  /** False when everybody takes everything, and no group has an owner. */
  get isNeeded(): boolean {
    if (this.#consumers.selective || this.groups.size > 0) return true
    // What waits may have come over bridges, and not be for others.
    return this.#consumers.bridged && this.#window.size > 0
  }

  /** Messages that all who are there have looked at, and nobody took. */
  get passedOver(): number {
    return this.#window.passedOver([...this.#consumers.reached()])
  }

  end(): void {
    this.#consumers.grouped = false
    this.#window.endLook()
  }
}
