// Syntax tree → functions that say of the message that is looked at whether it is wanted. What identifiers mean is up to the
// caller.
import { assert } from '../base/assert.ts'
import { ArithmeticOperand, NegatedOperand } from './arithmetic.ts'
import type { Condition, Expression } from './syntax-tree.ts'
import {
  compare,
  convertText,
  equal,
  numberTypes,
  type Comparison,
  type Operand,
  type SelectorValue,
  type Truth,
} from './value.ts'

export type Test = () => Truth

export interface CompileOptions {
  /** What stands behind a name. */
  identifier(name: string): Operand
  /** Texts that are compared with numbers and booleans are converted (ActiveMQ: convert_string_expressions). */
  readonly convertsTexts: boolean
}

/** A name means that the property is true. */
export function compileCondition(expression: Expression, options: CompileOptions): Test {
  if (expression.kind === 'identifier') {
    const operand = options.identifier(expression.name)
    return () => {
      const value = operand.read()
      return value === null ? null : value === true
    }
  }
  if (expression.kind === 'literal') {
    const { value } = expression
    return () => value as Truth
  }
  assert(expression.kind !== 'arithmetic' && expression.kind !== 'negation', 'a selector has a value for a condition')
  return conditionOf(expression, options)
}

function conditionOf(condition: Condition, options: CompileOptions): Test {
  switch (condition.kind) {
    case 'not': {
      const test = compileCondition(condition.operand, options)
      return () => {
        const truth = test()
        return truth === null ? null : !truth
      }
    }
    case 'and':
      return every(condition.operands, options)
    case 'or':
      return some(condition.operands, options)
    case 'comparison':
      return comparisonOf(condition, options)
    case 'isNull': {
      const operand = compileOperand(condition.operand, options)
      return () => operand.read() === null
    }
    case 'like': {
      const operand = compileOperand(condition.operand, options)
      const { pattern } = condition
      return () => {
        const value = operand.read()
        if (typeof value === 'string') return pattern.matches(value)
        return value === null ? null : false
      }
    }
    case 'in': {
      const operand = compileOperand(condition.operand, options)
      const { values } = condition
      return () => {
        const value = operand.read()
        return typeof value === 'string' ? values.has(value) : null
      }
    }
  }
}

function every(operands: readonly Expression[], options: CompileOptions): Test {
  const tests = operands.map((operand) => compileCondition(operand, options))
  return () => {
    let all: Truth = true
    for (let i = 0; i < tests.length; i++) {
      const truth = tests[i]!()
      if (truth === false) return false
      if (truth === null) all = null
    }
    return all
  }
}

function some(operands: readonly Expression[], options: CompileOptions): Test {
  const tests = operands.map((operand) => compileCondition(operand, options))
  return () => {
    let any: Truth = false
    for (let i = 0; i < tests.length; i++) {
      const truth = tests[i]!()
      if (truth === true) return true
      if (truth === null) any = null
    }
    return any
  }
}

function comparisonOf(
  { operator, left, right }: { operator: Comparison; left: Expression; right: Expression },
  options: CompileOptions,
): Test {
  const one = compileOperand(left, options)
  const other = compileOperand(right, options)
  if (options.convertsTexts) return converting(operator, one, other)
  if (operator === '=' && right.kind === 'literal') {
    const { value } = right
    return () => equal(one.read(), value)
  }
  return () => compare(operator, one.read(), other.read())
}

function converting(operator: Comparison, left: Operand, right: Operand): Test {
  return () => {
    let one = left.read()
    let other = right.read()
    if (one === null || other === null) return null
    if (typeof one === 'string' && typeof other !== 'string')
      one = convertText(one, { value: other, type: right.numberType })
    else if (typeof other === 'string' && typeof one !== 'string')
      other = convertText(other, { value: one, type: left.numberType })
    return one === null || other === null ? operator === '<>' : compare(operator, one, other)
  }
}

function compileOperand(expression: Expression, options: CompileOptions): Operand {
  if (expression.kind === 'identifier') return options.identifier(expression.name)
  if (expression.kind === 'literal') {
    const { value, numberType } = expression
    return { numberType, read: (): SelectorValue => value }
  }
  if (expression.kind === 'negation') return new NegatedOperand(compileOperand(expression.operand, options))
  if (expression.kind !== 'arithmetic') return { numberType: numberTypes.none, read: conditionOf(expression, options) }
  const left = compileOperand(expression.left, options)
  return new ArithmeticOperand(expression.operator, left, compileOperand(expression.right, options))
}
