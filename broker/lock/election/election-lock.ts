// The lock of a replicated store: an election names a member, a quorum of promises makes it the holder. The same object takes part in the
// replication while it waits, so that a standby has what it needs to be elected.
import type { Logger } from '../../base/logger.ts'
import type { BatchConfirmation } from '../../journal/confirmation.ts'
import type { ElectionTrouble } from '../../replication/report.ts'
import type { Replicator } from '../../replication/replicator.ts'
import type { Lock, LockHandle, LockHolder, LockObstacle } from '../lock.ts'
import type { StorageRefusedError } from '../storage-refused-error.ts'
import { errorMessage } from '../../base/errors.ts'
import type { Elector } from './elector.ts'
import { HeldElection } from './held-election.ts'

export interface ElectionLockOptions {
  readonly kind: 'ZooKeeper' | 'KubernetesLease'
  readonly member: string
  readonly brokerName: string
  readonly replicator: Replicator
  readonly elector: Elector
  readonly logger: Logger
  /** Elections take less: who is elected in that time was in no trouble. */
  readonly troubleAfterMs: number
  /** Keeps other processes off this member's data; resolves with what lets go of it. */
  readonly claimData?: () => Promise<() => void>
}

export class ElectionLock implements Lock {
  readonly kind: 'ZooKeeper' | 'KubernetesLease'
  /** For the store: the first confirmation waits until the election knows that there is something to lose. */
  readonly confirmation: BatchConfirmation
  readonly #options: ElectionLockOptions
  #held: HeldElection | undefined
  #served: Promise<void> | undefined
  #unclaimData: (() => void) | undefined

  constructor(options: ElectionLockOptions) {
    this.#options = options
    this.kind = options.kind
    const { replicator, elector } = options
    this.confirmation = {
      confirm: (segment, end, owner) => {
        const confirmed = replicator.confirmation.confirm(segment, end, owner)
        if (this.#served) return confirmed
        this.#served = Promise.resolve(confirmed).then(() => elector.served(owner.term))
        return this.#served
      },
    }
  }

  /** The election says so, once it is asked. */
  async refusal(): Promise<StorageRefusedError | undefined> {
    return undefined
  }

  get obstacle(): LockObstacle {
    const { trouble } = this
    const { elector, member } = this.#options
    if (trouble) return { kind: 'Trouble', reason: trouble.reason }
    return elector.state.kind === 'Elected' && elector.state.member !== member ? { kind: 'Held' } : { kind: 'Unknown' }
  }

  /** Why nobody can be elected; undefined where somebody is, or an election may just be under way. */
  get trouble(): ElectionTrouble | undefined {
    const { elector, troubleAfterMs } = this.#options
    const { state } = elector
    return state.kind === 'Elected' || elector.unsettledMs < troubleAfterMs ? undefined : state
  }

  async holder(): Promise<LockHolder | undefined> {
    const { elector, brokerName } = this.#options
    const { state } = elector
    return state.kind === 'Elected' ? { brokerName, member: state.member, term: state.term } : undefined
  }

  async acquire(signal: AbortSignal): Promise<LockHandle> {
    const { replicator, elector } = this.#options
    const { promise, resolve, reject } = Promise.withResolvers<LockHandle>()
    // Nobody waits for it before the data directory is claimed and the port is open.
    promise.catch(() => {})
    const abort = (): void => reject(signal.reason as Error)
    signal.addEventListener('abort', abort)
    try {
      signal.throwIfAborted()
      this.#unclaimData = await this.#options.claimData?.()
      signal.throwIfAborted()
      const address = await replicator.open(() => this.#publish())
      this.#publish()
      void replicator.lost.then(reject)
      elector.start(address, {
        peers: (peers) => replicator.peers(peers),
        proposed: ({ term, founding }) => void this.#campaign(term, founding, resolve),
        withdrawn: (term, reason) => {
          replicator.withdraw(term, reason)
          if (this.#held?.term === term) this.#held.lose(reason)
        },
        refused: reject,
      })
      return await promise
    } catch (error) {
      await this.#release()
      throw error
    } finally {
      signal.removeEventListener('abort', abort)
    }
  }

  async #campaign(term: number, founding: boolean, elected: (handle: LockHandle) => void): Promise<void> {
    const { replicator, elector } = this.#options
    try {
      await replicator.campaign(term, founding)
      elected(this.#handleOf(term))
    } catch (error) {
      elector.declined(term, errorMessage(error))
    }
  }

  #handleOf(term: number): LockHandle {
    const { replicator, logger } = this.#options
    const held = new HeldElection({ term, replicator, logger, release: () => this.#release() })
    this.#held = held
    return held
  }

  async #release(): Promise<void> {
    const { elector, replicator } = this.#options
    // Whoever is elected next is to have everything.
    await replicator.handOver()
    await elector.close()
    await replicator.close()
    this.#unclaimData?.()
    this.#unclaimData = undefined
  }

  #publish(): void {
    const { position, newestTerm, isVoter, active } = this.#options.replicator.status
    this.#options.elector.candidacy({ position, promised: newestTerm, isVoter, active })
  }
}
