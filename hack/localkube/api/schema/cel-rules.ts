// x-kubernetes-validations: rules compiled once per schema node and evaluated at each value that the node describes.
// Rules that name `oldSelf` are transition rules: they run only where there was a value before, list-map items matched by key.
// Equality of lists is by order also for sets and list-maps; costs are not estimated.
import type { ASTNode } from '@marcbachmann/cel-js'
import { buildCelEnvironment } from './cel-environment.ts'
import { celFieldName, toCelValue } from './cel-values.ts'
import { isObject, ownField, type JsonObject } from '../json-value.ts'
import { maxReportedErrors } from '../limits.ts'
import { listMapKey } from './schema-values.ts'
import type { Schema, ValidationRule } from './schema.ts'
import { fieldErrors, type FieldError } from '../status-error.ts'

type Program = (context: { self: unknown; oldSelf?: unknown }) => unknown

interface CompiledRule {
  readonly rule: ValidationRule
  readonly program: Program
  readonly messageProgram: Program | undefined
  readonly transition: boolean
}

const environment = buildCelEnvironment()
const compiled = new WeakMap<Schema, readonly CompiledRule[]>()
const withRules = new WeakMap<Schema, boolean>()
const noDefinitions: ReadonlyMap<string, Schema> = new Map()

/** Every rule that `object` breaks. `old` is the object before an update. */
export function celErrors(object: JsonObject, old: JsonObject | undefined, schema: Schema): FieldError[] {
  const errors: FieldError[] = []
  if (hasRules(schema)) visit(object, old, schema, '', errors)
  return errors.slice(0, maxReportedErrors)
}

/** Whether rules are declared anywhere in a schema. */
export function hasRules(schema: Schema): boolean {
  let found = withRules.get(schema)
  if (found === undefined) {
    found = schema['x-kubernetes-validations'] !== undefined || childSchemas(schema).some(hasRules)
    withRules.set(schema, found)
  }
  return found
}

/** What is wrong with the rules of one schema node, for a definition that declares them. */
export function compileRules(schema: Schema, path: string): FieldError[] {
  return (schema['x-kubernetes-validations'] ?? []).flatMap((rule, index) => {
    const at = `${path}.x-kubernetes-validations[${index}]`
    if (rule.optionalOldSelf)
      return [fieldErrors.forbidden(`${at}.optionalOldSelf`, 'localkube does not know optional types')]
    const errors: FieldError[] = []
    const ruleFault = compilationFault(rule.rule, schema)
    if (ruleFault !== undefined)
      errors.push(fieldErrors.invalid(`${at}.rule`, rule.rule, `compilation failed: ${ruleFault}`))
    const messageFault =
      rule.messageExpression === undefined ? undefined : compilationFault(rule.messageExpression, schema)
    if (messageFault !== undefined)
      errors.push(
        fieldErrors.invalid(`${at}.messageExpression`, rule.messageExpression, `compilation failed: ${messageFault}`),
      )
    return errors
  })
}

function compilationFault(expression: string, schema: Schema): string | undefined {
  try {
    const checked = environment.check(expression)
    if (!checked.valid) return firstLine(checked.error?.message)
    return undefinedField(environment.parse(expression).ast, schema)
  } catch (error) {
    return firstLine((error as Error).message)
  }
}

const firstLine = (text: string | undefined): string => (text ?? 'not an expression').split('\n')[0]!

/** A field of `self` or `oldSelf` that the schema does not declare: as fatal as a syntax error, found when the rule is declared. */
function undefinedField(node: ASTNode, schema: Schema): string | undefined {
  let fault: string | undefined
  const schemaAt = (one: ASTNode): Schema | undefined => {
    if (one.op === 'id') return one.args === 'self' || one.args === 'oldSelf' ? schema : undefined
    if (one.op !== '.') return undefined
    const [holder, field] = one.args
    const outer = schemaAt(holder)
    if (!outer?.properties || outer['x-kubernetes-preserve-unknown-fields']) return undefined
    const name = Object.keys(outer.properties).find((property) => celFieldName(property) === field)
    if (name === undefined && !(outer === schema && ['metadata', 'apiVersion', 'kind'].includes(field)))
      fault ??= `undefined field '${field}'`
    return name === undefined ? undefined : outer.properties[name]
  }
  walk(node, (one) => void schemaAt(one))
  return fault
}

function walk(value: unknown, visitNode: (node: ASTNode) => void): void {
  if (Array.isArray(value)) for (const item of value) walk(item, visitNode)
  else if (isObject(value) && typeof value['op'] === 'string') {
    visitNode(value as unknown as ASTNode)
    walk(value['args'], visitNode)
  }
}

function rulesOf(schema: Schema): readonly CompiledRule[] {
  let rules = compiled.get(schema)
  if (!rules) {
    rules = (schema['x-kubernetes-validations'] ?? []).map((rule) => {
      const parsed = environment.parse(rule.rule)
      let transition = false
      walk(parsed.ast, (node) => {
        if (node.op === 'id' && node.args === 'oldSelf') transition = true
      })
      return {
        rule,
        program: parsed as Program,
        messageProgram:
          rule.messageExpression === undefined ? undefined : (environment.parse(rule.messageExpression) as Program),
        transition,
      }
    })
    compiled.set(schema, rules)
  }
  return rules
}

const childSchemas = (schema: Schema): Schema[] => [
  ...Object.values(schema.properties ?? {}),
  ...(schema.items ? [schema.items] : []),
  ...(typeof schema.additionalProperties === 'object' ? [schema.additionalProperties] : []),
]

function visit(value: unknown, old: unknown, schema: Schema, path: string, errors: FieldError[]): void {
  if (value === undefined || value === null || errors.length >= maxReportedErrors || !hasRules(schema)) return
  const rules = rulesOf(schema)
  if (rules.length > 0) runRules(rules, value, old, schema, path, errors)
  if (Array.isArray(value)) visitItems(value, old, schema, path, errors)
  else if (isObject(value))
    for (const field of Object.keys(value)) {
      const inner =
        schema.properties && Object.hasOwn(schema.properties, field)
          ? schema.properties[field]
          : schema.additionalProperties
      if (typeof inner !== 'object') continue
      visit(
        value[field],
        isObject(old) ? ownField(old, field) : undefined,
        inner,
        path === '' ? field : `${path}.${field}`,
        errors,
      )
    }
}

function visitItems(items: unknown[], old: unknown, schema: Schema, path: string, errors: FieldError[]): void {
  if (!schema.items) return
  const keys = schema['x-kubernetes-list-type'] === 'map' ? (schema['x-kubernetes-list-map-keys'] ?? []) : undefined
  const keyOf = (item: unknown): string => listMapKey(item, keys ?? [], schema.items, noDefinitions)
  // Items of other lists cannot be told apart across an update, so transition rules do not reach into them.
  const before = new Map<string, unknown>(
    keys && Array.isArray(old) ? old.map((item: unknown) => [keyOf(item), item]) : [],
  )
  for (const [index, item] of items.entries())
    visit(item, keys ? before.get(keyOf(item)) : undefined, schema.items, `${path}[${index}]`, errors)
}

function runRules(
  rules: readonly CompiledRule[],
  value: unknown,
  old: unknown,
  schema: Schema,
  path: string,
  errors: FieldError[],
): void {
  const self = toCelValue(value, schema)
  const context = old === undefined || old === null ? { self } : { self, oldSelf: toCelValue(old, schema) }
  for (const one of rules) {
    if (one.transition && !('oldSelf' in context)) continue
    const fault = faultOf(one, context)
    if (fault !== undefined) errors.push(errorOf(one.rule, path, fault))
  }
}

function faultOf(one: CompiledRule, context: { self: unknown; oldSelf?: unknown }): string | undefined {
  try {
    if (one.program(context) === true) return undefined
  } catch (error) {
    return `rule evaluation error: ${firstLine((error as Error).message)}: ${one.rule.rule}`
  }
  if (one.messageProgram) {
    try {
      const message = one.messageProgram(context)
      if (typeof message === 'string' && message.trim() !== '') return message
    } catch {
      // A message that cannot be made falls back to the fixed one, as in the real server.
    }
  }
  return one.rule.message ?? `failed rule: ${one.rule.rule.trim()}`
}

function errorOf(rule: ValidationRule, path: string, message: string): FieldError {
  const field = `${path}${rule.fieldPath ?? ''}`.replace(/^\./, '') || '<nil>'
  switch (rule.reason) {
    case 'FieldValueForbidden':
      return { field, reason: rule.reason, detail: `Forbidden: ${message}` }
    case 'FieldValueRequired':
      return { field, reason: rule.reason, detail: `Required value: ${message}` }
    case 'FieldValueDuplicate':
      return { field, reason: rule.reason, detail: `Duplicate value: ${message}` }
    case undefined:
    default:
      return { field, reason: 'FieldValueInvalid', detail: `Invalid value: ${message}` }
  }
}
