// Looks at the messages of a queue without taking them: the broker sends a snapshot and then a dispatch without message, as
// ActiveMQ's QueueBrowserSubscription does.
import { JmsError } from './jms-error.ts'
import type { ConsumerInfo, MessageDispatch } from '../wire/openwire/commands.ts'
import { buildRemoveInfo } from '../openwire/build-commands.ts'
import type { ConnectionContext } from './connection-context.ts'
import type { DispatchTarget } from './dispatch-target.ts'
import { ReceivedMessage } from './message.ts'

export class QueueBrowser implements DispatchTarget {
  readonly info: ConsumerInfo
  readonly #context: ConnectionContext
  readonly #pending: ReceivedMessage[] = []
  #ended = false
  #error: Error | null = null
  #wake: (() => void) | null = null

  constructor(info: ConsumerInfo, context: ConnectionContext) {
    this.info = info
    this.#context = context
  }

  /** The snapshot, to its end. Throws JmsError when the connection is lost on the way. */
  async *messages(): AsyncGenerator<ReceivedMessage, void, undefined> {
    try {
      for (;;) {
        const message = this.#pending.shift()
        if (message) yield message
        else if (this.#error) throw this.#error
        else if (this.#ended) return
        else
          await new Promise<void>((resolve) => {
            this.#wake = resolve
          })
      }
    } finally {
      if (!this.#error) await this.#context.post(buildRemoveInfo(this.info.consumerId, -1))
    }
  }

  dispatch({ message, redeliveryCounter }: MessageDispatch): void {
    if (message === null) this.#ended = true
    else this.#pending.push(new ReceivedMessage(message, redeliveryCounter, () => Promise.resolve()))
    this.#wake?.()
  }

  control(): void {}

  interrupted(): void {
    this.dispose()
  }

  dispose(): void {
    if (this.#ended) return
    this.#error = new JmsError('javax.jms.JMSException', 'Cannot browse further: the connection was lost or closed')
    this.#wake?.()
  }
}
