// Discovery: which groups, versions and resources there are, in the aggregated and in the older form.
import type { JsonObject } from '../json-value.ts'
import { apiVersionOf, type KindVersion, type ResourceKind } from './resource-kind.ts'

/** The Kubernetes version that the stand-in presents itself as. */
export const servedVersion: JsonObject = {
  major: '1',
  minor: '36',
  gitVersion: 'v1.36.3+localkube',
  gitCommit: '',
  gitTreeState: 'clean',
  buildDate: '1970-01-01T00:00:00Z',
  goVersion: '',
  compiler: 'node',
  platform: `${process.platform}/${process.arch}`,
}

export const aggregatedType = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'

interface Resource {
  readonly name: string
  readonly kind: ResourceKind | undefined
  readonly responseKind: { readonly group: string; readonly version: string; readonly kind: string }
  readonly namespaced: boolean
  readonly verbs: readonly string[]
}

const objectVerbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']
const subresourceVerbs = ['get', 'patch', 'update']
const specialVerbs: Readonly<Record<string, readonly string[]>> = {
  log: ['get'],
  eviction: ['create'],
  exec: ['create', 'get'],
  portforward: ['create', 'get'],
  binding: ['create'],
  finalize: ['update'],
}
/** Where the answer is not the object itself. */
const answerKinds: Readonly<Record<string, Resource['responseKind']>> = {
  eviction: { group: 'policy', version: 'v1', kind: 'Eviction' },
  binding: { group: '', version: 'v1', kind: 'Binding' },
  exec: { group: '', version: 'v1', kind: 'PodExecOptions' },
  portforward: { group: '', version: 'v1', kind: 'PodPortForwardOptions' },
}
const reviewKinds = ['SelfSubjectAccessReview', 'SelfSubjectRulesReview', 'SubjectAccessReview']

/** Groups in the order in which kubectl prefers them, with the versions that they serve. */
export function groupsOf(kinds: readonly ResourceKind[]): Map<string, string[]> {
  const groups = new Map<string, string[]>()
  for (const kind of kinds) {
    const versions = groups.get(kind.group) ?? []
    for (const version of kind.versions)
      if (version.served && !versions.includes(version.name)) versions.push(version.name)
    if (versions.length > 0) groups.set(kind.group, versions.sort(compareVersions))
  }
  groups.set('authorization.k8s.io', ['v1'])
  groups.set('authentication.k8s.io', ['v1'])
  return groups
}

/** Newest first: `v2`, `v1`, `v1beta2`, `v1alpha1`, anything else by name. */
function compareVersions(left: string, right: string): number {
  const rank = (version: string): number[] => {
    const match = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version)
    if (!match) return [0, 0, 0]
    return [match[2] === undefined ? 3 : match[2] === 'beta' ? 2 : 1, Number(match[1]), Number(match[3] ?? 0)]
  }
  const [a, b] = [rank(left), rank(right)]
  for (const index of [0, 1, 2]) if (a[index] !== b[index]) return b[index]! - a[index]!
  return left < right ? -1 : 1
}

function resourcesOf(kinds: readonly ResourceKind[], group: string, version: string): Resource[] {
  if (group === 'authorization.k8s.io') return reviewKinds.map((kind) => review(group, kind))
  if (group === 'authentication.k8s.io') return [review(group, 'SelfSubjectReview')]
  return kinds.flatMap((kind) => {
    const served = kind.versions.find((one) => one.name === version && one.served)
    return kind.group === group && served ? [...resourcesOfKind(kind, served)] : []
  })
}

const review = (group: string, kind: string): Resource => ({
  name: `${kind.toLowerCase()}s`,
  kind: undefined,
  responseKind: { group, version: 'v1', kind },
  namespaced: false,
  verbs: ['create'],
})

function* resourcesOfKind(kind: ResourceKind, version: KindVersion): Generator<Resource> {
  const responseKind = { group: kind.group, version: version.name, kind: kind.kind }
  const { namespaced, plural } = kind
  yield {
    name: plural,
    kind,
    responseKind,
    namespaced,
    verbs: kind.plural === 'namespaces' ? objectVerbs.filter((verb) => verb !== 'deletecollection') : objectVerbs,
  }
  const sub = (name: string, response = responseKind, verbs: readonly string[] = subresourceVerbs): Resource => ({
    name: `${plural}/${name}`,
    kind: undefined,
    responseKind: response,
    namespaced,
    verbs,
  })
  if (version.scale) yield sub('scale', { group: 'autoscaling', version: 'v1', kind: 'Scale' })
  if (version.status) yield sub('status')
  for (const name of kind.subresources) yield sub(name, answerKinds[name] ?? responseKind, specialVerbs[name])
}

/** APIGroupDiscoveryList: everything at once. `core` chooses between /api and /apis. */
export function buildAggregated(kinds: readonly ResourceKind[], core: boolean): JsonObject {
  const items = [...groupsOf(kinds)]
    .filter(([group]) => (group === '') === core)
    .map(([group, versions]) => ({
      metadata: { name: group, creationTimestamp: null },
      versions: versions.map((version) => ({
        version,
        freshness: 'Current',
        resources: aggregatedResources(resourcesOf(kinds, group, version)),
      })),
    }))
  return { kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2', metadata: {}, items }
}

function aggregatedResources(resources: readonly Resource[]): JsonObject[] {
  return resources
    .filter(({ name }) => !name.includes('/'))
    .map((resource) => {
      const subresources = resources
        .filter(({ name }) => name.startsWith(`${resource.name}/`))
        .map((sub) => ({
          subresource: sub.name.split('/')[1],
          responseKind: sub.responseKind,
          verbs: sub.verbs,
        }))
      return {
        resource: resource.name,
        responseKind: resource.responseKind,
        scope: resource.namespaced ? 'Namespaced' : 'Cluster',
        singularResource: resource.kind?.singular ?? resource.responseKind.kind.toLowerCase(),
        verbs: resource.verbs,
        ...namesOf(resource.kind),
        ...(subresources.length === 0 ? {} : { subresources }),
      }
    })
}

const namesOf = (kind: ResourceKind | undefined): JsonObject => ({
  ...(kind?.shortNames.length ? { shortNames: kind.shortNames } : {}),
  ...(kind?.categories.length ? { categories: kind.categories } : {}),
})

/** The older APIGroupList of /apis. */
export function buildGroupList(kinds: readonly ResourceKind[]): JsonObject {
  const groups = [...groupsOf(kinds)]
    .filter(([group]) => group !== '')
    .map(([group, versions]) => buildGroup(group, versions))
  return { kind: 'APIGroupList', apiVersion: 'v1', groups }
}

export function buildGroup(group: string, versions: readonly string[]): JsonObject {
  const named = versions.map((version) => ({ groupVersion: `${group}/${version}`, version }))
  return { name: group, versions: named, preferredVersion: named[0] }
}

/** The older APIResourceList of one group and version; undefined if it is not served. */
export function buildResourceList(
  kinds: readonly ResourceKind[],
  group: string,
  version: string,
): JsonObject | undefined {
  if (!groupsOf(kinds).get(group)?.includes(version)) return undefined
  const resources = resourcesOf(kinds, group, version).map((resource) => ({
    name: resource.name,
    singularName: resource.kind?.singular ?? '',
    namespaced: resource.namespaced,
    ...(resource.responseKind.group === group && resource.responseKind.version === version
      ? {}
      : { group: resource.responseKind.group, version: resource.responseKind.version }),
    kind: resource.responseKind.kind,
    verbs: resource.verbs,
    ...namesOf(resource.kind),
  }))
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: apiVersionOf(group, version), resources }
}
