// Members that elect by a Lease.
import type { Clock } from '../../broker/base/clock.ts'
import { silentLogger } from '../../broker/base/logger.ts'
import type { LeaseClient } from '../../broker/lock/election/kubernetes/lease-client.ts'
import { LeaseElector, type LeaseElectorOptions } from '../../broker/lock/election/kubernetes/lease-elector.ts'
import type { ElectorRequest } from '../contract/elector.ts'

export class LeaseMembers {
  readonly #clock: Clock
  readonly #openClient: (member: string) => LeaseClient
  readonly #weights = new Map<string, number>()
  readonly #clients = new Map<string, LeaseClient>()
  #processes = 0

  constructor(clock: Clock, openClient: (member: string) => LeaseClient) {
    this.#clock = clock
    this.#openClient = openClient
  }

  electorOf({ member, weight, others }: ElectorRequest, options: Partial<LeaseElectorOptions> = {}): LeaseElector {
    const client = this.#openClient(member)
    const weights = this.#weights.set(member, weight)
    this.#clients.set(member, client)
    return new LeaseElector({
      client,
      brokerName: 'orders',
      member,
      instance: `process-${++this.#processes}`,
      replicas: 3,
      members: ['a', 'b', 'c'].map((name) => ({
        member: name,
        address: `${name}.example:61619`,
        // All members have the same configuration; the contract tells the weights one after the other.
        get weight() {
          return weights.get(name) ?? 1
        },
      })),
      durationMs: 5000,
      renewIntervalMs: 1000,
      positions: () => Promise.resolve(others()),
      clock: this.#clock,
      logger: silentLogger,
      ...options,
    })
  }

  /** It says nothing any more. */
  kill(member: string): void {
    this.#clients.get(member)!.close()
  }
}
