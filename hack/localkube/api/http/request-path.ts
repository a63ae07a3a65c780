// The addresses of the API: `/api/v1/namespaces/shop/pods/a/log`, `/apis/<group>/<version>/…`.

export interface ResourcePath {
  readonly group: string
  readonly version: string
  readonly namespace: string | undefined
  readonly plural: string
  readonly name: string | undefined
  readonly subresource: string | undefined
}

/** Undefined if the path names no resource (discovery, health, …) or cannot be decoded. */
export function parseResourcePath(path: string): ResourcePath | undefined {
  let parts: string[]
  try {
    parts = path
      .split('/')
      .filter((part) => part !== '')
      .map(decodeURIComponent)
  } catch {
    return undefined
  }
  const root = parts.shift()
  if (root !== 'api' && root !== 'apis') return undefined
  const group = root === 'api' ? '' : (parts.shift() ?? '')
  const version = parts.shift()
  if (version === undefined || parts.length === 0) return undefined
  let namespace: string | undefined
  // `/namespaces/<name>/finalize` and `/status` are subresources of the namespace itself.
  const ofNamespace = parts.length === 3 && (parts[2] === 'status' || parts[2] === 'finalize')
  if (parts[0] === 'namespaces' && parts.length > 2 && !ofNamespace) {
    namespace = parts[1]
    parts = parts.slice(2)
  }
  const [plural, name, subresource, ...rest] = parts
  if (plural === undefined || rest.length > 0) return undefined
  return { group, version, namespace, plural, name, subresource }
}
