// An election in memory: whoever asks first is elected, the next one when it has let go. As an elector may be, it is wrong about nothing
// that matters: a quorum's promise decides.
import type { Candidacy, Elector, ElectorListener, ElectorState } from '../../broker/lock/election/elector.ts'
import type { Peer } from '../../broker/replication/peer.ts'

export class MemoryElection {
  readonly #candidates: MemoryElector[] = []
  readonly #others: readonly Peer[]
  #term = 0
  #elected: MemoryElector | undefined
  isFounded = false

  /** `others`: members that are there and are never elected. */
  constructor(others: readonly Peer[]) {
    this.#others = others
  }

  elector(member: string): MemoryElector {
    return new MemoryElector(this, member)
  }

  get state(): ElectorState {
    return this.#elected
      ? { kind: 'Elected', member: this.#elected.member, term: this.#term }
      : { kind: 'Waiting', reason: 'Nobody is there' }
  }

  joined(candidate: MemoryElector, address: string): void {
    this.#candidates.push(candidate)
    candidate.listener!.peers([...this.#others, { member: candidate.member, address }])
    this.#elect()
  }

  left(candidate: MemoryElector): void {
    const at = this.#candidates.indexOf(candidate)
    if (at >= 0) this.#candidates.splice(at, 1)
    if (this.#elected !== candidate) return
    this.#elected = undefined
    this.#elect()
  }

  /** Takes back what somebody was elected to, and elects nobody until somebody asks. */
  takeBack(reason: string): void {
    const elected = this.#elected
    this.#elected = undefined
    if (!elected) return
    this.#candidates.splice(this.#candidates.indexOf(elected), 1)
    elected.listener!.withdrawn(this.#term, reason)
  }

  #elect(): void {
    const [first] = this.#candidates
    if (this.#elected || !first) return
    this.#elected = first
    first.listener!.proposed({ term: ++this.#term, founding: !this.isFounded })
  }
}

export class MemoryElector implements Elector {
  readonly unsettledMs = 0
  readonly member: string
  readonly declinations: string[] = []
  listener: ElectorListener | undefined
  lastCandidacy: Candidacy | undefined
  readonly #election: MemoryElection

  constructor(election: MemoryElection, member: string) {
    this.#election = election
    this.member = member
  }

  get state(): ElectorState {
    return this.#election.state
  }

  start(address: string, listener: ElectorListener): void {
    this.listener = listener
    this.#election.joined(this, address)
  }

  candidacy(candidacy: Candidacy): void {
    this.lastCandidacy = candidacy
  }

  async served(): Promise<void> {
    this.#election.isFounded = true
  }

  declined(_term: number, reason: string): void {
    this.declinations.push(reason)
    this.#election.left(this)
  }

  async close(): Promise<void> {
    this.#election.left(this)
  }
}
