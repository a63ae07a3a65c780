// The first exchange of a connection: our WireFormatInfo goes out at once, the peer's has to come in time, and what both can do
// is the format of everything after it (as OpenWireFormat.renegotiateWireFormat of ActiveMQ).
import type { Clock, Timer } from '../../base/clock.ts'
import type { WireFormatInfo } from '../../wire/openwire/commands.ts'
import {
  negotiate,
  preferredWireFormatInfo,
  type WireFormat,
  type WireFormatOptions,
} from '../../wire/openwire/wire-format.ts'
import { wireFormatTimeoutMs } from './limits.ts'

export class Negotiation {
  /** Our WireFormatInfo. */
  readonly offer: WireFormatInfo
  readonly #clock: Clock
  #timer: Timer | undefined

  constructor(clock: Clock, options: WireFormatOptions) {
    this.#clock = clock
    this.offer = preferredWireFormatInfo(options)
  }

  /** Waits for the peer's; `tooLate` when it has not come. */
  start(tooLate: (reason: string, limit: string) => void): void {
    this.#timer = this.#clock.after(wireFormatTimeoutMs, () =>
      tooLate(`no WireFormatInfo arrived in ${wireFormatTimeoutMs} ms`, 'wireFormatTimeoutMs'),
    )
  }

  accept(theirs: WireFormatInfo): WireFormat {
    this.close()
    return negotiate(this.offer, theirs)
  }

  close(): void {
    this.#timer?.cancel()
  }
}
