// Which image a group gets, and that no other operator restarts it by having another one.
import { describe, expect, test } from '@jest/globals'
import type { BrokerCluster } from '../../../operator/api/broker-cluster.ts'
import type { BrokerClusterSpecInput } from '../../../operator/api/spec-schema.ts'
import { parseSpec } from '../../../operator/api/validate.ts'
import { groupsOf } from '../../../operator/topology/groups.ts'
import { type ExistingImage, type ImagePlan, planImage } from '../../../operator/topology/member-image.ts'
import { memberRevision } from '../../../operator/topology/member-revision.ts'
import { sharedPair } from '../../support/cluster-harness.ts'

const metadata = { name: 'orders', namespace: 'shop', uid: 'uid-1' }

function parse(input: BrokerClusterSpecInput) {
  const parsed = parseSpec({ metadata, spec: input } as BrokerCluster)
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  return { spec: parsed.spec, group: groupsOf(parsed.spec)[0]! }
}

function plan(
  input: BrokerClusterSpecInput,
  defaultImage: string,
  existing?: ExistingImage,
  haveWorked = true,
): ImagePlan {
  const { spec, group } = parse(input)
  return planImage(spec, group, defaultImage, {
    haveWorked,
    byGroup: new Map(existing && [[group.name, existing]]),
  })
}

const named = (reference: string) => sharedPair({ image: { reference } })
const automatic = sharedPair({ image: { update: 'Automatic' } })
const revisionOf = (input: BrokerClusterSpecInput) => {
  const { spec, group } = parse(input)
  return memberRevision(spec, group)
}
/** As a StatefulSet of an operator that noted nothing of this. */
const unnoted = (input: BrokerClusterSpecInput, image: string): ExistingImage => ({
  image,
  revision: revisionOf(input),
  firstImage: undefined,
})

describe('a group that names no image', () => {
  const made = plan(sharedPair(), 'broker:1')

  test('is made with the default of the operator, and keeps it', () => {
    expect(made).toEqual({
      image: 'broker:1',
      firstImage: 'broker:1',
      revision: revisionOf(sharedPair()),
      offered: undefined,
    })
    expect(plan(sharedPair(), 'broker:1', made)).toEqual(made)
    expect(plan(sharedPair(), 'broker:2', made)).toEqual({ ...made, offered: 'broker:2' })
  })

  test('keeps it also when it was made by an operator that noted nothing', () => {
    expect(plan(sharedPair(), 'broker:2', unnoted(sharedPair(), 'broker:1'))).toEqual({ ...made, offered: 'broker:2' })
  })

  test('follows the operator when it says so, there and back', () => {
    const followed = plan(automatic, 'broker:2', made)
    expect(followed).toMatchObject({ image: 'broker:2', firstImage: 'broker:1', offered: undefined })
    expect(followed.revision).not.toBe(made.revision)
    expect(plan(automatic, 'broker:1', followed)).toEqual(made)
  })

  test('is not restarted for saying so while there is nothing to follow', () => {
    expect(plan(automatic, 'broker:1', made)).toEqual(made)
  })

  test('is not restarted for naming the image that it has, nor for naming it no more', () => {
    expect(plan(named('broker:1'), 'broker:1', made).revision).toBe(made.revision)
    const moved = plan(named('broker:2'), 'broker:1', made)
    expect(moved.revision).toBe(revisionOf(named('broker:2')))
    expect(plan(sharedPair(), 'broker:1', moved)).toMatchObject({
      image: 'broker:2',
      revision: moved.revision,
      offered: 'broker:1',
    })
  })

  test('takes the default of the operator as long as no member has ever been active', () => {
    const next = plan(sharedPair(), 'broker:2', made, false)
    expect(next).toMatchObject({ image: 'broker:2', offered: undefined })
    expect(next.revision).not.toBe(made.revision)
  })

  test('and joins others gets what they have', () => {
    const { spec, group } = parse(sharedPair())
    const byGroup = new Map([['g7', made]])
    expect(planImage(spec, group, 'broker:2', { haveWorked: true, byGroup }).image).toBe('broker:1')
  })
})

describe('a group that names its image', () => {
  const made = plan(named('mine:1'), 'broker:1')

  test('has it, whatever the operator has', () => {
    expect(made).toEqual({
      image: 'mine:1',
      firstImage: undefined,
      revision: revisionOf(named('mine:1')),
      offered: undefined,
    })
    expect(plan(named('mine:1'), 'broker:2', made)).toEqual(made)
    expect(plan(named('mine:1'), 'broker:2', unnoted(named('mine:1'), 'mine:1'))).toEqual(made)
  })

  test('keeps it when it names it no more', () => {
    expect(plan(sharedPair(), 'broker:2', made)).toEqual({ ...made, offered: 'broker:2' })
  })

  test('can go over to the default of the operator', () => {
    const next = plan(automatic, 'broker:2', made)
    expect(next).toMatchObject({ image: 'broker:2', offered: undefined })
    expect(next.revision).toBe(revisionOf(named('broker:2')))
  })
})
