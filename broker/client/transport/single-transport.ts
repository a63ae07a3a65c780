// A connection to one broker that ends when its socket does: plain tcp:// URLs.
import { errorMessage, isError } from '../../base/errors.ts'
import type { Command } from '../../wire/openwire/commands.ts'
import type { Channel, Dial, Transport, TransportListener } from './channel.ts'
import type { Endpoint } from './parse-broker-url.ts'
import { TransportError } from './transport-error.ts'

export class SingleTransport implements Transport {
  readonly faultTolerant = false
  readonly #endpoint: Endpoint
  readonly #dial: Dial
  #channel: Channel | null = null

  constructor(endpoint: Endpoint, dial: Dial) {
    this.#endpoint = endpoint
    this.#dial = dial
  }

  connect(listener: TransportListener): Promise<void> {
    return new Promise((resolve, reject) => {
      let connected = false
      const channel = this.#dial(this.#endpoint, {
        connected: () => {
          connected = true
          this.#channel = channel
          resolve()
        },
        command: (command) => listener.command(command),
        failed: (error) => {
          this.#channel = null
          if (connected) listener.failed(error)
          else reject(error)
        },
      })
    })
  }

  send(command: Command): Promise<void> {
    const channel = this.#channel
    if (!channel) return Promise.reject(new TransportError(`Cannot send ${command.kind}: the connection is closed`))
    try {
      channel.send(command)
    } catch (error) {
      return Promise.reject(isError(error) ? error : new TransportError(errorMessage(error)))
    }
    return channel.drained() ?? Promise.resolve()
  }

  close(): void {
    this.#channel?.close()
    this.#channel = null
  }
}
