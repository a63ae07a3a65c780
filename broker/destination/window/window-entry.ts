// What a window needs of the entries that wait in it.
import type { Message } from '../../message/message.ts'
import type { Sequence } from '../../store/held-message.ts'

export interface WindowEntry {
  readonly sequence: Sequence
  /** Milliseconds since the epoch; 0 = never. */
  readonly expiration: number
  /** How often it was delivered and came back. */
  readonly redeliveryCounter: number
  /** True when its body can be read again. */
  readonly readable: boolean
  /** null while the body is only where it can be read. */
  readonly message: Message | null
  /** Puts a body back that was read. */
  restore(message: Message): void
  /** Lets the body go and gives its memory back. */
  release(): void
}
