// The store that is copied between members: the journal's store, whose writes go to the others and whose answers wait for a quorum of them; its
// lock is the election.
import { assert } from '../base/assert.ts'
import { FlotillaError } from '../base/errors.ts'
import { parseDuration, parseSize } from '../config/duration-and-size.ts'
import { parseBind, parseSyncModes, whyNotMember } from '../config/replicated-schema.ts'
import type { BrokerConfig } from '../config/schema.ts'
import { lateSyncedDisk } from '../disk/late-synced-disk.ts'
import { claimDirectory } from '../lock/file/directory-claim.ts'
import { succeedProcess } from './former-process.ts'
import { ElectionLock } from '../lock/election/election-lock.ts'
import type { Elector } from '../lock/election/elector.ts'
import { LeaseElector } from '../lock/election/kubernetes/lease-elector.ts'
import { parseZooKeeperAddress, zooKeeperAddressHint } from '../lock/election/zookeeper/address.ts'
import { SocketZooKeeperClient } from '../lock/election/zookeeper/socket-zookeeper-client.ts'
import { ZooKeeperElector } from '../lock/election/zookeeper/zookeeper-elector.ts'
import { replicationReport } from '../replication/report.ts'
import { Replicator } from '../replication/replicator.ts'
import { syncDemands } from '../replication/sync-mode.ts'
import { TcpTransport } from '../replication/tcp/tcp-transport.ts'
import { JournalStore } from '../store/journal/journal-store.ts'
import type { ReplicatedParts, StorageParts } from './storage-parts.ts'
import type { Storage } from './storage.ts'

type ReplicatedConfig = Extract<BrokerConfig['store'], { type: 'Replicated' }>

export function openReplicated(
  brokerName: string,
  config: ReplicatedConfig,
  temp: Storage['temp'],
  parts: StorageParts,
  secrets: ReplicatedParts,
): Storage {
  const { securityToken, hostName, journalDirectory } = secrets
  const { member, disk, clock, random, logger } = parts
  const { replicas } = config
  refuseOther(member, config)
  const demands = syncDemands(parseSyncModes(config.sync)!)
  const contactMs = parseDuration(config.lease?.duration ?? config.zkSessionTimeout)!
  const maxFileLength = parseSize(config.maxFileLength)!
  const makeNonce = (): string =>
    Array.from({ length: 8 }, () => Math.floor(random.next() * 2 ** 32).toString(16)).join('')
  const transport = new TcpTransport({
    ...parseBind(config.bind)!,
    member,
    brokerName,
    replicas,
    token: securityToken,
    hostName: config.hostname ?? hostName,
    makeNonce,
    clock,
    random,
    logger,
  })
  const replicator = new Replicator({
    member,
    replicas,
    demands,
    disk,
    directory: journalDirectory,
    maxFileLength,
    transport,
    contactMs,
    clock,
    logger,
  })
  const instance = makeNonce()
  let former: string | undefined
  const elector = electorOf({ brokerName, config, parts, secrets, replicator, instance, former: () => former })
  const kind = config.lease ? 'KubernetesLease' : 'ZooKeeper'
  const claimData = async (): Promise<() => void> => {
    const { dataDirectory: directory } = parts
    const unclaim = await claimDirectory({ ...parts, directory })
    former = await succeedProcess(disk, directory, instance, logger)
    return unclaim
  }
  const lock = new ElectionLock({
    kind,
    brokerName,
    member,
    replicator,
    elector,
    logger,
    troubleAfterMs: 2 * contactMs,
    claimData,
  })
  const store = new JournalStore({
    disk: demands.localDisk ? disk : lateSyncedDisk(disk),
    directory: journalDirectory,
    clock,
    random,
    logger,
    maxFileLength,
    limitBytes: parseSize(config.limit)!,
    tap: replicator.tap,
    followsOwnCopy: true,
    confirmation: lock.confirmation,
  })
  const replication: Storage['replication'] = () =>
    replicationReport(
      replicator.status,
      replicas,
      lock.trouble,
      config.lease ? 'ApiServerUnreachable' : 'ZooKeeperUnreachable',
    )
  return { kind: config.type, lock, store, temp, replication }
}

interface ElectorParts {
  readonly brokerName: string
  readonly config: ReplicatedConfig
  readonly parts: StorageParts
  readonly secrets: ReplicatedParts
  readonly replicator: Replicator
  readonly instance: string
  readonly former: () => string | undefined
}

function electorOf({ brokerName, config, parts, secrets, replicator, instance, former }: ElectorParts): Elector {
  const { member, clock, random, logger } = parts
  const { replicas, weight, zkPath, lease, members } = config
  const common = { brokerName, member, instance, former, replicas, clock, logger }
  if (lease) {
    assert(secrets.leaseClient, 'An election by a Lease has a client of the API server')
    return new LeaseElector({
      ...common,
      client: secrets.leaseClient,
      members: (members ?? []).map(({ name, address }) => ({ member: name, address })),
      durationMs: parseDuration(lease.duration)!,
      renewIntervalMs: parseDuration(lease.renewInterval)!,
      positions: () => replicator.positions(),
    })
  }
  const client = new SocketZooKeeperClient({
    address: addressOf(secrets.zkAddress),
    password: secrets.zkPassword,
    tls: secrets.zkTls,
    sessionTimeoutMs: parseDuration(config.zkSessionTimeout)!,
    clock,
    random,
  })
  return new ZooKeeperElector({ ...common, client, path: zkPath, weight })
}

function refuseOther(member: string, config: ReplicatedConfig): void {
  const why = whyNotMember(member, config)
  if (why !== undefined) throw new FlotillaError('REPLICATION_CONFIG', why, { fields: { member } })
}

function addressOf(text: string): NonNullable<ReturnType<typeof parseZooKeeperAddress>> {
  const address = parseZooKeeperAddress(text)
  if (address) return address
  throw new FlotillaError('ZOOKEEPER_ADDRESS', `Cannot use zkAddress ${text}: expected ${zooKeeperAddressHint}`, {
    fields: { zkAddress: text },
  })
}
