// Temporary destinations of another broker. Only for those that it has told of its consumers are demand: it must not get the
// replies that a client of this broker waits for.
import { destinationKey, type Destination } from '../../message/destination.ts'
import type { DemandGroup } from './demand-group.ts'

interface Place {
  /** Bytes of memory, estimated; null while only consumers of it were heard of. */
  cost: number | null
  readonly groups: Set<DemandGroup>
}

export class TemporaryPlaces {
  readonly #places = new Map<string, Place>()

  isAnnounced(destination: Destination): boolean {
    return (this.#places.get(destinationKey(destination))?.cost ?? null) !== null
  }

  /** Returns the groups that have waited for it. */
  announce(destination: Destination, cost: number): readonly DemandGroup[] {
    const place = this.#place(destination)
    place.cost = cost
    return [...place.groups]
  }

  /** Returns what it has cost, and the groups that must do without it. */
  withdraw(destination: Destination): { readonly cost: number; readonly groups: readonly DemandGroup[] } {
    const place = this.#place(destination)
    const cost = place.cost ?? 0
    place.cost = null
    this.#forget(destination, place)
    return { cost, groups: [...place.groups] }
  }

  add(group: DemandGroup): void {
    this.#place(group.destination).groups.add(group)
  }

  remove(group: DemandGroup): void {
    const place = this.#place(group.destination)
    place.groups.delete(group)
    this.#forget(group.destination, place)
  }

  #place(destination: Destination): Place {
    const key = destinationKey(destination)
    const known = this.#places.get(key)
    if (known) return known
    const place: Place = { cost: null, groups: new Set() }
    this.#places.set(key, place)
    return place
  }

  #forget(destination: Destination, place: Place): void {
    if (place.cost === null && place.groups.size === 0) this.#places.delete(destinationKey(destination))
  }
}
