// Names and permissions as Helm renders them: releases do not get into each other's way, and namespaces that are not
// looked after are not touched.
import { expect, test } from '@jest/globals'
import { describeRendered, ofKind, render, type Rendered } from './helm.ts'

const identityOf = ({ kind, metadata }: Rendered): string => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`
/** One CRD serves all releases. */
const namesOf = (objects: readonly Rendered[]): string[] =>
  objects.filter(({ kind }) => kind !== 'CustomResourceDefinition').map(identityOf)
const common = (one: readonly Rendered[], other: readonly Rendered[]): string[] => {
  const names = new Set(namesOf(other))
  return namesOf(one).filter((name) => names.has(name))
}

describeRendered('releases', () => {
  test.each([
    ['of one name in two namespaces', { namespace: 'north' }, { namespace: 'south' }],
    ['whose names look alike when joined', { namespace: 'a', name: 'b-c' }, { namespace: 'a-b', name: 'c' }],
    ['of two names in one namespace', { name: 'one' }, { name: 'two' }],
  ])('%s have no object in common', (_title, one, other) => {
    expect(common(render(one), render(other))).toEqual([])
    const set = ['watchNamespaces={shop}']
    expect(common(render({ ...one, set }), render({ ...other, set }))).toEqual([])
  })

  test('bind the account of their own namespace', () => {
    const bindings = [...ofKind(render(), 'ClusterRoleBinding'), ...ofKind(render(), 'RoleBinding')]
    expect(bindings).toHaveLength(2)
    for (const { subjects } of bindings)
      expect(subjects).toEqual([{ kind: 'ServiceAccount', name: 'flotilla', namespace: 'operators' }])
  })
})

describeRendered('the permissions', () => {
  const inNamespaces = () => render({ set: ['watchNamespaces={shop,bank}'] })
  const rulesOf = (objects: readonly Rendered[]) => objects.map(({ rules }) => rules)

  test('are the same for a namespace as for all of them', () => {
    const [everywhere] = rulesOf(ofKind(render({ set: ['rbac.aggregate=false'] }), 'ClusterRole'))
    const roles = ofKind(inNamespaces(), 'Role').filter(({ metadata }) => metadata.namespace !== 'operators')
    expect(roles.map(({ metadata }) => metadata.namespace)).toEqual(['shop', 'bank'])
    expect(rulesOf(roles)).toEqual([everywhere, everywhere])
  })

  test('reach into the namespaces that are looked after, and into no other', () => {
    expect(ofKind(inNamespaces(), 'ClusterRoleBinding')).toEqual([])
    expect(ofKind(inNamespaces(), 'RoleBinding').map(({ metadata }) => metadata.namespace)).toEqual([
      'shop',
      'bank',
      'operators',
    ])
  })

  test('let it get and make Secrets, and neither list nor watch nor change them; or not even that', () => {
    const verbs = (set: string[]) =>
      ofKind(render({ set: ['rbac.aggregate=false', ...set] }), 'ClusterRole').flatMap(({ rules }) =>
        (rules as { resources: string[]; verbs: string[] }[]).flatMap((rule) =>
          rule.resources.includes('secrets') ? rule.verbs : [],
        ),
      )
    expect(verbs([])).toEqual(['get', 'create'])
    expect(verbs(['rbac.secrets=false'])).toEqual([])
  })

  test('let it make what elects members by a Lease, and give nobody more than it has; or not even that', () => {
    const allowed = (set: string[]) =>
      ofKind(render({ set: ['rbac.aggregate=false', ...set] }), 'ClusterRole').flatMap(({ rules }) =>
        (rules as { resources: string[]; verbs: string[] }[]).flatMap(({ resources, verbs }) =>
          resources.flatMap((resource) => verbs.map((verb) => `${verb} ${resource}`)),
        ),
      )
    const made = ['leases', 'serviceaccounts', 'roles', 'rolebindings'].flatMap((resource) =>
      ['get', 'create', 'patch'].map((verb) => `${verb} ${resource}`),
    )
    expect(allowed([])).toEqual(expect.arrayContaining([...made, 'update leases']))
    expect(allowed([]).filter((one) => /^(bind|escalate) |^(update|delete) role/.test(one))).toEqual([])
    const without = allowed(['rbac.elections=false'])
    expect(without.filter((one) => /serviceaccounts|roles|rolebindings|leases/.test(one))).toEqual(['get leases'])
  })

  test('of the election are for the one Lease that the operator is told of', () => {
    const objects = render({ name: 'brokers' })
    const { rules } = ofKind(objects, 'Role')[0] as unknown as {
      rules: { verbs: string[]; resourceNames?: string[] }[]
    }
    expect(rules.map(({ verbs, resourceNames }) => [verbs, resourceNames])).toEqual([
      [['get', 'update'], ['brokers']],
      [['create'], undefined],
    ])
    expect(JSON.stringify(ofKind(objects, 'Deployment'))).toContain('"--lease-name","brokers"')
  })

  test('are somebody else’s when they are not wanted', () => {
    const kinds = render({ set: ['rbac.create=false', 'serviceAccount.create=false'] }).map(({ kind }) => kind)
    expect(kinds.filter((kind) => /Role|Account/.test(kind))).toEqual([])
  })

  test('of people come by the roles that each Kubernetes has', () => {
    const labels = ofKind(render(), 'ClusterRole').flatMap(({ metadata }) => Object.keys(metadata.labels ?? {}))
    const aggregated = labels.filter((label) => label.includes('/aggregate-to-'))
    expect(new Set(aggregated.map((label) => label.split('/aggregate-to-')[1]))).toEqual(
      new Set(['admin', 'edit', 'view']),
    )
    expect(ofKind(render({ set: ['rbac.aggregate=false'] }), 'ClusterRole')).toHaveLength(1)
  })
})
