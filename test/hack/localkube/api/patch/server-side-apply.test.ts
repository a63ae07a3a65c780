import { beforeEach, describe, expect, test } from '@jest/globals'
import { kindOfDefinition } from '../../../../../hack/localkube/api/kinds/custom-kinds.ts'
import type { LocalObject } from '../../../../../hack/localkube/api/registry.ts'
import { applyConfiguration } from '../../../../../hack/localkube/api/patch/server-side-apply.ts'
import { trackUpdate } from '../../../../../hack/localkube/api/patch/managed-fields.ts'
import { fleetDefinition } from '../sample-definition.ts'

const [version] = kindOfDefinition(fleetDefinition as LocalObject).versions
const time = '2026-01-01T00:00:00Z'

let live: LocalObject | undefined

const configuration = (spec: Record<string, unknown>): Record<string, unknown> => ({
  apiVersion: 'example.dev/v1',
  kind: 'Fleet',
  metadata: { name: 'a' },
  spec,
})

function apply(manager: string, spec: Record<string, unknown>, force = false): Record<string, unknown> {
  live = applyConfiguration(live, configuration(spec), version!, {
    manager,
    apiVersion: 'example.dev/v1',
    subresource: '',
    time,
    force,
  })
  return live['spec'] as Record<string, unknown>
}

function update(manager: string, spec: Record<string, unknown>): void {
  const next = { ...(live ?? (configuration({}) as unknown as LocalObject)), spec }
  live = trackUpdate(live, next, version!, { manager, apiVersion: 'example.dev/v1', subresource: '', time })
}

const owners = (): Record<string, unknown> =>
  Object.fromEntries(
    (live!.metadata.managedFields as { manager: string; fieldsV1: unknown }[]).map((entry) => [
      entry.manager,
      entry.fieldsV1,
    ]),
  )

describe('server-side apply', () => {
  beforeEach(() => {
    live = undefined
  })

  test('owns what it names, items of list-maps by key', () => {
    apply('me', { replicas: 3, ships: [{ name: 'hood', guns: 8 }] })
    expect(owners()).toEqual({
      me: {
        'f:spec': { 'f:replicas': {}, 'f:ships': { 'k:{"name":"hood"}': { '.': {}, 'f:guns': {}, 'f:name': {} } } },
      },
    })
  })

  test('removes fields and items that the manager no longer applies', () => {
    apply('me', { replicas: 3, home: 'x', ships: [{ name: 'hood' }, { name: 'nelson', guns: 1 }] })
    expect(apply('me', { replicas: 3, ships: [{ name: 'nelson' }] })).toEqual({
      replicas: 3,
      ships: [{ name: 'nelson' }],
    })
  })

  test('keeps fields and items of others when the manager gives up its share', () => {
    apply('me', { replicas: 3, ships: [{ name: 'hood' }] })
    apply('you', { replicas: 3, ships: [{ name: 'rodney' }] })
    expect(apply('me', {})).toEqual({ replicas: 3, ships: [{ name: 'rodney' }] })
    expect(owners()).toEqual({
      you: { 'f:spec': { 'f:replicas': {}, 'f:ships': { 'k:{"name":"rodney"}': { '.': {}, 'f:name': {} } } } },
      me: { 'f:spec': {} },
    })
  })

  test('one conflict, in the words of the real server', () => {
    update('kubectl-client-side-apply', { replicas: 1 })
    expect(() => apply('me', { replicas: 2 })).toThrow(
      'Apply failed with 1 conflict: conflict with "kubectl-client-side-apply" using example.dev/v1: .spec.replicas',
    )
  })

  test('several conflicts are listed by manager', () => {
    apply('you', { replicas: 1, ships: [{ name: 'hood', guns: 1 }] })
    expect(() => apply('me', { replicas: 2, ships: [{ name: 'hood', guns: 2 }] })).toThrow(
      'Apply failed with 2 conflicts: conflicts with "you":\n- .spec.replicas\n- .spec.ships[name="hood"].guns',
    )
  })

  test('force takes the field over', () => {
    apply('you', { replicas: 1, home: 'x' })
    expect(apply('me', { replicas: 2 }, true)).toEqual({ replicas: 2, home: 'x' })
    expect(owners()).toEqual({ me: { 'f:spec': { 'f:replicas': {} } }, you: { 'f:spec': { 'f:home': {} } } })
  })

  test('the same value is no conflict: both own it', () => {
    apply('you', { replicas: 1 })
    apply('me', { replicas: 1 })
    expect(Object.keys(owners()).sort()).toEqual(['me', 'you'])
  })

  test('items applied keep their order, others stay where they were', () => {
    update('you', { ships: [{ name: 'a' }, { name: 'b' }, { name: 'c' }] })
    expect(apply('me', { ships: [{ name: 'c' }, { name: 'z' }] })['ships']).toEqual([
      { name: 'a' },
      { name: 'b' },
      { name: 'c' },
      { name: 'z' },
    ])
  })

  test('an object that nobody owned belongs to before-first-apply', () => {
    live = {
      ...configuration({ replicas: 1 }),
      metadata: { name: 'a', creationTimestamp: time },
    } as unknown as LocalObject
    expect(() => apply('me', { replicas: 2 })).toThrow(
      'conflict with "before-first-apply" using example.dev/v1: .spec.replicas',
    )
  })

  test('managedFields in the configuration are refused', () => {
    const given = { ...configuration({}), metadata: { name: 'a', managedFields: [] } }
    expect(() =>
      applyConfiguration(undefined, given, version!, {
        manager: 'me',
        apiVersion: 'v1',
        subresource: '',
        time,
        force: false,
      }),
    ).toThrow('metadata.managedFields must be nil')
  })
})

describe('ownership of updates', () => {
  beforeEach(() => {
    live = undefined
  })

  test('the writer owns what it changed, the former owner loses it', () => {
    update('one', { replicas: 1, home: 'x' })
    update('two', { replicas: 2, home: 'x' })
    expect(owners()).toEqual({ one: { 'f:spec': { '.': {}, 'f:home': {} } }, two: { 'f:spec': { 'f:replicas': {} } } })
  })

  test('a removed field is nobody’s', () => {
    update('one', { replicas: 1, home: 'x' })
    update('two', { home: 'x' })
    expect(owners()).toEqual({ one: { 'f:spec': { '.': {}, 'f:home': {} } } })
  })
})
