// Looks at the messages of a queue without taking them: the broker sends a snapshot and then a dispatch without message, as
// ActiveMQ's QueueBrowserSubscription does. What was handed out is acknowledged: to the broker that means only that there is room
// for more, so that no more than a prefetch of them is here, however many there are.
import { isError } from '../base/errors.ts'
import { JmsError } from './jms-error.ts'
import type { ConsumerControl, ConsumerInfo, MessageDispatch, MessageId } from '../wire/openwire/commands.ts'
import { acknowledgementTypes } from '../openwire/acknowledgement-types.ts'
import { buildAcknowledgement, buildRemoveInfo } from '../openwire/build-commands.ts'
import type { ConnectionContext } from './connection-context.ts'
import type { DispatchTarget } from './dispatch-target.ts'
import { deliveredShare } from './limits.ts'
import { ReceivedMessage } from './message.ts'

interface Seen {
  readonly message: ReceivedMessage
  readonly id: MessageId | null
  readonly destination: MessageDispatch['destination']
}

export class QueueBrowser implements DispatchTarget {
  readonly info: ConsumerInfo
  readonly #context: ConnectionContext
  readonly #pending: Seen[] = []
  #prefetch: number
  /** The first of those that were handed out and not acknowledged. */
  #firstSeen: Seen | null = null
  #seen = 0
  #ended = false
  #error: Error | null = null
  #disposed = false
  #wake: (() => void) | null = null

  constructor(info: ConsumerInfo, context: ConnectionContext) {
    this.info = info
    this.#context = context
    this.#prefetch = info.prefetchSize
  }

  /** The snapshot, to its end. Throws JmsError when the connection is lost on the way. */
  async *messages(): AsyncGenerator<ReceivedMessage, void, undefined> {
    try {
      for (;;) {
        const next = this.#pending.shift()
        if (next) {
          yield next.message
          this.#acknowledge(next)
        } else if (this.#error) throw this.#error
        else if (this.#ended) return
        else
          await new Promise<void>((resolve) => {
            this.#wake = resolve
          })
      }
    } finally {
      await this.#close()
    }
  }

  dispatch({ message, destination, redeliveryCounter }: MessageDispatch): void {
    // What comes over another connection would begin anew.
    if (this.#error) return
    if (message === null) this.#ended = true
    else {
      const received = new ReceivedMessage(message, redeliveryCounter, () => Promise.resolve())
      this.#pending.push({ message: received, id: message.messageId, destination })
    }
    this.#wake?.()
  }

  control({ prefetch }: ConsumerControl): void {
    this.#prefetch = prefetch
  }

  interrupted(): void {
    if (this.#ended) return
    this.#error = new JmsError('javax.jms.JMSException', 'Cannot browse further: the connection was lost or closed')
    this.#wake?.()
  }

  dispose(): void {
    this.#disposed = true
    this.interrupted()
  }

  /** The next broker is not to have it, but nobody waits for that one. */
  async #close(): Promise<void> {
    if (this.#disposed) return
    const posting = this.#context.post(buildRemoveInfo(this.info.consumerId, -1))
    if (!this.#error) return posting
    posting.catch(() => {})
  }

  /** In bulk, when half of what the broker sends ahead was handed out. */
  #acknowledge(last: Seen): void {
    const first = (this.#firstSeen ??= last)
    const count = ++this.#seen
    if (this.#ended || this.#error || count < this.#prefetch * deliveredShare) return
    this.#firstSeen = null
    this.#seen = 0
    const acknowledgement = buildAcknowledgement({
      type: acknowledgementTypes.standard,
      consumerId: this.info.consumerId!,
      destination: last.destination,
      transactionId: null,
      first: first.id,
      last: last.id,
      count,
    })
    this.#context.post(acknowledgement).catch((error: unknown) => isError(error) && this.#context.report(error))
  }
}
