// A compiled selector of one or many consumers. What it said of a message is kept until the next one is shown: consumers with
// the same text do not have it tested again.
import type { Message } from '../message/message.ts'
import type { SelectorTest } from '../selector/selector.ts'
import type { ShownMessage } from './shown-message.ts'

export class MessageSelector {
  readonly text: string
  readonly #test: SelectorTest
  readonly #shown: ShownMessage
  #number = 0
  #wanted = false

  constructor(text: string, test: SelectorTest, shown: ShownMessage) {
    this.text = text
    this.#test = test
    this.#shown = shown
  }

  /** `redeliveryCounter`: how often the message was delivered before. */
  matches(message: Message, redeliveryCounter: number): boolean {
    const shown = this.#shown
    shown.show(message, redeliveryCounter)
    if (this.#number !== shown.number) {
      this.#wanted = this.#test()
      this.#number = shown.number
    }
    return this.#wanted
  }
}
