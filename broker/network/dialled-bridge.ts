// A bridge from the moment of dialling: it waits until the other broker has said who it is, then it is one that forwards to it.
//
//   dialling → connected, the other's BrokerInfo is awaited → bridging → ended
import type { Clock, Timer } from '../base/clock.ts'
import { errorMessage, isError } from '../base/errors.ts'
import type { Logger } from '../base/logger.ts'
import type { Dial } from '../client/transport/channel.ts'
import type { Endpoint } from '../client/transport/parse-broker-url.ts'
import type { BrokerIdentity } from '../region/broker-identity.ts'
import type { Region } from '../region/region.ts'
import type { BrokerInfo, Command, ConsumerInfo } from '../wire/openwire/commands.ts'
import {
  NothingToBridge,
  type Bridge,
  type BridgeListener,
  type BridgeStatistics,
  type RemoteBroker,
} from './bridge.ts'
import type { BridgeSettings } from './connector-settings.ts'
import type { NetworkDemands } from './demand/network-demands.ts'
import { DemandForwardingBridge, type BridgeParts } from './demand-forwarding-bridge.ts'
import { DialledFarEnd, type DialledFarEndListener } from './dialled-far-end.ts'
import { maxBrokerUrlLength, maxIdLength } from '../openwire/limits.ts'
import type { FarEndListener } from './far-end.ts'
import { introductionTimeoutMs } from './limits.ts'

export interface DialledBridgeParts {
  readonly dial: Dial
  readonly clock: Clock
  readonly logger: Logger
  readonly region: Region
  readonly local: BrokerIdentity
  readonly settings: BridgeSettings
  readonly demands: NetworkDemands
  readonly subscribers: () => readonly ConsumerInfo[]
  readonly limitReached?: (limit: string, remote: RemoteBroker) => void
  /** The settings as the other broker reads them. */
  readonly networkProperties: string
  /** Different for each bridge that there ever was, in all brokers. */
  readonly nextIdSeed: (remote: RemoteBroker) => string
}

/** A bridge whose two ends know each other. It hears nothing before it is started. */
export interface KnownBridge extends Bridge, FarEndListener {
  start(): void
}

export type BuildKnownBridge = (parts: BridgeParts) => KnownBridge

export class DialledBridge implements Bridge, DialledFarEndListener {
  readonly #parts: DialledBridgeParts
  readonly #listener: BridgeListener
  readonly #far: DialledFarEnd
  readonly #timer: Timer
  readonly #build: BuildKnownBridge
  #bridge: KnownBridge | null = null
  #ended = false

  constructor(
    parts: DialledBridgeParts,
    endpoint: Endpoint,
    listener: BridgeListener,
    build: BuildKnownBridge = (known) => new DemandForwardingBridge(known),
  ) {
    this.#build = build
    this.#parts = parts
    this.#listener = listener
    this.#far = new DialledFarEnd(parts.dial, endpoint, this, parts.clock)
    this.#timer = parts.clock.after(introductionTimeoutMs, () =>
      this.failed(new Error(`${endpoint.uri} has not said who it is within ${introductionTimeoutMs} ms`)),
    )
  }

  get statistics(): BridgeStatistics {
    return this.#bridge?.statistics ?? { demandSubscriptions: 0, forwarded: 0, received: 0 }
  }

  stop(): void {
    if (this.#ended) return
    this.#end()
    if (this.#bridge) this.#bridge.stop()
    else this.#far.close()
  }

  introduced(info: BrokerInfo): void {
    if (this.#ended) return
    this.#timer.cancel()
    try {
      const remote = remoteOf(info, this.#far.address)
      if (remote.brokerId === this.#parts.local.brokerId)
        return this.failed(new NothingToBridge(`${remote.address} is this broker itself`))
      this.#bridge = this.#buildBridge(remote)
    } catch (error) {
      return this.failed(isError(error) ? error : new Error(errorMessage(error)))
    }
    this.#bridge.start()
  }

  command(command: Command): void {
    this.#bridge?.command(command)
  }

  message(stored: Buffer): void {
    this.#bridge?.message?.(stored)
  }

  relieved(): void {
    this.#bridge?.relieved()
  }

  failed(error: Error): void {
    if (this.#ended) return
    if (this.#bridge) return this.#bridge.failed(error)
    this.#end()
    this.#far.close()
    this.#listener.ended(error)
  }

  #buildBridge(remote: RemoteBroker): KnownBridge {
    return this.#build({
      ...this.#parts,
      remote,
      far: this.#far,
      idSeed: this.#parts.nextIdSeed(remote),
      listener: {
        started: () => this.#listener.started(remote),
        ended: (reason) => {
          this.#end()
          this.#listener.ended(reason)
        },
      },
    })
  }

  #end(): void {
    this.#ended = true
    this.#timer.cancel()
  }
}

/** Names and ids stand in client ids, and in what other brokers and clients are told. */
const remoteOf = ({ brokerName, brokerId, brokerURL }: BrokerInfo, address: string): RemoteBroker => ({
  brokerName: required(brokerName, 'brokerName', address),
  brokerId: required(brokerId?.value ?? null, 'brokerId', address),
  brokerUrl: brokerURL === null || brokerURL.length > maxBrokerUrlLength ? '' : brokerURL,
  address,
})

function required(text: string | null, field: string, address: string): string {
  if (text === null || text === '') throw new Error(`Cannot bridge ${address}: its ${field} is missing`)
  if (text.length <= maxIdLength) return text
  throw new Error(`Cannot bridge ${address}: its ${field} has ${text.length} characters, the most is ${maxIdLength}`)
}
