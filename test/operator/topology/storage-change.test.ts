import { describe, expect, test } from '@jest/globals'
import { type BrokerClusterSpecInput, specSchema } from '../../../operator/api/spec-schema.ts'
import type { GroupPlan } from '../../../operator/topology/plan.ts'
import { planCluster } from '../../../operator/topology/planner.ts'
import {
  type ExistingClaim,
  type ExistingStorage,
  planStorageStep,
  unsupportedChanges,
  unusableClaims,
} from '../../../operator/topology/storage-change.ts'
import { sharedPair, single } from '../../support/cluster-harness.ts'

const metadata = { name: 'orders', namespace: 'shop', uid: 'uid-1' }
const groupOf = (input: BrokerClusterSpecInput): GroupPlan =>
  planCluster(metadata, specSchema.parse(input), { defaultImage: 'broker:1' }).groups[0]!
const nothing: ExistingStorage = { note: undefined, templateSize: undefined, claims: [] }
const claim = (name: string, size: string, change: Partial<ExistingClaim> = {}): ExistingClaim => ({
  name,
  size,
  accessModes: ['ReadWriteMany'],
  storageClassName: undefined,
  ...change,
})
const sizeOf = (step: ReturnType<typeof planStorageStep>) => step.claims[0]?.template.resources.requests.storage

describe('the claim of a shared volume', () => {
  const group = groupOf(sharedPair())
  const name = 'orders-g0-data'

  test('is made, grows, and stays as it is when it is larger than wanted', () => {
    expect(sizeOf(planStorageStep(group, nothing))).toBe('1Gi')
    expect(sizeOf(planStorageStep(group, { ...nothing, claims: [claim(name, '500Mi')] }))).toBe('1Gi')
    const larger = planStorageStep(group, { ...nothing, claims: [claim(name, '2Gi')] })
    expect(sizeOf(larger)).toBe('2Gi')
    expect(larger.refusedShrink).toBe('Claim orders-g0-data has 2Gi and cannot shrink to 1Gi; it stays as it is')
  })

  test('has the same size in other units', () => {
    const step = planStorageStep(group, { ...nothing, claims: [claim(name, '1024Mi')] })
    expect([sizeOf(step), step.refusedShrink]).toEqual(['1Gi', undefined])
  })

  test('cannot get other access modes or another class', () => {
    const found = claim(name, '1Gi', { accessModes: ['ReadWriteOnce'], storageClassName: 'efs' })
    expect(unsupportedChanges(group, { ...nothing, claims: [found] })).toEqual([
      {
        field: 'storage.accessModes',
        given: ['ReadWriteMany'],
        accepted: 'expected those of claim orders-g0-data, ReadWriteOnce',
      },
    ])
    const other = sharedPair()
    other.groupTemplate!.storage.sharedVolume!.claimTemplate!.storageClassName = 'nfs'
    const classed = claim(name, '1Gi', { storageClassName: 'efs' })
    expect(unsupportedChanges(groupOf(other), { ...nothing, claims: [classed] })).toEqual([
      { field: 'storage.storageClassName', given: 'nfs', accepted: 'expected that of claim orders-g0-data, efs' },
    ])
  })
})

describe('the claim of a member with a volume of its own', () => {
  const group = groupOf(single('Volume', '2Gi'))
  const templateSize = (existing: ExistingStorage) => {
    const { data } = planStorageStep(group, existing).store
    return data.from === 'ClaimTemplate' && data.claim.template.resources.requests.storage
  }

  test('is made by the StatefulSet controller, and looked after once it is there', () => {
    expect(planStorageStep(group, nothing).claims).toEqual([])
    expect(sizeOf(planStorageStep(group, { ...nothing, claims: [claim('data-orders-g0-0', '1Gi')] }))).toBe('2Gi')
  })

  test('grows beside its template, which nobody can change', () => {
    expect(templateSize(nothing)).toBe('2Gi')
    expect(templateSize({ ...nothing, templateSize: '1Gi' })).toBe('1Gi')
  })
})

test('a group does not become another store: its messages would stay behind', () => {
  const created = { ...nothing, note: 'SharedVolume claim orders-g0-data' }
  expect(unsupportedChanges(groupOf(sharedPair()), created)).toEqual([])
  expect(unsupportedChanges(groupOf(single('None')), created)).toEqual([
    {
      field: 'storage.type',
      given: 'None',
      accepted: 'expected SharedVolume claim orders-g0-data, as the group was created: its messages are there',
    },
  ])
})

describe('a claim of somebody else', () => {
  const pair = (replicas: number) => {
    const spec = sharedPair({}, replicas)
    spec.groupTemplate!.storage.sharedVolume = { existingClaim: { name: 'nfs' } }
    return groupOf(spec)
  }
  const found = (accessModes: readonly string[] | undefined) => ({
    ...nothing,
    claims: [claim('nfs', '5Gi', { accessModes })],
  })

  test('is never written, and has no size that would be wanted', () => {
    expect(planStorageStep(pair(2), found(['ReadWriteMany']))).toMatchObject({
      claims: [],
      refusedShrink: undefined,
    })
  })

  test.each([[['ReadWriteOnce']], [['ReadWriteOncePod']], [['ReadWriteOnce', 'ReadOnlyMany']]])(
    'with %j is refused for more than one member',
    (modes) => {
      expect(unusableClaims(pair(2), found(modes))).toEqual([
        {
          field: 'storage.sharedVolume.existingClaim.name',
          given: 'nfs',
          accepted: `a claim with access modes ${modes.join(', ')}; expected one with ReadWriteMany, which 2 members can mount at the same time`,
        },
      ])
      expect(unusableClaims(pair(1), found(modes))).toEqual([])
    },
  )

  test('that can be mounted by all of them, or is not known yet, is accepted', () => {
    for (const modes of [['ReadWriteMany'], ['ReadWriteOnce', 'ReadWriteMany'], undefined, []])
      expect(unusableClaims(pair(2), found(modes))).toEqual([])
    expect(unusableClaims(pair(2), nothing)).toEqual([])
  })
})
