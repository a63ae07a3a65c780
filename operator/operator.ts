// The operator, put together: it contends for the leadership, and works while it has it. When it loses it, as in an outage of
// the API server, it stops writing and contends again; nobody has to restart it. What it is made of is passed in, so that
// tests run it as it is.
import { leaderClient } from './controller/leader-client.ts'
import { type LeaderElection, startLeaderElection } from './controller/leader-elector.ts'
import type { ObjectKey } from './kube/port.ts'
import { type ClusterConditions, Work, type WorkOptions } from './work.ts'

/** `lease`: undefined: works at once, without asking whether another operator does. */
interface OperatorOptions extends WorkOptions {
  /** Ends the client's requests that are under way, which then reject; later ones are not touched. */
  readonly cutRequests?: () => void
}

export interface Operator {
  /** Resolves when it reconciles for the first time; false if it was stopped before. Never rejects. */
  readonly started: Promise<boolean>
  /** Why it is not ready to work or to take over; undefined when it is. */
  notReadyReason(): string | undefined
  /** The clusters that it works on; none while it waits for leadership. */
  clusters(): ClusterConditions[]
  /** Finishes what is being written, gives up leadership. Never rejects. */
  stop(): Promise<void>
}

export function startOperator(options: OperatorOptions): Operator {
  const operator = new RunningOperator(options)
  const ended = operator.run()
  return {
    started: operator.started.promise,
    notReadyReason: () => operator.notReadyReason(),
    clusters: () => operator.clusters(),
    stop: () => operator.stop(ended),
  }
}

class RunningOperator {
  readonly started = Promise.withResolvers<boolean>()
  readonly #options: OperatorOptions
  readonly #stopped = Promise.withResolvers<undefined>()
  #isStopping = false
  #election: LeaderElection | undefined
  /** Undefined while it waits for leadership. */
  #work: Work | undefined

  constructor(options: OperatorOptions) {
    this.#options = options
  }

  /** Resolves when it has stopped. */
  async run(): Promise<void> {
    const { lease, metrics } = this.#options
    if (lease) while (!this.#isStopping) await this.#lead(lease)
    else {
      metrics.leader(true)
      this.#begin(new Work(this.#options))
      await this.#stopped.promise
      await this.#work?.end()
    }
    this.started.resolve(false)
  }

  notReadyReason(): string | undefined {
    if (this.#isStopping) return 'stopping'
    // One that waits for leadership is as ready as it can be.
    return this.#work?.notReadyReason()
  }

  clusters(): ClusterConditions[] {
    return this.#work?.clusters() ?? []
  }

  async stop(ended: Promise<void>): Promise<void> {
    this.#isStopping = true
    this.#stopped.resolve(undefined)
    // Who waits for leadership need not wait any longer; who has it gives it up when nothing is written any more.
    if (!this.#work) await this.#election?.stop()
    await ended
  }

  /** Once: until the leadership is lost, or everything is to stop. */
  async #lead(lease: ObjectKey): Promise<void> {
    const { client, logger, cutRequests } = this.#options
    const election = startLeaderElection({ ...this.#options, lease })
    this.#election = election
    if (await election.elected) {
      this.#begin(new Work({ ...this.#options, client: leaderClient(client, () => election.isLeader()) }))
      const reason = await Promise.race([election.lost, this.#stopped.promise])
      const ended = this.#work!.end()
      if (reason !== undefined) {
        // What was sent and not answered yet is not to take effect when somebody else is at work.
        cutRequests?.()
        logger.warn('Stopping all work, to contend for the leadership again', { reason })
      }
      await ended
      this.#work = undefined
    }
    await election.stop()
  }

  #begin(work: Work): void {
    this.#work = work
    void work.started.then((started) => started && this.started.resolve(true))
  }
}
