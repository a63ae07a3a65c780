// Label selectors (`app=x,tier in (a,b),!legacy` and the object form) and field selectors (`status.phase!=Running`).
import { arrayOrEmpty, isObject, objectOrEmpty, valueAt, type JsonObject } from './json-value.ts'
import { badRequest } from './status-error.ts'
import { labelValueFault, qualifiedNameFault } from './name-rules.ts'

interface Requirement {
  readonly key: string
  readonly operator: 'in' | 'notIn' | 'exists' | 'absent' | 'greater' | 'less'
  readonly values: readonly string[]
}

const setPattern = /^([^\s=!<>(),]+)\s+(in|notin)\s*\(([^()]*)\)$/
const equalityPattern = /^([^\s=!<>(),]+)\s*(==|=|!=|>|<)\s*([^\s=!<>()]*)$/
const existencePattern = /^(!?)\s*([^\s=!<>(),]+)$/

/** Errors: 400 for a text that is no selector. An empty text selects everything. */
export function parseLabelSelector(text: string): Requirement[] {
  return splitRequirements(text).map((part) => {
    const requirement = parseRequirement(part)
    if (!requirement)
      throw badRequest(`unable to parse requirement: ${JSON.stringify(part)}: expected key=value, key in (…) or !key`)
    const fault = qualifiedNameFault(requirement.key)
    if (fault !== undefined)
      throw badRequest(
        `unable to parse requirement: <nil>: Invalid value: ${JSON.stringify(requirement.key)}: ${fault}`,
      )
    for (const value of requirement.values) {
      const valueFault = labelValueFault(value)
      if (valueFault !== undefined)
        throw badRequest(
          `unable to parse requirement: values[0][${requirement.key}]: Invalid value: ${JSON.stringify(value)}: ${valueFault}`,
        )
    }
    return requirement
  })
}

/** The object form, as in `spec.selector`. Unknown operators match nothing. */
export function parseSelectorObject(selector: JsonObject): Requirement[] {
  const equal = Object.entries(objectOrEmpty(selector['matchLabels'])).map(([key, value]): Requirement => ({
    key,
    operator: 'in',
    values: [String(value)],
  }))
  const operators: Readonly<Record<string, Requirement['operator']>> = {
    In: 'in',
    NotIn: 'notIn',
    Exists: 'exists',
    DoesNotExist: 'absent',
  }
  const expressions = arrayOrEmpty(selector['matchExpressions'])
    .filter(isObject)
    .map((expression): Requirement => ({
      key: String(expression['key']),
      operator: operators[String(expression['operator'])] ?? 'in',
      values: arrayOrEmpty(expression['values']).map(String),
    }))
  return [...equal, ...expressions]
}

export function matchesSelector(
  requirements: readonly Requirement[],
  labels: Readonly<Record<string, string>> | undefined,
): boolean {
  return requirements.every(({ key, operator, values }) => {
    const value = labels && Object.hasOwn(labels, key) ? labels[key] : undefined
    switch (operator) {
      case 'in':
        return value !== undefined && values.includes(value)
      case 'notIn':
        return value === undefined || !values.includes(value)
      case 'exists':
        return value !== undefined
      case 'absent':
        return value === undefined
      case 'greater':
        return value !== undefined && Number(value) > Number(values[0])
      case 'less':
        return value !== undefined && Number(value) < Number(values[0])
    }
  })
}

/** The text form of a selector object, as the scale subresource reports it. */
export function formatSelector(selector: JsonObject): string {
  const operators = { in: 'in', notIn: 'notin' } as const
  return parseSelectorObject(selector)
    .map(({ key, operator, values }) => {
      if (operator === 'exists') return key
      if (operator === 'absent') return `!${key}`
      if (operator === 'in' && values.length === 1) return `${key}=${values[0]}`
      return `${key} ${operators[operator as 'in' | 'notIn']} (${values.join(',')})`
    })
    .sort()
    .join(',')
}

interface FieldRequirement {
  readonly path: readonly string[]
  readonly equal: boolean
  readonly value: string
}

/** Errors: 400 for a bad text and for fields that the kind does not offer. */
export function parseFieldSelector(text: string, offered: readonly string[], kind: string): FieldRequirement[] {
  return splitRequirements(text).map((part) => {
    const match = /^([\w.[\]-]+)\s*(==|=|!=)\s*(.*)$/.exec(part)
    if (!match) throw badRequest(`invalid selector: '${part}'; can't understand '${part}'`)
    const field = match[1]!
    if (field !== 'metadata.name' && field !== 'metadata.namespace' && !offered.includes(field))
      throw badRequest(
        `field label not supported: ${field}: ${kind} offers ${['metadata.name', 'metadata.namespace', ...offered].join(', ')}`,
      )
    return { path: field.split('.'), equal: match[2] !== '!=', value: match[3]!.replaceAll(/\\([\\,=])/g, '$1') }
  })
}

export function matchesFields(requirements: readonly FieldRequirement[], object: unknown): boolean {
  return requirements.every(({ path, equal, value }) => {
    const found = valueAt(object, path)
    // `source` of an event is selected by its component.
    const scalar = isObject(found) ? found['component'] : found
    const text =
      scalar === undefined || scalar === null
        ? zeroText(value)
        : typeof scalar === 'string'
          ? scalar
          : JSON.stringify(scalar)
    return (text === value) === equal
  })
}

/** An absent field equals the zero of its type: `spec.unschedulable=false` and `spec.nodeName=` find it. */
const zeroText = (wanted: string): string => (wanted === 'false' || wanted === 'true' ? 'false' : '')

function parseRequirement(part: string): Requirement | undefined {
  const set = setPattern.exec(part)
  if (set)
    return {
      key: set[1]!,
      operator: set[2] === 'in' ? 'in' : 'notIn',
      values: set[3]!.split(',').map((value) => value.trim()),
    }
  const equality = equalityPattern.exec(part)
  if (equality) {
    const operators = { '=': 'in', '==': 'in', '!=': 'notIn', '>': 'greater', '<': 'less' } as const
    return { key: equality[1]!, operator: operators[equality[2] as '='], values: [equality[3]!] }
  }
  const existence = existencePattern.exec(part)
  return existence
    ? { key: existence[2]!, operator: existence[1] === '!' ? 'absent' : 'exists', values: [] }
    : undefined
}

/** Splits at commas outside parentheses and not escaped. */
function splitRequirements(text: string): string[] {
  const parts: string[] = []
  let depth = 0
  let start = 0
  for (let index = 0; index <= text.length; index++) {
    const character = text[index]
    if (character === '(') depth += 1
    else if (character === ')') depth -= 1
    else if (character === undefined || (character === ',' && depth === 0 && text[index - 1] !== '\\')) {
      const part = text.slice(start, index).trim()
      if (part !== '') parts.push(part)
      start = index + 1
    }
  }
  return parts
}
