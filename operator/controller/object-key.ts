// Names of objects as text, `namespace/name` (`/name` for what has no namespace): keys of the cache and of the queue.
import type { KubeObject, ObjectKey } from '../kube/port.ts'

export const formatKey = (key: ObjectKey): string => `${key.namespace}/${key.name}`

export function parseKey(text: string): ObjectKey {
  const slash = text.indexOf('/')
  return { namespace: text.slice(0, slash), name: text.slice(slash + 1) }
}

export const keyOf = (object: KubeObject): ObjectKey => ({
  namespace: object.metadata.namespace ?? '',
  name: object.metadata.name,
})
