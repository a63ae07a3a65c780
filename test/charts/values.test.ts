// values.yaml, which people read, and values.schema.json, which Helm and editors obey, say the same of every value.
import { expect, describe, test } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { load } from 'js-yaml'
import { chart, describeRendered, render } from './helm.ts'

interface Schema {
  readonly description?: string
  readonly type?: string | string[]
  readonly default?: unknown
  readonly properties?: Record<string, Schema>
  readonly additionalProperties?: unknown
}

const text = readFileSync(join(chart, 'values.yaml'), 'utf8')
const values = load(text) as Record<string, unknown>
const schema = JSON.parse(readFileSync(join(chart, 'values.schema.json'), 'utf8')) as Schema

interface Value {
  readonly path: string
  readonly schema: Schema
  /** A group has values of its own below it; a value has a default. */
  readonly isGroup: boolean
}

/** Of what charts that have this one as a part tell all their parts, Helm's `global`, values.yaml has nothing. */
function everyValue({ properties = {} }: Schema, prefix = ''): Value[] {
  return Object.entries(properties)
    .filter(([name]) => prefix !== '' || name !== 'global')
    .flatMap(([name, child]) => {
      const isGroup = child.default === undefined
      const value = { path: `${prefix}${name}`, schema: child, isGroup }
      return [value, ...(isGroup ? everyValue(child, `${value.path}.`) : [])]
    })
}

/** The comment above each key, as one line. */
function commentsOf(yaml: string): Map<string, string> {
  const comments = new Map<string, string>()
  let path: string[] = []
  let comment: string[] = []
  for (const line of yaml.split('\n')) {
    const [, indent = '', key] = /^( *)([A-Za-z]+):/.exec(line) ?? []
    if (key !== undefined) {
      path = [...path.slice(0, indent.length / 2), key]
      if (comment.length > 0) comments.set(path.join('.'), comment.join(' '))
    }
    const said = /^\s*# (.*)$/.exec(line)?.[1]
    comment = said === undefined ? [] : [...comment, said]
  }
  return comments
}

const at = (path: string): unknown =>
  path.split('.').reduce<unknown>((value, name) => (value as Record<string, unknown> | undefined)?.[name], values)

/** Paths of what values.yaml has, down to where the schema says that a value stands. */
function pathsOf(object: Record<string, unknown>, groups: ReadonlySet<string>, prefix = ''): string[] {
  return Object.entries(object).flatMap(([name, value]) => {
    const path = `${prefix}${name}`
    return [path, ...(groups.has(path) ? pathsOf(value as Record<string, unknown>, groups, `${path}.`) : [])]
  })
}

const all = everyValue(schema)
const groups = new Set(all.filter(({ isGroup }) => isGroup).map(({ path }) => path))

describe('the values of the chart', () => {
  test('are the same in values.yaml and in the schema', () => {
    expect(pathsOf(values, groups).sort()).toEqual(all.map(({ path }) => path).sort())
  })

  test.each(all.filter(({ isGroup }) => !isGroup))('$path has the default that the schema says', ({ path, schema }) => {
    expect(at(path)).toEqual(schema.default)
    expect(schema.type).toBeDefined()
  })

  test.each(all)('$path is described, in both by the same words', ({ path, schema }) => {
    expect(schema.description).toMatch(/\.$/)
    expect(commentsOf(text).get(path)).toBe(schema.description)
  })

  test.each(all.filter(({ isGroup }) => isGroup))('$path takes nothing that it does not know', ({ schema }) => {
    expect(schema.additionalProperties).toBe(false)
  })
})

describeRendered('a wrong value', () => {
  test.each([
    ['replicas=two', '/replicas'],
    ['replicas=-1', '/replicas'],
    ['replica=2', "'replica'"],
    ['image.tag=a b', '/image/tag'],
    ['image.pullPolicy=Sometimes', '/image/pullPolicy'],
    ['image.name=operator', "'name'"],
    ['imagePullSecrets={registry}', '/imagePullSecrets/0'],
    ['watchNamespaces=shop', '/watchNamespaces'],
    ['watchNamespaces={Shop}', '/watchNamespaces/0'],
    ['brokerUser=root', '/brokerUser'],
    ['brokerUser=0', '/brokerUser'],
    ['logLevel=loud', '/logLevel'],
    ['serviceAccount.annotations.a=1', '/serviceAccount/annotations/a'],
    ['resources.limit.memory=1Gi', "'limit'"],
    ['tolerations.key=a', '/tolerations'],
  ])('%s is refused by its name', (value, name) => {
    expect(() => render({ set: [value] })).toThrow(name)
  })

  test('is not one that a chart above tells all its parts', () => {
    expect(render({ set: ['global.region=north'] })).not.toEqual([])
  })
})
