// The interests of one destination that one demand serves: all of them with conduit subscriptions, a single one without.
import { isWildcard, type Destination } from '../../message/destination.ts'
import { parseWildcard, type WildcardPattern } from '../../routing/wildcard.ts'
import type { ConsumerInfo } from '../../wire/openwire/commands.ts'
import type { Demand } from './demand.ts'
import type { Way } from './network-demands.ts'

/** One consumer there, or one durable subscription, which has interest also while its consumer is away. */
export interface Interest {
  readonly info: ConsumerInfo
  readonly consumerId: string
  /** Brokers between its consumers and us, without the one that told of it, and with it. */
  readonly heardPath: readonly string[]
  readonly brokerPath: readonly string[]
  readonly group: DemandGroup
  readonly durable: boolean
  /** A queue that a broker behind the other one includes statically: not one consumer is known there. */
  readonly forNobody: boolean
  /** null: nobody asks whether there are others. */
  readonly way: BridgeWay | null
  /** Bytes of memory, estimated. */
  readonly cost: number
}

/** A way of one bridge, with all who were heard of over it. */
export interface BridgeWay extends Way {
  readonly key: string
  readonly interests: Set<Interest>
}

/** What an interest that is not remembered needs as long as the bridge lives. */
export type Permanence = 'none' | 'consumers' | 'durable'

/** What the table knows of a group before anybody has joined it. */
export interface GroupOptions {
  readonly key: string
  readonly destination: Destination
  /** Others join it, and narrower ones are served by its demand. */
  readonly conduit: boolean
  readonly advisory: boolean
  /** Its demand is durable though no consumer is. */
  readonly forcedDurable: boolean
  /** Bytes of memory, estimated. */
  readonly cost: number
}

export class DemandGroup {
  readonly options: GroupOptions
  readonly destination: Destination
  readonly pattern: WildcardPattern
  /** Of a static destination, or when more interests were heard of than are remembered. */
  permanence: Permanence = 'none'
  /** The connector includes it. */
  isStatic = false
  /** A durable network subscription was there when the bridge started: who it is for is not known yet. */
  isOfBefore = false
  readonly interests = new Set<Interest>()
  demand: Demand | null = null
  /** A group with a wider destination whose demand serves this one. */
  coveredBy: DemandGroup | null = null
  readonly covered = new Set<DemandGroup>()
  /** Interests that have no better way: consumers, somebody's among them, and durable subscriptions; and the latter of those that it serves. */
  #consumers = 0
  #somebody = 0
  #durables = 0
  #coveredDurables = 0

  constructor(options: GroupOptions) {
    this.options = options
    this.destination = options.destination
    this.pattern = parseWildcard(options.destination.name)
  }

  /** Its demand may serve narrower destinations. */
  get mayCover(): boolean {
    return this.options.conduit && isWildcard(this.destination)
  }

  get hasDurables(): boolean {
    return this.#durables > 0
  }

  /** It is there without anybody asking for it. */
  get isLasting(): boolean {
    return this.permanence !== 'none' || this.isOfBefore
  }

  /** A queue that is included statically, here or on the way, and nobody there wants it by this demand. */
  get isForNobody(): boolean {
    return this.destination.kind === 'queue' && this.#somebody === 0 && (this.isStatic || this.#consumers > 0)
  }

  /** Nothing is left to remember. */
  get isEmpty(): boolean {
    return !this.isLasting && this.interests.size === 0 && this.demand === null && this.covered.size === 0
  }

  /** Counts an interest that came (1) or went (-1), or that has got (1) or lost (-1) its way. */
  count(interest: Interest, difference: 1 | -1): void {
    if (!interest.durable) {
      this.#consumers += difference
      if (!interest.forNobody) this.#somebody += difference
      return
    }
    this.#durables += difference
    if (this.coveredBy) this.coveredBy.#coveredDurables += difference
  }

  /** Which demand would serve it. */
  get need(): Permanence {
    const { forcedDurable } = this.options
    if (this.#durables > 0 || this.isOfBefore || this.permanence === 'durable') return 'durable'
    // What the demand has kept is also that of the durable subscriptions that it serves: it stays for them.
    if (this.#coveredDurables > 0 && this.demand?.subscriptionName != null) return 'durable'
    if (this.#consumers === 0 && this.permanence === 'none') return 'none'
    return forcedDurable ? 'durable' : 'consumers'
  }

  /** Of the interests that have no better way the oldest, somebody's if there is one: what the demand is made of. */
  leading(): Interest | undefined {
    const isSomebody = (interest: Interest): boolean => isInUse(interest) && !interest.forNobody
    return this.interests.values().find(isSomebody) ?? this.interests.values().find(isInUse)
  }

  coverBy(other: DemandGroup | null): void {
    if (this.coveredBy) {
      this.coveredBy.covered.delete(this)
      this.coveredBy.#coveredDurables -= this.#durables
    }
    this.coveredBy = other
    if (other) {
      other.covered.add(this)
      other.#coveredDurables += this.#durables
    }
  }
}

export const isInUse = ({ way }: Interest): boolean => way?.suppressed !== true
