import { describe, expect, test } from '@jest/globals'
import type { BrokerCluster } from '../../../../operator/api/broker-cluster.ts'
import { buildBrokerClusterSchema, type JsonSchema } from '../../../../operator/api/crd.ts'
import { formatSpecProblem, parseSpec } from '../../../../operator/api/validate.ts'
import { refusals, withDefaults } from '../../../support/crd-rules.ts'
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

const parse = (spec: unknown, name = 'orders') =>
  parseSpec({ metadata: { name, namespace: 'shop', uid: 'u' }, spec } as BrokerCluster)

describe('the operator, which looks once more,', () => {
  test.each(goodManifests)('accepts $title', ({ spec }) => {
    expect(parse(spec).ok).toBe(true)
  })

  test.each(wrongManifests.filter(({ onlyApiServer }) => !onlyApiServer))(
    'refuses $title',
    ({ spec, name, by, field, operatorField = field, text }) => {
      const parsed = parse(spec, name)
      expect(parsed.ok).toBe(false)
      if (parsed.ok) return
      expect(parsed.problems.map(({ path }) => path)).toContain(operatorField)
      if (by === 'operator') expect(parsed.problems.map(formatSpecProblem).join()).toContain(text)
    },
  )

  test.each(wrongManifests.filter(({ onlyApiServer }) => onlyApiServer))(
    'cannot see $title: the spec by itself is good',
    ({ spec }) => {
      expect(parse(spec).ok).toBe(true)
    },
  )
})

test.each(wrongManifests.filter(({ by }) => by === 'operator'))('no CEL rule sees $title', ({ spec, name }) => {
  expect(refusals(build(spec, name), undefined, schema)).toEqual([])
})

test('every rule of the CRD refuses a manifest of the table', () => {
  const refused = new Set(
    wrongManifests
      .filter(({ by }) => by === 'rule')
      .flatMap(({ spec, before, name }) => refusals(build(spec, name), before && build(before, name), schema))
      .map(({ message }) => message),
  )
  const inBothShapes = (message: string) =>
    message.replace('storage.volume.claimTemplate', 'storage.sharedVolume.claimTemplate')
  expect(
    everyMessage(schema).filter((message) => !refused.has(message) && !refused.has(inBothShapes(message))),
  ).toEqual([])
})

function everyMessage(node: JsonSchema): string[] {
  const own = (node['x-kubernetes-validations'] ?? []).map(({ message }) => message)
  const children = [...Object.values(node.properties ?? {}), ...(node.items ? [node.items] : [])]
  return [...new Set([...own, ...children.flatMap(everyMessage)])]
}
