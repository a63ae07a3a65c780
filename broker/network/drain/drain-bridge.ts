// A bridge that gives another broker all that the queues of this one have, asked or not. It hears of no demand, takes nothing from there,
// and forwards to each queue of the same name. Topics have nothing that could be given away.
//
// A message is removed here only when the other broker has answered that it has it, persistent or not. One that it refuses, or that
// cannot be sent to it, stays under way and is offered again; the others go on meanwhile.
import type { Clock, Timer } from '../../base/clock.ts'
import { errorMessage, isError, type RefusalError } from '../../base/errors.ts'
import { isQueue, isTemporary, isWildcard, type Destination } from '../../message/destination.ts'
import { buildConsumerInfo, buildShutdownInfo } from '../../openwire/build-commands.ts'
import { structureOf } from '../../openwire/destination-structure.ts'
import { producerIdText } from '../../openwire/id-text.ts'
import type { Delivery } from '../../region/region.ts'
import type { Command, Throwable } from '../../wire/openwire/commands.ts'
import { ownProvider } from '../../wire/openwire/wire-format.ts'
import type { BridgeStatistics } from '../bridge.ts'
import type { BridgeParts } from '../demand-forwarding-bridge.ts'
import type { KnownBridge } from '../dialled-bridge.ts'
import type { ForwardHeader } from '../far-end.ts'
import { farProducer, introductionOf } from '../introduction.ts'
import { returnGraceMs } from '../limits.ts'
import { NearEnd, type NearEndPeer } from '../near-end.ts'
import { refusalText, refusedBridge } from '../refusal-text.ts'
import type { DrainFlow, DrainingBridge } from './drain-flow.ts'
import { drainPrefetch, refusedRetryMs } from './limits.ts'

export interface DrainBridgeParts extends Pick<
  BridgeParts,
  'settings' | 'local' | 'remote' | 'region' | 'far' | 'idSeed' | 'networkProperties' | 'logger' | 'listener'
> {
  readonly clock: Clock
  readonly flow: DrainFlow
}

const allQueues: Destination = { kind: 'queue', name: '>' }

export class DrainBridge implements KnownBridge, NearEndPeer, DrainingBridge {
  readonly #parts: DrainBridgeParts
  readonly #near: NearEnd
  readonly #header: ForwardHeader
  /** To be offered again. */
  #refused: Delivery[] = []
  #refusal: string | null = null
  #told: string | null = null
  #retry: Timer | null = null
  #grace: Timer | null = null
  #consumers = 0
  #forwarded = 0
  #underWay = 0
  #ended = false

  constructor(parts: DrainBridgeParts) {
    const { settings, local, remote, region, idSeed } = parts
    this.#parts = parts
    this.#header = {
      producerId: producerIdText({ kind: 'ProducerId', ...farProducer(`${idSeed}:2`) }),
      // As if it had been sent there first: else it could go no farther from there.
      brokerId: null,
      useCompression: settings.useCompression,
    }
    const clientId = [settings.name, remote.brokerName, 'inbound', local.brokerName].join(settings.clientIdToken)
    this.#near = new NearEnd(region, { connectionId: `${idSeed}:1`, clientId }, this)
  }

  get statistics(): BridgeStatistics {
    return { demandSubscriptions: this.#consumers, forwarded: this.#forwarded, received: 0 }
  }

  get congested(): boolean {
    return this.#parts.far.congested
  }

  get brokerName(): string {
    return this.#parts.remote.brokerName
  }

  get underWay(): number {
    return this.#underWay
  }

  get refused(): number {
    return this.#refused.length
  }

  get refusal(): string | null {
    return this.#refusal
  }

  /** What goes wrong is told to the listener. */
  start(): void {
    const { settings, local, remote, idSeed, networkProperties, far, flow, listener, clock } = this.#parts
    try {
      const connectionId = `${idSeed}:2`
      const said = { settings, local, connectionId, networkProperties, advisories: null, subscriptions: null }
      for (const command of introductionOf(said)) far.send(command)
      flow.bridges.add(this)
      listener.started(remote)
      // What it has sent here itself goes back to it: it has to have taken in our answers before.
      if (far.provider === ownProvider) this.#consumeAll()
      else this.#grace = clock.after(returnGraceMs, () => this.#consumeAll())
    } catch (error) {
      this.#cannotStart(error)
    }
  }

  stop(): void {
    if (this.#ended) return
    this.#parts.far.send(buildShutdownInfo())
    this.#close()
  }

  consumerRefused(error: RefusalError): void {
    this.failed(error)
  }

  forward(delivery: Delivery): void {
    // It only has to go.
    if (this.#parts.flow.keptElsewhere.has(delivery.sequence)) return this.#near.settle(delivery, 'accepted')
    this.#underWay++
    this.#send(delivery)
  }

  command(command: Command): void {
    if (this.#ended) return
    if (command.kind === 'ShutdownInfo') this.failed(new Error('The other broker ended the bridge'))
    else if (command.kind === 'ConnectionError') this.failed(refusedBridge(command.exception))
  }

  relieved(): void {
    if (!this.#ended) this.#near.dispatch()
  }

  failed(error: Error): void {
    if (this.#ended) return
    this.#close()
    this.#parts.listener.ended(error)
  }

  #consumeAll(): void {
    try {
      this.#consume(allQueues)
      // From a queue that has a wildcard for a name only a consumer of that very name draws.
      for (const destination of this.#parts.region.destinations())
        if (isQueue(destination) && !isTemporary(destination) && isWildcard(destination)) this.#consume(destination)
    } catch (error) {
      this.#cannotStart(error)
    }
  }

  #cannotStart(error: unknown): void {
    this.failed(isError(error) ? error : new Error(errorMessage(error)))
  }

  #consume(destination: Destination): void {
    if (this.#ended) return
    const { idSeed, remote } = this.#parts
    const consumerId = {
      kind: 'ConsumerId',
      connectionId: `${idSeed}:1`,
      sessionId: 1,
      value: ++this.#consumers,
    } as const
    const info = buildConsumerInfo({
      consumerId,
      destination: structureOf(destination),
      prefetchSize: drainPrefetch,
      brokerPath: [{ kind: 'BrokerId', value: remote.brokerId }],
      networkSubscription: true,
    })
    this.#near.addConsumer(info, { brokerId: remote.brokerId, messageTTL: -1, drains: true })
  }

  #send(delivery: Delivery): void {
    try {
      this.#parts.far.forward(delivery, this.#header, (refusal) => this.#answered(delivery, refusal))
    } catch (error) {
      this.#keep(delivery, errorMessage(error))
    }
  }

  #answered(delivery: Delivery, refusal: Throwable | null): void {
    if (this.#ended) return
    if (refusal !== null) return this.#keep(delivery, refusalText(refusal))
    this.#underWay--
    this.#forwarded++
    this.#parts.flow.forwarded++
    this.#near.settle(delivery, 'accepted')
  }

  #keep(delivery: Delivery, cause: string): void {
    const { clock, logger } = this.#parts
    const { destination } = delivery
    this.#refusal = `a message to ${destination.name}: ${cause}`
    // Each few seconds the same is no news.
    if (this.#refusal !== this.#told)
      logger.warn('Cannot give away a message', { destination: destination.name, cause })
    this.#told = this.#refusal
    this.#refused.push(delivery)
    this.#retry ??= clock.after(refusedRetryMs, () => this.#offerAgain())
  }

  #offerAgain(): void {
    this.#retry = null
    const refused = this.#refused
    this.#refused = []
    this.#refusal = null
    for (const delivery of refused) if (!this.#ended) this.#send(delivery)
  }

  #close(): void {
    this.#ended = true
    this.#retry?.cancel()
    this.#grace?.cancel()
    this.#parts.flow.bridges.delete(this)
    this.#near.close()
    this.#parts.far.close()
  }
}
