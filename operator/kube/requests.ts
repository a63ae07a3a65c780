// Builds paths and queries of Kubernetes API requests.
import type { ListOptions, ResourceType } from './port.ts'

type Query = Readonly<Record<string, string | number | boolean | undefined>>

/** `/apis/apps/v1/namespaces/shop/statefulsets`; without a namespace the collection over all of them. */
export function buildCollectionPath(type: ResourceType, namespace: string | undefined): string {
  const api = type.apiVersion.includes('/') ? `/apis/${type.apiVersion}` : `/api/${type.apiVersion}`
  const scope = type.namespaced && namespace ? `/namespaces/${encodeURIComponent(namespace)}` : ''
  return `${api}${scope}/${type.plural}`
}

export function buildObjectPath(
  type: ResourceType,
  key: { readonly namespace?: string | undefined; readonly name: string },
  subresource?: string,
): string {
  const path = `${buildCollectionPath(type, key.namespace)}/${encodeURIComponent(key.name)}`
  return subresource === undefined ? path : `${path}/${subresource}`
}

/** `?a=1&b=x`, leaving out what is undefined. */
export function buildQuery(query: Query): string {
  const parts = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) if (value !== undefined) parts.set(name, String(value))
  const text = parts.toString()
  return text === '' ? '' : `?${text}`
}

export const selectorQuery = ({ labelSelector, fieldSelector }: ListOptions): Query => ({
  labelSelector,
  fieldSelector,
})
