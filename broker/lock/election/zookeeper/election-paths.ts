// Where things are below zkPath:
//
//   <zkPath>/members/<name>   who belongs to the group; persistent
//   <zkPath>/election         who was elected last; persistent
//   <zkPath>/founded          a term was served; persistent
//   <zkPath>/0…               members that are there; ephemeral and sequential, as ActiveMQ's

export interface ElectionPaths {
  readonly root: string
  readonly members: string
  readonly election: string
  readonly founded: string
  /** In front of the sequence. */
  readonly nodes: string
}

export function electionPaths(zkPath: string): ElectionPaths {
  const root = zkPath.replace(/\/+$/, '')
  return {
    root: root === '' ? '/' : root,
    members: `${root}/members`,
    election: `${root}/election`,
    founded: `${root}/founded`,
    nodes: `${root}/0`,
  }
}

export const childPath = (parent: string, name: string): string => `${parent === '/' ? '' : parent}/${name}`

/** Whether it is the node of a member, from the children of the root: the ten digits are ZooKeeper's. */
export const isMemberNode = (name: string): boolean => /^0\d{10}$/.test(name)
