// The chart, the examples and the volumes that their claims get, on a cluster with nodes.
import { chownSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { brokerUser, type NodeCluster } from './nodes.ts'

const root = join(import.meta.dirname, '..', '..')
const operatorNamespace = 'flotilla-system'
const timeout = '--timeout=300s'
const betweenLooksMs = 200

/** Returns when the operator is ready. */
export async function installChart(cluster: NodeCluster): Promise<void> {
  const image = ['repository=flotilla', 'tag=dev', 'pullPolicy=Never'].flatMap((one) => ['--set', `image.${one}`])
  const release = ['flotilla', join(root, 'charts', 'flotilla'), '--namespace', operatorNamespace]
  await cluster.exec('helm', 'install', ...release, '--create-namespace', '--wait', ...image)
}

/** kubectl in the operators' namespace. */
export const inOperators = (cluster: NodeCluster, ...args: string[]): Promise<string> =>
  cluster.kubectl('--namespace', operatorNamespace, ...args)

/** Each node has an operator, and the one on this node leads. */
export async function leadOn(cluster: NodeCluster, node: string): Promise<void> {
  await spreadOperators(cluster)
  for (;;) {
    const leader = await leaderOf(cluster)
    if (leader === '') await new Promise((resolve) => setTimeout(resolve, betweenLooksMs))
    else if ((await nodeOf(cluster, leader)) === node) return
    // The one on the other node follows it, or the one that comes in its place: then once more.
    else await inOperators(cluster, 'delete', 'pod', leader, '--ignore-not-found')
  }
}

/** After a node was away both may be on the other one. */
async function spreadOperators(cluster: NodeCluster): Promise<void> {
  await inOperators(cluster, 'rollout', 'restart', 'deployment/flotilla')
  await inOperators(cluster, 'rollout', 'status', 'deployment/flotilla', timeout)
  // The old ones take some moments to go.
  while ((await operatorNodes(cluster)).length > 2) await new Promise((resolve) => setTimeout(resolve, betweenLooksMs))
  const [one, other] = await operatorNodes(cluster)
  if (one === other) throw new Error(`Both operators are on ${one}`)
}

const operatorNodes = async (cluster: NodeCluster): Promise<string[]> =>
  (await inOperators(cluster, 'get', 'pods', '--output', 'jsonpath={.items[*].spec.nodeName}')).split(' ')

/** Empty while nobody leads. */
async function leaderOf(cluster: NodeCluster): Promise<string> {
  const path = 'jsonpath={.spec.holderIdentity}'
  return (await inOperators(cluster, 'get', 'lease/flotilla', '--output', path)).split('_')[0]!
}

/** Empty when there is no such pod. */
const nodeOf = (cluster: NodeCluster, pod: string): Promise<string> =>
  inOperators(cluster, 'get', `pod/${pod}`, '--ignore-not-found', '--output', 'jsonpath={.spec.nodeName}')

export const applyExample = (cluster: NodeCluster, name: string): Promise<string> =>
  cluster.kubectl('apply', '--filename', join(root, 'examples', `${name}.yaml`))

/** A volume for claims that name no class: a directory of the machine, which all nodes see. */
export async function makeVolume(
  cluster: NodeCluster,
  name: string,
  accessMode: 'ReadWriteMany' | 'ReadWriteOnce',
): Promise<void> {
  const path = join(cluster.shared, name)
  mkdirSync(path)
  chownSync(path, brokerUser, brokerUser)
  await cluster.apply({
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name },
    spec: {
      capacity: { storage: '1Gi' },
      accessModes: [accessMode],
      storageClassName: '',
      hostPath: { path, type: 'Directory' },
    },
  })
}
