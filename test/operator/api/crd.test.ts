import { describe, expect, test } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { conditionReasons } from '../../../operator/api/conditions.ts'
import { buildBrokerClusterCrd, buildBrokerClusterSchema, type JsonSchema } from '../../../operator/api/crd.ts'
import { generatedFiles } from '../../../operator/api/generated-files.ts'

/** Everything about a CRD has to fit into one object of the API server, and twice into an annotation of `kubectl apply` (256 kB). */
const maxCrdBytes = 125_000

const root = join(import.meta.dirname, '..', '..', '..')

/** Every schema with its path. */
function everySchema(schema: JsonSchema, path = ''): [string, JsonSchema][] {
  const properties = Object.entries(schema.properties ?? {}).flatMap(([name, child]) =>
    everySchema(child, `${path}.${name}`),
  )
  const items = schema.items ? everySchema(schema.items, `${path}[]`) : []
  const values = schema.additionalProperties ? everySchema(schema.additionalProperties, `${path}{}`) : []
  return [[path, schema], ...properties, ...items, ...values]
}

const all = everySchema(buildBrokerClusterSchema()).filter(
  ([path]) => path.startsWith('.spec') || path.startsWith('.status'),
)

describe('the CRD', () => {
  test.each(Object.entries(generatedFiles()))('%s is what `npm run crds` writes', (path, text) => {
    expect(readFileSync(join(root, path), 'utf8')).toBe(text)
  })

  test('is small enough for the API server and for kubectl apply', () => {
    expect(JSON.stringify(buildBrokerClusterCrd()).length).toBeLessThan(maxCrdBytes)
  })

  test('describes every field', () => {
    const fields = all.filter(([path]) => /\.[^.[\]{}]+$/.test(path))
    // The policy stands at its field in two places; items and values of maps explain themselves.
    expect(fields.filter(([, schema]) => !schema.description).map(([path]) => path)).toEqual([])
  })

  test('bounds every list, map and text, so that the cost of rules is finite', () => {
    const unbounded = all.filter(
      ([, schema]) =>
        (schema.type === 'array' && schema['maxItems'] === undefined) ||
        (schema.additionalProperties !== undefined && schema['maxProperties'] === undefined) ||
        (schema.type === 'string' && schema['maxLength'] === undefined && !schema.enum),
    )
    expect(unbounded.map(([path]) => path)).toEqual([])
  })

  test('merges lists of named things by name', () => {
    const lists = all.filter(([, schema]) => schema.items?.required?.includes('name'))
    expect(lists.length).toBeGreaterThan(5)
    expect(lists.filter(([, schema]) => schema['x-kubernetes-list-type'] !== 'map').map(([path]) => path)).toEqual([])
  })

  test('has messages that name a field and say what is accepted', () => {
    const rules = all.flatMap(([, schema]) => schema['x-kubernetes-validations'] ?? [])
    expect(rules.length).toBeGreaterThan(15)
    for (const { message, rule } of rules) {
      expect(message).toMatch(
        /^(spec|storage|replicas|topology|transportConnectors|metadata|startupDestinations|destinationPolicies|virtualDestinations)[a-zA-Z.[\]]*: /,
      )
      expect(rule).not.toMatch(/\?\.|\[\?/)
    }
  })

  test('has only what is built: nothing of TLS or other protocols', () => {
    const names = new Set(all.map(([path]) => path.split('.').at(-1)))
    for (const name of ['tls', 'auth', 'console', 'preflight', 'podTemplate', 'hibernated', 'external'])
      expect(names).not.toContain(name)
  })
})

test('reasons of conditions are one word each', () => {
  for (const reasons of Object.values(conditionReasons))
    for (const reason of reasons) expect(reason).toMatch(/^[A-Z][A-Za-z]+$/)
})
