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

/** The operator on this node leads; each node has one. */
export async function leadOn(cluster: NodeCluster, node: string): Promise<void> {
  const leader = await leaderOf(cluster)
  if ((await nodeOf(cluster, leader)) === node) return
  await inOperators(cluster, 'delete', 'pod', leader)
  await inOperators(cluster, 'rollout', 'status', 'deployment/flotilla', timeout)
  while ((await nodeOf(cluster, await leaderOf(cluster))) !== node)
    await new Promise((resolve) => setTimeout(resolve, betweenLooksMs))
}

/** After a node was away both may be on the other one. */
export async function spreadOperators(cluster: NodeCluster): Promise<void> {
  await inOperators(cluster, 'rollout', 'restart', 'deployment/flotilla')
  await inOperators(cluster, 'rollout', 'status', 'deployment/flotilla', timeout)
}

async function leaderOf(cluster: NodeCluster): Promise<string> {
  const path = 'jsonpath={.spec.holderIdentity}'
  return (await inOperators(cluster, 'get', 'lease/flotilla', '--output', path)).split('_')[0]!
}

/** Undefined when there is no such pod; nobody leads for a moment when a leader ends. */
async function nodeOf(cluster: NodeCluster, pod: string): Promise<string | undefined> {
  const path = 'jsonpath={.spec.nodeName}'
  if (pod !== '') return inOperators(cluster, 'get', `pod/${pod}`, '--ignore-not-found', '--output', path)
}

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
