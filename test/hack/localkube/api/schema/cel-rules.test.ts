import { describe, expect, test } from '@jest/globals'
import { celErrors, compileRules } from '../../../../../hack/localkube/api/schema/cel-rules.ts'
import type { Schema } from '../../../../../hack/localkube/api/schema/schema.ts'

const withRule = (rule: string, extra: Record<string, unknown> = {}): Schema => ({
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      'x-kubernetes-validations': [{ rule, ...extra }],
      properties: {
        replicas: { type: 'integer' },
        ratio: { type: 'number' },
        size: { type: 'string' },
        wait: { type: 'string', format: 'duration' },
        names: { type: 'array', items: { type: 'string' } },
        labels: { type: 'object', additionalProperties: { type: 'string' } },
        'a-b': { type: 'string' },
        namespace: { type: 'string' },
        raw: { 'x-kubernetes-preserve-unknown-fields': true },
        groups: {
          type: 'array',
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['name'],
          items: {
            type: 'object',
            properties: { name: { type: 'string' }, size: { type: 'integer' } },
          },
        },
      },
    },
  },
})

const holds = (rule: string, spec: Record<string, unknown>, old?: Record<string, unknown>): boolean =>
  celErrors({ spec }, old && { spec: old }, withRule(rule)).length === 0

describe('rules', () => {
  test.each([
    ['self.replicas > 2 && self.replicas % 2 == 1', { replicas: 3 }],
    ['self.ratio < 1.0', { ratio: 0.5 }],
    ['!has(self.size) || quantity(self.size).isGreaterThan(quantity("1Gi"))', { size: '2Gi' }],
    ['isQuantity(self.size) && quantity(self.size).compareTo(quantity("1024Mi")) == 0', { size: '1Gi' }],
    ['duration("250ms") < self.wait', { wait: '1s' }],
    ['self.names.all(name, self.names.exists_one(other, other == name))', { names: ['a', 'b'] }],
    [
      'self.names.exists(name, name.startsWith("b")) && self.names.filter(name, name.size() == 1).size() == 2',
      { names: ['a', 'b'] },
    ],
    ['self.names.map(name, name + "!").join(",") == "a!,b!"', { names: ['a', 'b'] }],
    ['self.names.isSorted() && self.names.indexOf("b") == 1', { names: ['a', 'b'] }],
    ['self.labels.all(key, self.labels[key] != "")', { labels: { x: 'y' } }],
    ['"a.b" in self.labels', { labels: { 'a.b': 'y' } }],
    ['self.a__dash__b.matches("^[a-z]+$") && self.__namespace__ == "n"', { 'a-b': 'x', namespace: 'n' }],
    ['self.names.size() > 0 ? self.replicas == 1 : true', { names: [], replicas: 5 }],
  ] as [string, Record<string, unknown>][])('%s', (rule, spec) => {
    expect(holds(rule, spec)).toBe(true)
  })

  test('transition rules run on updates only, and match items of list-maps by key', () => {
    expect(holds('self.size == oldSelf.size', { size: 'a' })).toBe(true)
    expect(holds('self.size == oldSelf.size', { size: 'a' }, { size: 'b' })).toBe(false)
    const schema = withRule('true')
    schema.properties!['spec']!.properties!['groups']!.items!['x-kubernetes-validations'] = [
      { rule: 'self.size >= oldSelf.size' },
    ]
    const groups = (...sizes: [string, number][]): { spec: { groups: unknown[] } } => ({
      spec: { groups: sizes.map(([name, size]) => ({ name, size })) },
    })
    expect(celErrors(groups(['b', 2], ['a', 1]), groups(['a', 1], ['b', 2]), schema)).toEqual([])
    expect(celErrors(groups(['b', 1]), groups(['a', 1], ['b', 2]), schema)).toEqual([
      {
        field: 'spec.groups[0]',
        reason: 'FieldValueInvalid',
        detail: 'Invalid value: failed rule: self.size >= oldSelf.size',
      },
    ])
  })
})

describe('messages', () => {
  const errorOf = (extra: Record<string, unknown>): unknown =>
    celErrors({ spec: { replicas: 1 } }, undefined, withRule('self.replicas > 1', extra))[0]

  test('the message, the computed one, the reason and the path', () => {
    expect(errorOf({ message: 'too few' })).toEqual({
      field: 'spec',
      reason: 'FieldValueInvalid',
      detail: 'Invalid value: too few',
    })
    expect(errorOf({ messageExpression: '"only " + string(self.replicas)' })).toMatchObject({
      detail: 'Invalid value: only 1',
    })
    expect(errorOf({ message: 'no', reason: 'FieldValueForbidden', fieldPath: '.replicas' })).toEqual({
      field: 'spec.replicas',
      reason: 'FieldValueForbidden',
      detail: 'Forbidden: no',
    })
    expect(errorOf({})).toMatchObject({ detail: 'Invalid value: failed rule: self.replicas > 1' })
  })

  test('a rule that cannot be evaluated fails', () => {
    const [error] = celErrors({ spec: {} }, undefined, withRule('self.replicas > 1'))
    expect(error!.detail).toContain('rule evaluation error: No such key: replicas')
  })
})

describe('declaring rules', () => {
  const faultsOf = (rule: string): string[] =>
    compileRules(withRule(rule).properties!['spec']!, 'p').map((error) => error.detail)

  test('refuses syntax errors, unknown functions and fields that the schema does not declare', () => {
    expect(faultsOf('self.replicas >')[0]).toContain('compilation failed')
    expect(faultsOf('frobnicate(self.replicas)')[0]).toContain('compilation failed')
    expect(faultsOf('self.replica > 1')[0]).toContain("undefined field 'replica'")
    expect(faultsOf('self.raw.anything == 1 && self.groups.all(g, g.size > 0)')).toEqual([])
  })
})
