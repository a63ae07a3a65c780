// What must hold in a replicated group whatever happens: told of each opening of a journal and each confirmation, it throws at the first that is
// not allowed.
//
//   - one member at most opens its journal in a term
//   - what was confirmed to a client in a term is in the journal that any member opens in a later term, whether that was opened before
//     or after the confirmation
import { Violation } from '../queue-book.ts'

interface Opening {
  readonly member: string
  readonly term: number
  readonly ids: ReadonlySet<number>
}

export class HistoryBook {
  confirmed = 0
  readonly #openings: Opening[] = []
  /** By the term in which it was confirmed. */
  readonly #confirmed: { readonly id: number; readonly term: number }[] = []

  get hasServed(): boolean {
    return this.confirmed > 0
  }

  get openings(): number {
    return this.#openings.length
  }

  opened(opening: Opening): void {
    const { member, term, ids } = opening
    const other = this.#openings.find((earlier) => earlier.term === term)
    if (other) throw new Violation(`${member} opens its journal in term ${term}, in which ${other.member} has`)
    this.#openings.push(opening)
    for (const { id, term: confirmedIn } of this.#confirmed)
      if (confirmedIn < term && !ids.has(id))
        throw new Violation(`${member} opens term ${term} without record ${id}, confirmed in term ${confirmedIn}`)
  }

  confirm(member: string, term: number, id: number): void {
    this.confirmed++
    this.#confirmed.push({ id, term })
    for (const opening of this.#openings)
      if (opening.term > term && !opening.ids.has(id))
        throw new Violation(
          `${member} confirms record ${id} in term ${term}, which ${opening.member} has opened term ${opening.term} without`,
        )
  }
}
