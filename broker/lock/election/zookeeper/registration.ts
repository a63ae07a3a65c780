// Makes this process a member of the group below zkPath, or says why it may not be: the places are counted, each name is one
// process, and all are of one broker.
//
// Of an earlier process of the same name the node may still be there, which ZooKeeper removes when its session ends. Where that process is known to be
// over, its node is removed at once. Whether any other lives is found out by asking: a newcomer writes its instance into members/<name>, and whoever lives under that name answers in its own node.
import { ElectorRefusedError } from '../elector-refused-error.ts'
import type { ZooKeeperClient } from './client.ts'
import { childPath, isMemberNode, type ElectionPaths } from './election-paths.ts'
import { encodeNode, parseMemberNode, parseRegistration, type MemberNode, type Registration } from './member-node.ts'
import { unlessMissing, zooKeeperCodeOf } from './zookeeper-trouble.ts'

export interface RegistrationRequest {
  readonly client: ZooKeeperClient
  readonly paths: ElectionPaths
  /** Its node, as it is to be. */
  readonly own: MemberNode
  /** Instance of a process of this member that is over. */
  readonly former: string | undefined
  /** An earlier process may be gone, or has answered. */
  readonly changed: () => void
}

export type RegistrationOutcome = { readonly node: string } | { readonly waitingFor: string }

/** Rejects with ElectorRefusedError. */
export async function register(request: RegistrationRequest): Promise<RegistrationOutcome> {
  const { client, paths, own } = request
  // By itself: what lies above is shared with others, this is not.
  await client.ensure(paths.root)
  await client.ensure(paths.members)
  await client.ensure(paths.election)
  await takePlace(request)
  const rival = await findRival(request)
  if (rival?.contested === own.instance) throw nameInUse(own, rival, paths)
  if (rival)
    return {
      waitingFor: `ZooKeeper still has the session of an earlier process of member ${own.member}; this one takes part as soon as that has timed out`,
    }
  const path = await client.create(paths.nodes, encodeNode(own), 'ephemeral_sequential')
  return { node: path.slice(path.lastIndexOf('/') + 1) }
}

export const nameInUse = (own: MemberNode, rival: MemberNode, paths: ElectionPaths): ElectorRefusedError =>
  new ElectorRefusedError(
    `Cannot take part in the election at zkPath ${paths.root} as member ${own.member}: another process, at ${rival.address}, does so under that name. Give each member a name of its own`,
    { fields: { member: own.member, address: rival.address } },
  )

async function takePlace({ client, paths, own }: RegistrationRequest): Promise<void> {
  const present = await registered(client, paths, own.id)
  for (const [name, { id }] of present)
    if (id !== own.id)
      throw new ElectorRefusedError(
        `Cannot take part in the election at zkPath ${paths.root} as a member of broker ${own.id}: it is that of broker ${id} (member ${name} is registered there). Give each broker a zkPath of its own`,
        { fields: { zkPath: paths.root, brokerName: own.id, registered: id } },
      )
  const path = childPath(paths.members, own.member)
  const data = encodeNode({ id: own.id, instance: own.instance })
  if (present.has(own.member)) return void (await client.set(path, data, -1))
  if (present.size >= own.replicas) throw full(own, [...present.keys()], paths)
  try {
    await client.create(path, data, 'persistent')
  } catch (error) {
    if (zooKeeperCodeOf(error) !== 'NODE_EXISTS') throw error
    await client.set(path, data, -1)
  }
  // Of several that want the last place at the same moment none has it; whoever is started again does.
  const now = await client.children(paths.members)
  if (now.length <= own.replicas) return
  await unlessMissing(client.delete(path, -1))
  throw full(
    own,
    now.filter((name) => name !== own.member),
    paths,
  )
}

function full(own: MemberNode, present: readonly string[], paths: ElectionPaths): ElectorRefusedError {
  const list = present.toSorted().join(', ')
  return new ElectorRefusedError(
    `Cannot take part in the election at zkPath ${paths.root} as member ${own.member}: it has replicas: ${own.replicas}, and as many members are registered: ${list}. Where one of them is gone for good, delete its node ${paths.members}/<name>, then start this member again`,
    { fields: { member: own.member, replicas: own.replicas, registered: present } },
  )
}

async function registered(
  client: ZooKeeperClient,
  paths: ElectionPaths,
  ownId: string,
): Promise<ReadonlyMap<string, Registration>> {
  const found = new Map<string, Registration>()
  for (const name of await client.children(paths.members)) {
    const node = await unlessMissing(client.get(childPath(paths.members, name)))
    // What nobody can read takes a place nevertheless: somebody has put it there.
    if (node) found.set(name, parseRegistration(node.data) ?? { id: ownId, instance: '' })
  }
  return found
}

/** Another process of the same name, dead or alive. */
async function findRival({
  client,
  paths,
  own,
  former,
  changed,
}: RegistrationRequest): Promise<MemberNode | undefined> {
  let rival: MemberNode | undefined
  for (const name of (await client.children(paths.root)).filter(isMemberNode)) {
    const path = childPath(paths.root, name)
    const seen = await unlessMissing(client.get(path))
    const node = seen && parseMemberNode(seen.data)
    if (!node || node.id !== own.id) continue
    if (node.member !== own.member) checkReplicas(own, node, paths)
    // Of a session that has ended, or will.
    else if (node.instance === own.instance || node.instance === former) await unlessMissing(client.delete(path, -1))
    else if (await unlessMissing(client.get(path, changed))) rival = node
  }
  return rival
}

function checkReplicas(own: MemberNode, other: MemberNode, paths: ElectionPaths): void {
  if (own.replicas === other.replicas) return
  throw new ElectorRefusedError(
    `Cannot take part in the election at zkPath ${paths.root} as member ${own.member}: it has replicas: ${own.replicas}, and member ${other.member} has replicas: ${other.replicas}. All members need the same; change it while none of them runs`,
    { fields: { member: own.member, replicas: own.replicas, other: other.member, otherReplicas: other.replicas } },
  )
}
