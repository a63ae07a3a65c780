// Arithmetic of selectors (ActiveMQ: ArithmeticExpression): int and long as in Java, with what they do on overflow; with a
// float or double, and always for / and %, doubles. `+` behind a text joins. What is no number makes the result unknown.
import { javaText } from './java-text.ts'
import { selectorLimits } from './limits.ts'
import type { ArithmeticOperator } from './syntax-tree.ts'
import { isNumber, longValue, numberTypes, type NumberType, type Operand, type SelectorValue } from './value.ts'

export class ArithmeticOperand implements Operand {
  numberType: NumberType = numberTypes.none
  readonly #operator: ArithmeticOperator
  readonly #left: Operand
  readonly #right: Operand

  constructor(operator: ArithmeticOperator, left: Operand, right: Operand) {
    this.#operator = operator
    this.#left = left
    this.#right = right
  }

  read(): SelectorValue {
    const left = this.#left.read()
    if (left === null) return null
    const right = this.#right.read()
    if (right === null) return null
    if (this.#operator === '+' && typeof left === 'string') return join(left, javaText(right, this.#right.numberType))
    if (!isNumber(left) || !isNumber(right)) return null
    this.numberType = resultType(this.#operator, this.#left.numberType, this.#right.numberType)
    if (this.numberType === numberTypes.int) return ofInts(this.#operator, Number(left), Number(right))
    if (this.numberType === numberTypes.long) return ofLongs(this.#operator, BigInt(left), BigInt(right))
    return ofDoubles(this.#operator, Number(left), Number(right))
  }
}

export class NegatedOperand implements Operand {
  readonly #operand: Operand

  constructor(operand: Operand) {
    this.#operand = operand
  }

  get numberType(): NumberType {
    return this.#operand.numberType
  }

  read(): SelectorValue {
    const value = this.#operand.read()
    if (!isNumber(value)) return null
    if (this.numberType === numberTypes.int) return -Number(value) | 0
    return this.numberType === numberTypes.long ? longValue(BigInt.asIntN(64, -BigInt(value))) : -value
  }
}

function join(text: string, tail: string | null): string | null {
  return tail === null || text.length + tail.length > selectorLimits.maximumJoinedLength ? null : text + tail
}

function resultType(operator: ArithmeticOperator, left: NumberType, right: NumberType): NumberType {
  if (operator === '/' || operator === '%' || left >= numberTypes.float || right >= numberTypes.float)
    return numberTypes.double
  return left === numberTypes.long || right === numberTypes.long ? numberTypes.long : numberTypes.int
}

function ofInts(operator: ArithmeticOperator, left: number, right: number): number {
  if (operator === '*') return Math.imul(left, right)
  return operator === '+' ? (left + right) | 0 : (left - right) | 0
}

function ofLongs(operator: ArithmeticOperator, left: bigint, right: bigint): number | bigint {
  const result = operator === '*' ? left * right : operator === '+' ? left + right : left - right
  return longValue(BigInt.asIntN(64, result))
}

function ofDoubles(operator: ArithmeticOperator, left: number, right: number): number {
  switch (operator) {
    case '+':
      return left + right
    case '-':
      return left - right
    case '*':
      return left * right
    case '/':
      return left / right
    case '%':
      return left % right
  }
}
