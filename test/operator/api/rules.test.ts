import { describe, expect, test } from '@jest/globals'
import { buildBrokerClusterSchema } from '../../../operator/api/crd.ts'
import { parseSpec } from '../../../operator/api/validate.ts'
import { refusals, withDefaults } from '../../support/crd-rules.ts'
import { goodManifests, wrongManifests } from './wrong-manifests.ts'

const schema = buildBrokerClusterSchema()
const build = (spec: unknown, name = 'orders') => withDefaults({ metadata: { name }, spec }, schema)

describe('the rules of the CRD', () => {
  test.each(goodManifests)('accept $title, and its repetition', ({ spec }) => {
    expect(refusals(build(spec), undefined, schema)).toEqual([])
    expect(refusals(build(spec), build(spec), schema)).toEqual([])
  })

  test.each(wrongManifests.filter(({ by }) => by === 'rule'))(
    'refuse $title',
    ({ spec, before, name, field, text }) => {
      const found = refusals(build(spec, name), before && build(before, name), schema)
      expect(found).toContainEqual({ field, message: expect.stringContaining(text) })
    },
  )

  test('accept a larger volume in other units', () => {
    const spec = (storage: string) => ({
      topology: { type: 'Standalone' },
      groupTemplate: {
        storage: { type: 'Volume', volume: { claimTemplate: { resources: { requests: { storage } } } } },
      },
    })
    expect(refusals(build(spec('1.5Gi')), build(spec('1024Mi')), schema)).toEqual([])
    expect(refusals(build(spec('1023Mi')), build(spec('1Gi')), schema)).toHaveLength(1)
  })
})

test.each(wrongManifests.filter(({ by }) => by === 'schema'))(
  'the operator, too, refuses $title',
  ({ spec, field }) => {
    const parsed = parseSpec({ metadata: { name: 'orders', namespace: 'shop', uid: 'u' }, spec } as never)
    expect(parsed.ok).toBe(false)
    if (!parsed.ok) expect(parsed.problems.map(({ path }) => path)).toContain(field)
  },
)
