// Members that elect by a ZooKeeper in memory, whose time the test owns.
import { silentLogger } from '../../broker/base/logger.ts'
import type { ManualClock } from '../../broker/base/manual-clock.ts'
import {
  ZooKeeperElector,
  type ZooKeeperElectorOptions,
} from '../../broker/lock/election/zookeeper/zookeeper-elector.ts'
import type { ElectorRequest } from '../contract/elector.ts'
import type { MemoryZooKeeper, MemoryZooKeeperClient } from './memory-zookeeper.ts'
import { turns } from './turns.ts'

export class ZooKeeperMembers {
  readonly zooKeeper: MemoryZooKeeper
  readonly #clock: ManualClock
  readonly #clients = new Map<string, MemoryZooKeeperClient>()
  #processes = 0

  constructor(clock: ManualClock, zooKeeper: MemoryZooKeeper) {
    this.#clock = clock
    this.zooKeeper = zooKeeper
  }

  electorOf(
    { member, weight }: Omit<ElectorRequest, 'others'>,
    options: Partial<ZooKeeperElectorOptions> = {},
  ): ZooKeeperElector {
    const client = this.zooKeeper.client()
    this.#clients.set(member, client)
    return new ZooKeeperElector({
      client,
      path: '/default',
      brokerName: 'orders',
      member,
      instance: `process ${++this.#processes}`,
      replicas: 3,
      weight,
      clock: this.#clock,
      logger: silentLogger,
      ...options,
    })
  }

  /** Of the process that was last made under this name. */
  clientOf(member: string): MemoryZooKeeperClient {
    return this.#clients.get(member)!
  }

  async elapse(): Promise<void> {
    await turns(3)
    this.#clock.advance(25)
  }
}
