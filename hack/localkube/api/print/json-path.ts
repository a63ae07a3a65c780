// The JSONPath of printer columns and scale paths: `.spec.replicas`, `.status.conditions[?(@.type=="Ready")].status`,
// `.items[0]`, `.list[*].name`, `.metadata.annotations.a\.b` and `['a.b']`. No scripts, no recursion.
import { isObject, ownField } from '../json-value.ts'

type Step =
  | { readonly kind: 'field'; readonly name: string }
  | { readonly kind: 'index'; readonly index: number }
  | { readonly kind: 'all' }
  | { readonly kind: 'filter'; readonly path: readonly string[]; readonly operator: string; readonly value: unknown }

const cache = new Map<string, readonly Step[] | undefined>()

/** The values at a path, in order; none if the path leads nowhere or is not of this grammar. */
export function valuesAtJsonPath(root: unknown, path: string): unknown[] {
  if (!cache.has(path)) cache.set(path, parseJsonPath(path))
  const steps = cache.get(path)
  if (!steps) return []
  let values: unknown[] = [root]
  for (const step of steps) values = values.flatMap((value) => follow(value, step))
  return values
}

/** Undefined for what is not of the grammar above. */
export function parseJsonPath(path: string): readonly Step[] | undefined {
  const text = path
    .trim()
    .replace(/^\{(.*)\}$/, '$1')
    .replace(/^\$/, '')
  const steps: Step[] = []
  const token =
    /\.?\[\s*\?\(\s*@((?:\.[\w-]+)+)\s*(==|!=|>=|<=|>|<)\s*("[^"]*"|'[^']*'|[\w.-]+)\s*\)\s*\]|\.?\[\s*(-?\d+|\*)\s*\]|\.?\[\s*(?:'([^']*)'|"([^"]*)")\s*\]|\.((?:[^.[\]\\]|\\.)+)/y
  while (token.lastIndex < text.length) {
    const match = token.exec(text)
    if (!match) return undefined
    const [, filterPath, operator, literal, index, single, double, field] = match
    if (filterPath !== undefined)
      steps.push({
        kind: 'filter',
        path: filterPath.slice(1).split('.'),
        operator: operator!,
        value: parseLiteral(literal!),
      })
    else if (index === '*' || field === '*') steps.push({ kind: 'all' })
    else if (index !== undefined) steps.push({ kind: 'index', index: Number(index) })
    else steps.push({ kind: 'field', name: single ?? double ?? field!.replaceAll(/\\(.)/g, '$1') })
  }
  return steps
}

function parseLiteral(text: string): unknown {
  if (/^['"]/.test(text)) return text.slice(1, -1)
  if (text === 'true' || text === 'false') return text === 'true'
  return Number.isNaN(Number(text)) ? text : Number(text)
}

function follow(value: unknown, step: Step): unknown[] {
  switch (step.kind) {
    case 'field': {
      const found = isObject(value) ? ownField(value, step.name) : undefined
      return found === undefined ? [] : [found]
    }
    case 'index': {
      const found = Array.isArray(value) ? (value as unknown[]).at(step.index) : undefined
      return found === undefined ? [] : [found]
    }
    case 'all':
      return Array.isArray(value) ? (value as unknown[]) : isObject(value) ? Object.values(value) : []
    case 'filter':
      return Array.isArray(value) ? (value as unknown[]).filter((item) => passes(item, step)) : []
  }
}

function passes(item: unknown, filter: Extract<Step, { kind: 'filter' }>): boolean {
  let found: unknown = item
  for (const field of filter.path) found = isObject(found) ? ownField(found, field) : undefined
  switch (filter.operator) {
    case '==':
      return found === filter.value
    case '!=':
      return found !== filter.value
    case '>':
      return Number(found) > Number(filter.value)
    case '<':
      return Number(found) < Number(filter.value)
    case '>=':
      return Number(found) >= Number(filter.value)
    default:
      return Number(found) <= Number(filter.value)
  }
}
