// The connections between the members of a simulated group: each member dials each other one; requests go there and answers come back over
// it in order, until it breaks, which loses what is on its way.
import { isAnswer, type ReplicationMessage } from '../../../broker/replication/message.ts'

export interface Wire {
  readonly from: string
  readonly to: string
  isUp: boolean
  /** Nothing gets through, and no new connection is made. */
  isBlocked: boolean
  readonly requests: ReplicationMessage[]
  readonly answers: ReplicationMessage[]
}

export class SimulatedWires {
  readonly all: Wire[] = []
  readonly #byPair = new Map<string, Wire>()

  constructor(members: readonly string[]) {
    for (const from of members)
      for (const to of members) {
        if (from === to) continue
        const wire: Wire = { from, to, isUp: false, isBlocked: false, requests: [], answers: [] }
        this.all.push(wire)
        this.#byPair.set(`${from} ${to}`, wire)
      }
  }

  between(from: string, to: string): Wire {
    return this.#byPair.get(`${from} ${to}`)!
  }

  send(from: string, to: string, message: ReplicationMessage): void {
    const answers = isAnswer(message)
    const wire = answers ? this.between(to, from) : this.between(from, to)
    if (wire.isUp) (answers ? wire.answers : wire.requests).push(message)
  }

  /** True if it was up. */
  cut(wire: Wire): boolean {
    const wasUp = wire.isUp
    wire.isUp = false
    wire.requests.length = 0
    wire.answers.length = 0
    return wasUp
  }
}
