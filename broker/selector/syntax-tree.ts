// What a selector says, as its parser gives it to the compiler.
import type { Comparison, NumberType } from './value.ts'
import type { LikePattern } from './like-pattern.ts'

export type ArithmeticOperator = '+' | '-' | '*' | '/' | '%'

/** How many levels of expressions there are in it. */
interface Deep {
  readonly depth: number
}

export interface Literal extends Deep {
  readonly kind: 'literal'
  readonly value: null | boolean | string | number | bigint
  readonly numberType: NumberType
}

export interface Identifier extends Deep {
  readonly kind: 'identifier'
  readonly name: string
}

export interface Arithmetic extends Deep {
  readonly kind: 'arithmetic'
  readonly operator: ArithmeticOperator
  readonly left: Expression
  readonly right: Expression
}

export interface Negation extends Deep {
  readonly kind: 'negation'
  readonly operand: Expression
}

/** These are true, false or unknown. */
export type Condition = Deep &
  (
    | { readonly kind: 'not'; readonly operand: Expression }
    | { readonly kind: 'and' | 'or'; readonly operands: readonly Expression[] }
    | {
        readonly kind: 'comparison'
        readonly operator: Comparison
        readonly left: Expression
        readonly right: Expression
      }
    | { readonly kind: 'isNull'; readonly operand: Expression }
    | { readonly kind: 'like'; readonly operand: Expression; readonly pattern: LikePattern }
    | { readonly kind: 'in'; readonly operand: Identifier; readonly values: ReadonlySet<string> }
  )

export type Expression = Literal | Identifier | Arithmetic | Negation | Condition

export const isCondition = (expression: Expression): boolean => {
  if (expression.kind === 'literal') return expression.value === null || typeof expression.value === 'boolean'
  return expression.kind !== 'identifier' && expression.kind !== 'arithmetic' && expression.kind !== 'negation'
}
