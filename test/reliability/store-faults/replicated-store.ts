// Three members with a journal each, elected through a ZooKeeper ensemble of their own.
import { join } from 'node:path'
import type { BrokerConfigInput } from '../../../broker/config/schema.ts'
import { freePorts } from '../../../hack/ports/free-ports.ts'
import { replicatedStore } from '../../support/replicated-members.ts'
import { RealZooKeepers, whyNoZooKeeper } from '../../support/zookeeper-ensemble.ts'

export { whyNoZooKeeper }

export const replicatedMembers = 3

export class ReplicatedStore {
  /** A member that says nothing is taken for gone after about this time. */
  readonly leaseMs = 2000
  readonly zooKeepers: RealZooKeepers
  readonly #directory: string
  readonly #ports: readonly number[]

  private constructor(zooKeepers: RealZooKeepers, directory: string, ports: readonly number[]) {
    this.zooKeepers = zooKeepers
    this.#directory = directory
    this.#ports = ports
  }

  static async start(directory: string): Promise<ReplicatedStore> {
    return new ReplicatedStore(await RealZooKeepers.start(), directory, await freePorts(replicatedMembers))
  }

  dataDirectoryOf(member: number): string {
    return join(this.#directory, `data-${member}`)
  }

  configOf(member: number): BrokerConfigInput {
    return {
      store: replicatedStore({
        port: this.#ports[member]!,
        replicas: replicatedMembers,
        zkAddress: this.zooKeepers.address,
        zkPath: '/flotilla/store-faults',
        zkSessionTimeout: `${this.leaseMs}ms`,
        maxFileLength: '1Mi',
      }),
    }
  }

  stop(): Promise<void> {
    return this.zooKeepers.stop()
  }
}
