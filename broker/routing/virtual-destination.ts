// Virtual destinations: what is sent to a destination is put into others (ActiveMQ: VirtualTopic, CompositeQueue,
// CompositeTopic). Here is what a user sets, and which names belong together. Who has such a name now is
// region/virtual-destinations.ts.
//
//   virtual topic   topic T            →  every queue there is that matches prefix + T + postfix, and T itself
//   composite       queue or topic     →  the destinations that it names, and itself unless forwardOnly; with
//                                         sendWhenNotMatched itself when none of them wants it
import type { Destination } from '../message/destination.ts'
import { matchesWildcard, parseWildcard, wildcardsOverlap } from './wildcard.ts'

export interface VirtualTopic {
  readonly kind: 'virtualTopic'
  /** Of the topics, also by wildcard. */
  readonly name: string
  readonly prefix: string
  readonly postfix: string
  /** Not for messages that came over a bridge. */
  readonly local: boolean
  /** A queue gets only what one of its consumers wants. */
  readonly selectorAware: boolean
  /** A queue that has no room is left out where the send would be refused for it. */
  readonly dropOnResourceLimit: boolean
}

export interface CompositeDestination {
  readonly kind: 'compositeQueue' | 'compositeTopic'
  readonly name: string
  readonly forwardTo: readonly ForwardTarget[]
  /** Nothing goes to the destination itself. */
  readonly forwardOnly: boolean
  /** What goes to none of them goes to the destination itself, and only that, whatever `forwardOnly` says. */
  readonly sendWhenNotMatched: boolean
}

export interface ForwardTarget {
  readonly destination: Destination
  /** Of the messages that go there; null: every message. */
  readonly selector: string | null
}

export type VirtualDestination = VirtualTopic | CompositeDestination

/** ActiveMQ's default (BrokerService.createDefaultDestinationInterceptor). */
export const defaultVirtualTopic: VirtualTopic = {
  kind: 'virtualTopic',
  name: 'VirtualTopic.>',
  prefix: 'Consumer.*.',
  postfix: '',
  local: false,
  selectorAware: false,
  dropOnResourceLimit: false,
}

/** Whether what is sent to this destination is put into others by this rule. */
export const applies = ({ kind, name }: VirtualDestination, destination: Destination): boolean =>
  destination.kind === (kind === 'compositeQueue' ? 'queue' : 'topic') &&
  wildcardsOverlap(parseWildcard(name), parseWildcard(destination.name))

/** The queues of a virtual topic, by their names. */
export class QueueNames {
  readonly #rule: VirtualTopic
  readonly #form: RegExp

  constructor(rule: VirtualTopic) {
    this.#rule = rule
    const prefix = rule.prefix.split('.')
    this.#form = new RegExp(`^${formOf(prefix, prefix.length - 1)}(.*)${formOf(rule.postfix.split('.'), 0)}$`, 's')
  }

  /** The topic whose messages a queue of this name gets; null when it gets none. The name of the queue is no wildcard. */
  topicOf(queueName: string): string | null {
    const topic = this.#form.exec(queueName)?.[1]
    return topic !== undefined && matchesWildcard(parseWildcard(this.#rule.name), topic) ? topic : null
  }

  /** The same for any names: ActiveMQ takes the wildcards on both sides as such. */
  match(topicName: string, queueName: string): boolean {
    return wildcardsOverlap(this.#patternFor(topicName), parseWildcard(queueName))
  }

  /**
   * Whether a consumer of this wildcard means queues of this virtual topic. Not one that begins with a wildcard: it wants to see
   * what others have, and would leave a queue behind that gets everything.
   */
  meantBy(wildcard: string): boolean {
    const pattern = parseWildcard(wildcard)
    const [first] = pattern
    return first !== '*' && first !== '>' && wildcardsOverlap(this.#patternFor(this.#rule.name), pattern)
  }

  #patternFor(topicName: string): readonly string[] {
    return parseWildcard(`${this.#rule.prefix}${topicName}${this.#rule.postfix}`)
  }
}

/**
 * A `*` that is a whole level stands for any one, everything else for itself. `touching`: the level where the topic's own name
 * goes on, of which it is only a part.
 */
const formOf = (levels: readonly string[], touching: number): string =>
  levels.map((level, index) => (level === '*' && index !== touching ? '[^.]*' : RegExp.escape(level))).join('\\.')
