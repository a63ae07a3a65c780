// The store that is copied between members: the journal's store, whose writes go to the others and whose answers wait for a quorum of them; its
// lock is the election.
import { FlotillaError } from '../base/errors.ts'
import { parseDuration, parseSize } from '../config/duration-and-size.ts'
import { parseBind, parseSyncModes } from '../config/replicated-schema.ts'
import type { BrokerConfig } from '../config/schema.ts'
import { unsyncedDisk } from '../disk/unsynced-disk.ts'
import { ElectionLock } from '../lock/election/election-lock.ts'
import { parseZooKeeperAddress, zooKeeperAddressHint } from '../lock/election/zookeeper/address.ts'
import { SocketZooKeeperClient } from '../lock/election/zookeeper/socket-zookeeper-client.ts'
import { ZooKeeperElector } from '../lock/election/zookeeper/zookeeper-elector.ts'
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
  { securityToken, zkPassword, journalDirectory }: ReplicatedParts,
): Storage {
  const { member, hostName, disk, clock, random, logger } = parts
  const { replicas, weight, zkPath } = config
  const demands = syncDemands(parseSyncModes(config.sync)!)
  const sessionTimeoutMs = parseDuration(config.zkSessionTimeout)!
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
    contactMs: sessionTimeoutMs,
    clock,
    logger,
  })
  const client = new SocketZooKeeperClient({
    address: addressOf(config.zkAddress),
    password: zkPassword,
    sessionTimeoutMs,
    clock,
    random,
  })
  const elector = new ZooKeeperElector({
    client,
    path: zkPath,
    brokerName,
    member,
    instance: makeNonce(),
    weight,
    replicas,
    clock,
    logger,
  })
  const lock = new ElectionLock({ kind: 'ZooKeeper', brokerName, member, replicator, elector, logger })
  const store = new JournalStore({
    disk: demands.localDisk ? disk : unsyncedDisk(disk),
    directory: journalDirectory,
    clock,
    random,
    logger,
    maxFileLength,
    limitBytes: parseSize(config.limit)!,
    tap: replicator.tap,
    confirmation: lock.confirmation,
  })
  return { kind: config.type, lock, store, temp }
}

function addressOf(text: string): NonNullable<ReturnType<typeof parseZooKeeperAddress>> {
  const address = parseZooKeeperAddress(text)
  if (address) return address
  throw new FlotillaError('ZOOKEEPER_ADDRESS', `Cannot use zkAddress ${text}: expected ${zooKeeperAddressHint}`, {
    fields: { zkAddress: text },
  })
}
