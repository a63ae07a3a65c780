// Reads a cluster and its objects from caches that watches keep current: a look costs the API server nothing. Objects
// are found by the label of their cluster, in time that does not grow with the number of clusters.
import type { BrokerCluster } from '../api/broker-cluster.ts'
import { labels } from '../api/names.ts'
import { formatKey } from '../controller/object-key.ts'
import type { Reflector } from '../controller/reflector.ts'
import type { ObjectChange } from '../controller/resource-cache.ts'
import type { KubeObject, ObjectKey } from '../kube/port.ts'
import { childTypes, type ClusterObjects, type ClusterReader } from './cluster-reader.ts'

/** The kinds of objects, by the names that ClusterObjects gives them. */
export type ChildKind = keyof ClusterObjects

export class CachedClusterReader implements ClusterReader {
  readonly #clusters: readonly Reflector[]
  readonly #index = new Map<string, Map<string, KubeObject>>()

  /** Reflectors of the same kind are of different namespaces. */
  constructor(clusters: readonly Reflector[], children: readonly { kind: ChildKind; reflector: Reflector }[]) {
    this.#clusters = clusters
    for (const { kind, reflector } of children) reflector.subscribe((change) => this.#receive(kind, change))
  }

  readCluster(key: ObjectKey): Promise<BrokerCluster | undefined> {
    for (const { cache } of this.#clusters) {
      const found = cache.get(key)
      if (found) return Promise.resolve(found as unknown as BrokerCluster)
    }
    return Promise.resolve(undefined)
  }

  readObjects(key: ObjectKey): Promise<ClusterObjects> {
    const of = (kind: ChildKind): KubeObject[] => [...(this.#index.get(indexKey(kind, key))?.values() ?? [])]
    const kinds = Object.keys(childTypes) as ChildKind[]
    return Promise.resolve(Object.fromEntries(kinds.map((kind) => [kind, of(kind)])) as unknown as ClusterObjects)
  }

  #receive(kind: ChildKind, { type, object, old }: ObjectChange): void {
    // A changed label moves an object to another cluster.
    if (old) this.#remove(kind, old)
    if (type === 'deleted') return
    const key = clusterOf(object)
    if (!key) return
    const found = this.#index.get(indexKey(kind, key))
    if (found) found.set(object.metadata.name, object)
    else this.#index.set(indexKey(kind, key), new Map([[object.metadata.name, object]]))
  }

  #remove(kind: ChildKind, object: KubeObject): void {
    const key = clusterOf(object)
    if (!key) return
    const objects = this.#index.get(indexKey(kind, key))
    objects?.delete(object.metadata.name)
    if (objects?.size === 0) this.#index.delete(indexKey(kind, key))
  }
}

/** The cluster whose label an object carries. */
export function clusterOf({ metadata }: KubeObject): ObjectKey | undefined {
  const name = metadata.labels?.[labels.cluster]
  return name === undefined ? undefined : { namespace: metadata.namespace ?? '', name }
}

const indexKey = (kind: ChildKind, key: ObjectKey): string => `${kind} ${formatKey(key)}`
