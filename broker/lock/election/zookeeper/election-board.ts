// What all members have put up in ZooKeeper, read again where it has changed.
//
// Nothing is synced before it is read, so that all of it may be some time old, in the order of its changes. That makes an election late or wrong, and does no
// harm: it is written over the version of the last one that was read, and a quorum's promise decides. What is read after a write of one's own
// (registration.ts) is at least as new as that.
import type { ZooKeeperClient } from './client.ts'
import { childPath, isMemberNode, type ElectionPaths } from './election-paths.ts'
import type { SeenMember } from './choose-active.ts'
import { parseElection, parseMemberNode, parseRegistration, type Election, type MemberNode } from './member-node.ts'
import { Watched } from './watched.ts'
import { unlessMissing } from './zookeeper-trouble.ts'

export interface Board {
  /** In the order of their sequences; one of each name. */
  readonly members: readonly SeenMember[]
  readonly election: Election | undefined
  /** Of the election's node: what to compare with when it is set. */
  readonly electionVersion: number
  /** A term was served. */
  readonly isFounded: boolean
  /** Which process has registered last under this member's name. */
  readonly registeredInstance: string | undefined
}

export class ElectionBoard {
  readonly #client: ZooKeeperClient
  readonly #paths: ElectionPaths
  readonly #brokerName: string
  readonly #changed: () => void
  readonly #names: Watched<readonly string[]>
  readonly #election: Watched<Pick<Board, 'election' | 'electionVersion'>>
  readonly #founded: Watched<boolean>
  readonly #registration: Watched<string | undefined>
  readonly #nodes = new Map<string, Watched<MemberNode | undefined>>()

  /** Good for one session: the next one has no watches. Wants nodes that `register` has made. */
  constructor(
    client: ZooKeeperClient,
    paths: ElectionPaths,
    own: { readonly brokerName: string; readonly member: string },
    changed: () => void,
  ) {
    this.#client = client
    this.#paths = paths
    this.#brokerName = own.brokerName
    this.#changed = changed
    this.#names = new Watched((watch) => client.children(paths.root, watch), changed)
    this.#election = new Watched(async (watch) => {
      const { data, stat } = await client.get(paths.election, watch)
      return { election: parseElection(data), electionVersion: stat.version }
    }, changed)
    this.#founded = new Watched(async (watch) => (await client.exists(paths.founded, watch)) !== undefined, changed)
    this.#registration = new Watched(async (watch) => {
      const node = await unlessMissing(client.get(childPath(paths.members, own.member), watch))
      return node && parseRegistration(node.data)?.instance
    }, changed)
  }

  async read(): Promise<Board> {
    const names = (await this.#names.read()).filter(isMemberNode).toSorted()
    for (const name of this.#nodes.keys()) if (!names.includes(name)) this.#nodes.delete(name)
    const members = new Map<string, SeenMember>()
    for (const name of names) {
      const node = await this.#node(name).read()
      if (node?.id === this.#brokerName && !members.has(node.member)) members.set(node.member, { ...node, node: name })
    }
    return {
      members: [...members.values()],
      ...(await this.#election.read()),
      isFounded: await this.#founded.read(),
      registeredInstance: await this.#registration.read(),
    }
  }

  #node(name: string): Watched<MemberNode | undefined> {
    const known = this.#nodes.get(name)
    if (known) return known
    const path = childPath(this.#paths.root, name)
    const node = new Watched(async (watch) => {
      const seen = await unlessMissing(this.#client.get(path, watch))
      return seen && parseMemberNode(seen.data)
    }, this.#changed)
    this.#nodes.set(name, node)
    return node
  }
}
