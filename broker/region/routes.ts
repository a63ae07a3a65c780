// To which destinations a message goes that was sent to one: the members of a composite name, and what virtual destinations put
// into others. Every destination gets it once, by however many ways: a queue of ActiveMQ takes a message twice for a duplicate.
import { readdress } from '../destination/dead-letter.ts'
import type { DestinationRegistry } from '../destination/destination-registry.ts'
import type { Destination } from '../message/destination.ts'
import type { Message } from '../message/message.ts'
import { concreteMembers } from '../routing/destination-name.ts'
import type { Target } from './room.ts'
import type { VirtualDestinations } from './virtual-destinations.ts'

/** One message for one destination. */
export interface Routed {
  readonly target: Target
  readonly message: Message
  /** Without room it is left out, where the send would be refused. */
  readonly droppable: boolean
}

export class Routes {
  readonly #registry: DestinationRegistry
  readonly #virtual: VirtualDestinations

  constructor(registry: DestinationRegistry, virtual: VirtualDestinations) {
    this.#registry = registry
    this.#virtual = virtual
  }

  /** @throws {RefusalError} for names that are none, and at the limit of destinations. */
  of(message: Message): readonly Routed[] {
    const plain = this.#registry.find(message.destination)
    if (plain && !plain.isVirtual) return [{ target: plain, message, droppable: false }]
    const members = concreteMembers(message.destination)
    const [only] = members
    const isComposite = only !== message.destination
    const routed: Routed[] = []
    const seen = new Set<Target>()
    for (const member of members)
      this.#follow(
        this.#registry.obtain(member),
        isComposite ? message.destination : null,
        false,
        message,
        routed,
        seen,
      )
    return routed
  }

  /** False when what was routed is not all there any more. */
  stillLead(routed: readonly Routed[]): boolean {
    return routed.every(({ target }) => this.#registry.find(target.destination) === target)
  }

  /** First the others, then itself (ActiveMQ: CompositeDestinationFilter, VirtualTopicInterceptor). `from`: null for where it was sent. */
  #follow(
    target: Target,
    from: Destination | null,
    droppable: boolean,
    message: Message,
    routed: Routed[],
    seen: Set<Target>,
  ): void {
    if (seen.has(target)) return
    seen.add(target)
    const forwarding = target.isVirtual ? this.#virtual.forwardingOf(target) : null
    if (forwarding) {
      let matched = false
      for (const { target: next, wants, droppable: mayDrop } of forwarding.to) {
        if (wants !== null && !wants(message)) continue
        matched = true
        this.#follow(next, target.destination, droppable || mayDrop, message, routed, seen)
      }
      if (forwarding.keepsOwn === 'never' || (forwarding.keepsOwn === 'unmatched' && matched)) return
    }
    const copy = from === null ? message : readdress(message, target.destination, from)
    routed.push({ target, message: copy, droppable })
  }
}
