// Three members with a journal each, elected through a ZooKeeper ensemble of their own, or by a Lease of the stand-in's API server.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { BrokerConfigInput } from '../../../broker/config/schema.ts'
import { freePorts } from '../../../hack/ports/free-ports.ts'
import type { BrokerMember } from '../../support/broker-process.ts'
import { SmallVolume } from '../../support/loop-volume.ts'
import { MemberNetworks } from '../../support/member-networks.ts'
import { RealZooKeepers, whyNoZooKeeper } from '../../support/zookeeper-ensemble.ts'
import type { FencingGroup } from '../fencing-group.ts'
import type { ReplicatedStoreName, Scene } from './fault.ts'
import { copyFaults } from './journal-copies.ts'
import { LeaseService } from './lease-service.ts'

export { whyNoZooKeeper }

export const replicatedMembers = 3
const members = Array.from({ length: replicatedMembers }, (_, member) => member)

const volumeMiB = 48
const wholeMs = 120_000
const pollMs = 20

/** What proposes the active. */
export interface ElectionService {
  storeConfig(addresses: readonly string[]): object
  readonly env: NodeJS.ProcessEnv
  stop(): Promise<void>
}

interface Parts {
  readonly election: ElectionService
  readonly directory: string
  readonly ports: readonly number[]
  readonly networks: MemberNetworks | undefined
  readonly volumes: readonly SmallVolume[]
}

export interface ReplicatedTerms {
  readonly name: ReplicatedStoreName
  readonly scene: Scene
  readonly directory: string
}

export class ReplicatedStore {
  /** A member that says nothing is taken for gone after about this time. */
  readonly leaseMs = 2000
  readonly name: ReplicatedStoreName
  readonly #parts: Parts

  static async start({ name, scene, directory }: ReplicatedTerms): Promise<ReplicatedStore> {
    const networks = scene.networks ? new MemberNetworks(replicatedMembers) : undefined
    const volumes: SmallVolume[] = []
    try {
      if (scene.smallVolume) for (const _ of members) volumes.push(new SmallVolume(volumeMiB))
      const host = networks?.services ?? '127.0.0.1'
      const election = name === 'replicated' ? await ZooKeepers.start(host) : await LeaseService.start(host, directory)
      const ports = await freePorts(replicatedMembers)
      return new ReplicatedStore(name, { election, directory, ports, networks, volumes })
    } catch (error) {
      for (const volume of volumes) volume.remove()
      networks?.remove()
      throw error
    }
  }

  private constructor(name: ReplicatedStoreName, parts: Parts) {
    this.name = name
    this.#parts = parts
  }

  get zooKeepers(): RealZooKeepers {
    const { election } = this.#parts
    if (election instanceof ZooKeepers) return election.servers
    throw new Error('This group is not elected by ZooKeeper')
  }

  volumeOf(member: BrokerMember): SmallVolume {
    return this.#parts.volumes[indexOf(member)]!
  }

  /** What a member of this number is started with. */
  placeOf(member: number): {
    readonly config: BrokerConfigInput
    readonly dataDirectory: string
    readonly host?: string
    readonly inside?: readonly string[]
    readonly env: NodeJS.ProcessEnv
  } {
    const { networks, election } = this.#parts
    return {
      config: this.#configOf(member),
      dataDirectory: this.#dataDirectoryOf(member),
      env: election.env,
      ...(networks && { host: networks.addressOf(member), inside: networks.enter(member) }),
    }
  }

  /** Nothing gets through between these members and whatever elects. */
  cutFromElection(...cut: readonly BrokerMember[]): void {
    for (const member of cut) this.#networks.cutFromServices(indexOf(member))
  }

  /** Nothing gets through between this member and the others, nor whatever elects. Clients reach it. */
  cutOff(member: BrokerMember): void {
    const index = indexOf(member)
    for (const other of members) if (other !== index) this.#networks.cutBetween(index, other)
    this.cutFromElection(member)
  }

  /** Nothing gets through between any two members. */
  cutApart(): void {
    for (const one of members) for (const other of members) if (one < other) this.#networks.cutBetween(one, other)
  }

  mend(): void {
    this.#networks.mend()
  }

  /** Of a member that has ended. */
  loseDisk(member: BrokerMember): void {
    rmSync(this.#dataDirectoryOf(indexOf(member)), { recursive: true })
  }

  /** Resolves when each member has all that the active has, and counts. */
  async whole(group: FencingGroup): Promise<void> {
    const deadline = Date.now() + wholeMs
    for (;;) {
      const all = await Promise.all(group.members.map((member) => member.snapshot()))
      const reports = all.map((snapshot) => snapshot?.replication)
      const seen = all.find((snapshot) => snapshot?.role === 'Active')?.replication?.members
      const others = replicatedMembers - 1
      const inSync = seen?.filter((member) => member.connected && member.inSync).length
      if (inSync === others && reports.every((report) => report?.inSync && report.isVoter)) return
      if (Date.now() > deadline)
        throw new Error(`Not every member is in sync after ${wholeMs} ms: ${JSON.stringify(reports)}`)
      await new Promise((resolve) => setTimeout(resolve, pollMs))
    }
  }

  /** Of members that have ended, whole before. */
  copyFaults(): string[] {
    return copyFaults(members.map((member) => join(this.#dataDirectoryOf(member), 'journal')))
  }

  async stop(): Promise<void> {
    const { election, networks, volumes } = this.#parts
    await election.stop()
    for (const volume of volumes) volume.remove()
    networks?.remove()
  }

  get #networks(): MemberNetworks {
    const { networks } = this.#parts
    if (networks) return networks
    throw new Error('Members have no networks of their own in this scene')
  }

  #dataDirectoryOf(member: number): string {
    const { directory, volumes } = this.#parts
    return join(volumes[member]?.directory ?? directory, `data-${member}`)
  }

  #hostOf(member: number): string {
    return this.#parts.networks?.addressOf(member) ?? '127.0.0.1'
  }

  #configOf(member: number): BrokerConfigInput {
    const { ports, election } = this.#parts
    const addresses = members.map((each) => `${this.#hostOf(each)}:${ports[each]}`)
    return {
      store: {
        type: 'Replicated',
        replicas: replicatedMembers,
        bind: `tcp://${addresses[member]}`,
        hostname: this.#hostOf(member),
        securityToken: 'of the test',
        maxFileLength: '1Mi',
        ...election.storeConfig(addresses),
      },
    }
  }
}

const indexOf = ({ options }: BrokerMember): number => Number(options.member.split('-').at(-1))

class ZooKeepers implements ElectionService {
  readonly env = {}
  readonly servers: RealZooKeepers

  static async start(host: string): Promise<ZooKeepers> {
    return new ZooKeepers(await RealZooKeepers.start(3, host))
  }

  private constructor(servers: RealZooKeepers) {
    this.servers = servers
  }

  storeConfig(): object {
    return { zkAddress: this.servers.address, zkPath: '/flotilla/store-faults', zkSessionTimeout: '2s' }
  }

  stop(): Promise<void> {
    return this.servers.stop()
  }
}
