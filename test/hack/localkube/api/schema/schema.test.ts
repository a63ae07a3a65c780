import { describe, expect, test } from '@jest/globals'
import { builtinDefinitions, schemaNameOf } from '../../../../../hack/localkube/api/schema/builtin-schemas.ts'
import type { Schema } from '../../../../../hack/localkube/api/schema/schema.ts'
import { conformToSchema } from '../../../../../hack/localkube/api/schema/schema-values.ts'
import { validateBySchema } from '../../../../../hack/localkube/api/schema/schema-validation.ts'

const definitions = builtinDefinitions()

describe('conforming', () => {
  const schema: Schema = {
    type: 'object',
    properties: {
      replicas: { type: 'integer', default: 1 },
      nested: { type: 'object', default: {}, properties: { on: { type: 'boolean', default: true } } },
      free: {
        type: 'object',
        'x-kubernetes-preserve-unknown-fields': true,
        properties: { known: { type: 'string', default: 'x' } },
      },
      nullable: { type: 'string', nullable: true },
      items: { type: 'array', items: { type: 'object', properties: { a: { type: 'string' } } } },
      labels: { type: 'object', additionalProperties: { type: 'string' } },
    },
  }
  const conform = (object: Record<string, unknown>): { object: unknown; unknown: string[] } => ({
    unknown: conformToSchema(object, schema, definitions),
    object,
  })

  test('drops and reports unknown fields, at any depth', () => {
    expect(conform({ foo: 1, items: [{ a: 'x', b: 1 }], free: { other: 1 }, labels: { any: 'x' } })).toEqual({
      unknown: ['foo', 'items[0].b'],
      object: {
        items: [{ a: 'x' }],
        free: { other: 1, known: 'x' },
        labels: { any: 'x' },
        replicas: 1,
        nested: { on: true },
      },
    })
  })

  test('a null is no value unless the schema allows it', () => {
    expect(conform({ replicas: null, nullable: null }).object).toEqual({
      replicas: 1,
      nullable: null,
      nested: { on: true },
    })
  })

  test('the name of a prototype field is data', () => {
    const given = JSON.parse('{"labels":{"__proto__":"x","constructor":"y"}}') as Record<string, unknown>
    conform(given)
    expect(Object.keys(given['labels'] as object)).toEqual(['__proto__', 'constructor'])
  })
})

describe('built-in schemas', () => {
  const statefulSet = definitions.get(schemaNameOf('apps', 'v1', 'StatefulSet'))!

  test('know fields, defaults, merge keys and descriptions', () => {
    const container = definitions.get('io.k8s.api.v1.Container')!
    expect(container.properties!['ports']).toMatchObject({
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['containerPort', 'protocol'],
      'x-kubernetes-patch-merge-key': 'containerPort',
    })
    expect(container.required).toEqual(['name'])
    expect(definitions.get('io.k8s.api.v1.PodSpec')!.description).toContain('description of a pod')
    expect(definitions.get('io.k8s.api.v1.NetworkPolicyIngressRule')!.properties).toHaveProperty('from')
  })

  test('complete a StatefulSet and find what is misspelt in it', () => {
    const object = {
      spec: {
        template: {
          spec: { containers: [{ name: 'a', imagee: 'x', resources: { limits: { cpu: 1, memory: '1024Mi' } } }] },
        },
      },
    } as Record<string, unknown>
    expect(conformToSchema(object, statefulSet, definitions)).toEqual(['spec.template.spec.containers[0].imagee'])
    expect(object).toMatchObject({
      spec: {
        replicas: 1,
        podManagementPolicy: 'OrderedReady',
        template: {
          spec: { restartPolicy: 'Always', containers: [{ resources: { limits: { cpu: '1', memory: '1Gi' } } }] },
        },
      },
    })
  })
})

describe('validation', () => {
  const faults = (value: unknown, schema: Schema): string[] =>
    validateBySchema({ x: value }, { type: 'object', properties: { x: schema } }, definitions).map(
      ({ field, detail }) => `${field}: ${detail}`,
    )

  test.each([
    ['a', { type: 'integer' }, 'x: Invalid value: "string": x in body must be of type integer: "string"'],
    [1.5, { type: 'integer' }, 'x: Invalid value: "number": x in body must be of type integer: "number"'],
    [-1, { minimum: 0 }, 'x: Invalid value: -1: x in body should be greater than or equal to 0'],
    [11, { maximum: 10 }, 'x: Invalid value: 11: x in body should be less than or equal to 10'],
    ['abc', { maxLength: 2 }, 'x: Too long: may not be more than 2 bytes'],
    ['', { minLength: 1 }, 'x: Invalid value: "": x in body should be at least 1 chars long'],
    ['A', { pattern: '^[a-z]+$' }, 'x: Invalid value: "A": x in body should match \'^[a-z]+$\''],
    ['C', { enum: ['A', 'B'] }, 'x: Unsupported value: "C": supported values: "A", "B"'],
    [[1, 2], { maxItems: 1 }, 'x: Too many: 2: must have at most 1 items'],
    [['a', 'a'], { 'x-kubernetes-list-type': 'set' }, 'x[1]: Duplicate value: "a"'],
    [
      [{ n: 1 }, { n: 1 }],
      { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['n'] },
      'x[1]: Duplicate value: {"n":1}',
    ],
    [{}, { required: ['y'] }, 'x.y: Required value'],
    [
      true,
      { 'x-kubernetes-int-or-string': true },
      'x: Invalid value: "boolean": x in body must be of type integer,string: "boolean"',
    ],
    [
      'yesterday',
      { format: 'date-time' },
      'x: Invalid value: "yesterday": x in body must be of type date-time: "yesterday"',
    ],
    [
      1,
      { oneOf: [{ minimum: 0 }, { maximum: 5 }] },
      'x: Invalid value: 1: x in body must validate one and only one schema (oneOf)',
    ],
    [
      1,
      { anyOf: [{ minimum: 2 }, { type: 'string' }] },
      'x: Invalid value: 1: x in body must validate at least one schema (anyOf)',
    ],
    [1, { not: { minimum: 0 } }, 'x: Invalid value: 1: x in body must not validate the schema (not)'],
  ] as [unknown, Schema, string][])('%j with %j', (value, schema, fault) => {
    expect(faults(value, schema)).toEqual([fault])
  })

  test('what fits is accepted', () => {
    expect(faults('80', { 'x-kubernetes-int-or-string': true })).toEqual([])
    expect(faults(null, { type: 'string', nullable: true })).toEqual([])
    expect(faults(3, { type: 'number', multipleOf: 1.5 })).toEqual([])
  })

  test('a million faults are not a million messages', () => {
    const items = Array.from({ length: 5000 }, () => 'x')
    expect(faults(items, { type: 'array', items: { type: 'integer' } }).length).toBeLessThanOrEqual(100)
  })
})
