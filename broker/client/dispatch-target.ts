import type { ConsumerControl, ConsumerInfo, MessageDispatch } from '../wire/openwire/commands.ts'

/** What a connection knows of whoever gets messages. */
export interface DispatchTarget {
  readonly info: ConsumerInfo
  dispatch(dispatch: MessageDispatch): void
  control(control: ConsumerControl): void
  /** The connection is lost. */
  interrupted(): void
  /** The end, without telling the broker. */
  dispose(): void
}
