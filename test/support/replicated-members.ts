// A replicated store as it is run: broker processes with a data directory each, which a ZooKeeper elects.
import { join } from 'node:path'
import type { BrokerConfigInput } from '../../broker/config/schema.ts'
import type { ReplicationSnapshot, BrokerSnapshot } from '../../broker/management/contract.ts'
import { freePorts } from '../../hack/ports/free-ports.ts'
import { BrokerMember, settled, type MemberOptions } from './broker-process.ts'

type ReplicatedStoreInput = Extract<BrokerConfigInput['store'], { type: 'Replicated' }>

/** Besides where this member listens for the others. */
export interface ReplicatedStoreTerms extends Omit<ReplicatedStoreInput, 'type' | 'bind'> {
  /** Where this member listens for the others. */
  readonly port: number
  readonly zkAddress: string
}

export const replicatedStore = ({ port, ...more }: ReplicatedStoreTerms): ReplicatedStoreInput => ({
  type: 'Replicated',
  bind: `tcp://127.0.0.1:${port}`,
  hostname: '127.0.0.1',
  securityToken: 'of the test',
  ...more,
})

export interface ReplicatedMembersOptions {
  readonly directory: string
  readonly zkAddress: string
  readonly count?: number
  /** Of all members. */
  readonly store?: Partial<Omit<ReplicatedStoreInput, 'zkAddress'>>
  readonly config?: BrokerConfigInput
  /** What one has that the others have not. */
  readonly ofMember?: (index: number) => OwnOptions
}

interface OwnOptions extends Partial<MemberOptions> {
  readonly store?: Partial<Omit<ReplicatedStoreInput, 'zkAddress'>>
}

export class ReplicatedMembers {
  readonly members: readonly BrokerMember[]

  private constructor(members: readonly BrokerMember[]) {
    this.members = members
  }

  /** None of them is started. */
  static async prepare(options: ReplicatedMembersOptions): Promise<ReplicatedMembers> {
    const { directory, zkAddress, count = 3, store, config, ofMember = (): OwnOptions => ({}) } = options
    const ports = await freePorts(3 * count)
    const members = Array.from({ length: count }, (_, index) => {
      const { store: ownStore, ...own } = ofMember(index)
      const port = ports[2 * count + index]!
      return new BrokerMember({
        member: `member-${index}`,
        directory,
        dataDirectory: join(directory, `data-${index}`),
        openwirePort: ports[index]!,
        adminPort: ports[count + index]!,
        ...own,
        config: { ...config, store: replicatedStore({ port, zkAddress, ...store, ...ownStore }) },
      })
    })
    return new ReplicatedMembers(members)
  }

  static async start(options: ReplicatedMembersOptions): Promise<ReplicatedMembers> {
    const group = await ReplicatedMembers.prepare(options)
    for (const member of group.members) member.start()
    return group
  }

  get failoverUrl(): string {
    return `failover:(${this.members.map(({ url }) => url).join(',')})`
  }

  /** One is active, and all others have what it has, and count: one that came when the others had begun does so a moment later. */
  async inSync(members = this.members): Promise<BrokerMember> {
    const active = await settled(members)
    await Promise.all(
      members.map((member) => untilReplication(member, 'is in sync and counts', (told) => told.inSync && told.isVoter)),
    )
    return active
  }

  others(...members: readonly BrokerMember[]): BrokerMember[] {
    return this.members.filter((member) => !members.includes(member))
  }

  async stop(): Promise<void> {
    await Promise.all(this.members.map((member) => member.stop('SIGKILL')))
  }
}

export async function snapshotOf({ options }: BrokerMember): Promise<BrokerSnapshot | undefined> {
  try {
    const signal = AbortSignal.timeout(2000)
    const answer = await fetch(`http://127.0.0.1:${options.adminPort}/snapshot`, { signal })
    return (await answer.json()) as BrokerSnapshot
  } catch {
    return undefined
  }
}

/** Waits until what the member tells of its copy is so; rejects with what it told last, and its log. */
export async function untilReplication(
  member: BrokerMember,
  what: string,
  holds: (told: ReplicationSnapshot) => boolean,
  timeoutMs = 120_000,
): Promise<ReplicationSnapshot> {
  const deadline = Date.now() + timeoutMs
  for (;;) {
    const told = (await snapshotOf(member))?.replication
    if (told && holds(told)) return told
    if (Date.now() > deadline) {
      const log = member.log.slice(-30).join('')
      throw new Error(
        `${member.options.member}: not so after ${timeoutMs} ms: ${what}: ${JSON.stringify(told)}\n${log}`,
      )
    }
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
