// What this version takes and does not do: messages keep their fields, but not the meaning of these. ActiveMQ would deliver a
// message later, if its scheduler is on. It is told once for each destination, and counted for the metric
// `flotilla_unsupported_total`.
import type { Logger } from '../base/logger.ts'
import { isTemporary, type Destination } from '../message/destination.ts'
import type { Message } from '../message/message.ts'
import { unsupportedLimits } from './limits.ts'

export type UnsupportedFeature = 'scheduledDelivery'

const consequences: Readonly<Record<UnsupportedFeature, string>> = {
  scheduledDelivery: 'the messages are delivered at once, as by an ActiveMQ whose scheduler is off',
}

export class UnsupportedFeatures {
  readonly #logger: Logger
  readonly #uses = new Map<UnsupportedFeature, number>()
  readonly #told = new Map<UnsupportedFeature, Set<string>>()

  constructor(logger: Logger) {
    this.#logger = logger
  }

  /** How many messages asked for each. */
  get uses(): ReadonlyMap<UnsupportedFeature, number> {
    return this.#uses
  }

  /** For messages that are scheduled. */
  sent(message: Message): void {
    this.#use('scheduledDelivery', message.destination)
  }

  #use(feature: UnsupportedFeature, destination: Destination): void {
    this.#uses.set(feature, (this.#uses.get(feature) ?? 0) + 1)
    let told = this.#told.get(feature)
    if (!told) this.#told.set(feature, (told = new Set()))
    // Temporary ones come and go: one stands for all.
    const name = isTemporary(destination) ? destination.kind : destination.name
    if (told.has(name) || told.size >= unsupportedLimits.maximumToldDestinations) return
    told.add(name)
    this.#logger.warn('A client asked for what this version does not do', {
      feature,
      destination: destination.name,
      kind: destination.kind,
      consequence: consequences[feature],
    })
  }
}
