// ActiveMQ's MulticastDiscoveryAgent: brokers tell a multicast group of their transport connectors, each interval and at once when they
// hear of a new one, and whoever listens knows them as long as they do so. A state machine: datagrams and time in, datagrams and
// `found` and `lost` out; the socket is made by multicast-socket.ts. How often a broker that was found is dialled is up to its
// supervisor.
import type { Clock, Timer } from '../../base/clock.ts'
import { errorMessage } from '../../base/errors.ts'
import type { Logger } from '../../base/logger.ts'
import { parseEndpoint } from '../../client/transport/parse-broker-url.ts'
import type { BridgeTarget, DiscoveryUri } from '../discovery-uri.ts'
import type { DiscoveryAgent, DiscoveryListener } from './discovery-agent.ts'
import { maxServices, minAnnouncementGapMs, missedIntervals, rejoinDelayMs } from './limits.ts'
import { decodeAnnouncement, encodeAnnouncement } from './multicast-datagram.ts'

export type MulticastUri = Extract<DiscoveryUri, { kind: 'multicast' }>

export interface MulticastSocket {
  /** To the group. What cannot be sent is lost, as datagrams may be. */
  send(datagram: Buffer): void
  /** Sends what was given before. The listener hears no more. */
  close(): void
}

export interface MulticastListener {
  /** The group is joined. */
  opened(): void
  received(datagram: Uint8Array): void
  /** Once; it is closed. */
  failed(error: Error): void
}

export type OpenMulticastSocket = (uri: MulticastUri, listener: MulticastListener) => MulticastSocket

export interface MulticastAgentParts {
  readonly uri: MulticastUri
  /** URLs of this broker: nobody dials himself. Asked each time, because a port may be known only when it is open. */
  readonly ownServices: () => readonly string[]
  /** They are told to others. */
  readonly announces: boolean
  readonly openSocket: OpenMulticastSocket
  readonly clock: Clock
  readonly logger: Logger
}

interface Service {
  readonly target: BridgeTarget
  heardMs: number
}

export class MulticastAgent implements DiscoveryAgent {
  readonly #parts: MulticastAgentParts
  readonly #logger: Logger
  readonly #services = new Map<string, Service>()
  #listener: DiscoveryListener | null = null
  #socket: MulticastSocket | null = null
  #timer: Timer | null = null
  #announcedMs = Number.NEGATIVE_INFINITY
  #isOpen = false
  /** Each is told once until something else happens. */
  #toldFull = false
  #toldFailure: string | null = null

  constructor(parts: MulticastAgentParts) {
    this.#parts = parts
    const { address, port, group } = parts.uri
    this.#logger = parts.logger.child({ address, port, group })
  }

  start(listener: DiscoveryListener): void {
    this.#listener = listener
    this.#join()
  }

  stop(): void {
    if (this.#isOpen) this.#announce(false)
    this.#listener = null
    this.#leave()
    this.#services.clear()
    this.#toldFull = false
  }

  #join(): void {
    const { openSocket, uri } = this.#parts
    const isCurrent = (): boolean => this.#socket === socket
    const socket = openSocket(uri, {
      opened: () => {
        if (isCurrent()) this.#opened()
      },
      received: (datagram) => {
        if (isCurrent()) this.#received(datagram)
      },
      failed: (error) => {
        if (isCurrent()) this.#failed(error)
      },
    })
    this.#socket = socket
  }

  #opened(): void {
    this.#isOpen = true
    this.#toldFailure = null
    this.#beat()
  }

  /** Those that were found stay as long as anybody may hear of them again. */
  #failed(error: Error): void {
    const reason = errorMessage(error)
    this.#logger[reason === this.#toldFailure ? 'debug' : 'warn']('Cannot take part in multicast discovery', { reason })
    this.#toldFailure = reason
    this.#socket = null
    this.#leave()
    this.#timer = this.#parts.clock.after(rejoinDelayMs, () => this.#join())
  }

  #leave(): void {
    this.#isOpen = false
    this.#timer?.cancel()
    this.#timer = null
    this.#socket?.close()
    this.#socket = null
  }

  #beat(): void {
    const { clock, uri } = this.#parts
    this.#announce(true)
    this.#forgetSilent()
    this.#timer = clock.after(uri.keepAliveIntervalMs, () => this.#beat())
  }

  #announce(alive: boolean): void {
    const { announces, ownServices, uri, clock } = this.#parts
    if (!announces) return
    this.#announcedMs = clock.monotonicMs()
    for (const service of ownServices()) this.#socket?.send(encodeAnnouncement(uri.group, { alive, service }))
  }

  #forgetSilent(): void {
    const { clock, uri } = this.#parts
    const deadBeforeMs = clock.monotonicMs() - uri.keepAliveIntervalMs * missedIntervals
    for (const [key, service] of this.#services) if (service.heardMs < deadBeforeMs) this.#lost(key)
  }

  #received(datagram: Uint8Array): void {
    const announcement = decodeAnnouncement(this.#parts.uri.group, datagram)
    if (!announcement) return
    const target = targetOf(announcement.service)
    if (!target || this.#isOwn(target)) return
    if (announcement.alive) this.#heard(target)
    else this.#lost(target.uri)
  }

  #isOwn({ uri }: BridgeTarget): boolean {
    return this.#parts.ownServices().some((service) => targetOf(service)?.uri === uri)
  }

  #heard(target: BridgeTarget): void {
    const heardMs = this.#parts.clock.monotonicMs()
    const known = this.#services.get(target.uri)
    if (known) {
      known.heardMs = heardMs
      return
    }
    if (this.#services.size >= maxServices) {
      if (!this.#toldFull) this.#logger.warn('Multicast discovery knows as many services as it may', { maxServices })
      this.#toldFull = true
      return
    }
    this.#services.set(target.uri, { target, heardMs })
    this.#listener?.found(target)
    // Its broker has just begun, and should not wait for the next interval.
    if (heardMs - this.#announcedMs >= minAnnouncementGapMs) this.#announce(true)
  }

  #lost(uri: string): void {
    if (!this.#services.delete(uri)) return
    this.#toldFull = false
    this.#listener?.lost(uri)
  }
}

/**
 * The broker behind the URL that somebody announced; null when it is none that can be dialled. Of the URL's options none is taken:
 * they are the other broker's own, and strangers do not tell this one how to dial.
 */
function targetOf(service: string): BridgeTarget | null {
  const match = /^(?:tcp|nio|auto|auto\+nio|((?:nio\+|auto\+|auto\+nio\+)?ssl)):(\/\/[^?]+)/.exec(service)
  if (!match) return null
  try {
    const endpoint = parseEndpoint(`${match[1] === undefined ? 'tcp' : 'ssl'}:${match[2]!}`)
    return { uri: endpoint.uri, endpoints: [endpoint], randomize: false }
  } catch {
    return null
  }
}
