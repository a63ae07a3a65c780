// Selector text → syntax tree. Recursive descent over the grammar of ActiveMQ's SelectorParser, but for what JMS 1.1
// (3.8.1.1) says differently: a selector ends where its text ends, and NOT binds less than comparisons do.
//
//   selector   := condition                                          or      := and (OR and)*
//   and        := not (AND not)*                                     not     := NOT not | equality
//   equality   := comparison (= comparison | <> comparison | IS [NOT] NULL)*
//   comparison := sum (< sum | <= sum | > sum | >= sum | [NOT] LIKE string [ESCAPE string]
//                 | [NOT] BETWEEN sum AND sum | [NOT] IN ( string [, string]* ) )*
//   sum        := product (+ product | - product)*                   product := unary (* unary | / unary | % unary)*
//   unary      := + unary | - unary | NOT unary | primary            primary := literal | identifier | ( or )
import { LikePattern } from './like-pattern.ts'
import { largestAfterMinus, Lexer, tooLarge, type Token } from './lexer.ts'
import { selectorLimits } from './limits.ts'
import { SelectorError } from './selector-error.ts'
import { isCondition, type ArithmeticOperator, type Expression } from './syntax-tree.ts'
import { longValue, numberTypes, type Comparison } from './value.ts'

/** Begins at `position`. @throws {SelectorError} */
export const parseSelectorText = (text: string, position: number): Expression => new Parser(text, position).selector()

/** Without the level that the place in the tree gives it. */
type Shallow = Expression extends infer E ? (E extends Expression ? Omit<E, 'depth'> : never) : never

class Parser {
  readonly #text: string
  readonly #lexer: Lexer
  #token: Token
  #nesting = 0

  constructor(text: string, position: number) {
    if (text.length > selectorLimits.maximumSelectorLength)
      throw new SelectorError(
        text,
        selectorLimits.maximumSelectorLength,
        `its end was expected, it has ${text.length} characters`,
        'maximumSelectorLength',
      )
    this.#text = text
    this.#lexer = new Lexer(text, position)
    this.#token = this.#lexer.next()
  }

  selector(): Expression {
    const { position } = this.#token
    const condition = this.#condition(this.#or(), position)
    if (this.#token.kind !== 'end') throw this.#expected('an operator or the end')
    return condition
  }

  #or(): Expression {
    return this.#chain('OR', 'or', () => this.#and())
  }

  #and(): Expression {
    return this.#chain('AND', 'and', () => this.#not())
  }

  #chain(word: string, kind: 'or' | 'and', next: () => Expression): Expression {
    const { position } = this.#token
    const first = next()
    if (!this.#isKeyword(word)) return first
    const operands = [this.#condition(first, position)]
    while (this.#takeKeyword(word)) {
      const at = this.#token.position
      operands.push(this.#condition(next(), at))
    }
    return this.#grown({ kind, operands }, ...operands)
  }

  #not(): Expression {
    if (!this.#takeKeyword('NOT')) return this.#equality()
    return this.#deeper(() => this.#negated(() => this.#not()))
  }

  #equality(): Expression {
    const { position } = this.#token
    let left = this.#comparison()
    for (;;) {
      if (this.#takeKeyword('IS')) {
        const not = this.#takeKeyword('NOT')
        if (!this.#takeKeyword('NULL')) throw this.#expected(not ? 'NULL' : 'NULL or NOT NULL')
        left = this.#unless(not, this.#grown({ kind: 'isNull', operand: left }, left))
        continue
      }
      const operator = this.#takeSymbol('=', '<>')
      if (operator === null) return left
      const at = this.#token.position
      const right = this.#comparison()
      this.#checkEquals(left, position, right, at)
      left = this.#grown({ kind: 'comparison', operator, left, right }, left, right)
    }
  }

  #comparison(): Expression {
    const { position } = this.#token
    let left = this.#sum()
    for (;;) {
      const operator = this.#takeSymbol('<=', '<', '>=', '>')
      if (operator !== null) left = this.#ordered(operator, left, position, this.#sum)
      else if (this.#isKeyword('NOT') || this.#isKeyword('LIKE', 'BETWEEN', 'IN')) left = this.#matched(left, position)
      else return left
    }
  }

  /** LIKE, BETWEEN, IN, and each with NOT. */
  #matched(left: Expression, position: number): Expression {
    const not = this.#takeKeyword('NOT')
    if (this.#takeKeyword('LIKE')) return this.#unless(not, this.#like(left))
    if (this.#takeKeyword('BETWEEN')) return this.#unless(not, this.#between(left, position))
    if (!this.#takeKeyword('IN')) throw this.#expected('LIKE, BETWEEN or IN')
    return this.#unless(not, this.#in(left, position))
  }

  #like(operand: Expression): Expression {
    const pattern = this.#string()
    let escape: string | null = null
    if (this.#takeKeyword('ESCAPE')) {
      const { position } = this.#token
      escape = this.#string()
      if (escape.length !== 1) throw this.#problem(position, 'one character in quotes was expected')
    }
    return this.#grown({ kind: 'like', operand, pattern: new LikePattern(pattern, escape) }, operand)
  }

  #between(operand: Expression, position: number): Expression {
    const low = this.#ordered('>=', operand, position, this.#sum)
    if (!this.#takeKeyword('AND')) throw this.#expected('AND')
    const high = this.#ordered('<=', operand, position, this.#sum)
    return this.#grown({ kind: 'and', operands: [low, high] }, low, high)
  }

  #in(operand: Expression, position: number): Expression {
    if (operand.kind !== 'identifier') throw this.#problem(position, 'a name was expected before IN')
    if (this.#takeSymbol('(') === null) throw this.#expected("'('")
    const values = new Set([this.#string()])
    while (this.#takeSymbol(',') !== null) values.add(this.#string())
    if (this.#takeSymbol(')') === null) throw this.#expected("',' or ')'")
    return this.#grown({ kind: 'in', operand, values }, operand)
  }

  #ordered(operator: Comparison, left: Expression, leftAt: number, operand: () => Expression): Expression {
    const at = this.#token.position
    const right = operand.call(this)
    for (const [side, position] of [
      [left, leftAt],
      [right, at],
    ] as const)
      if (isCondition(side) || (side.kind === 'literal' && typeof side.value === 'string'))
        throw this.#problem(position, 'a number was expected: texts and conditions have no order')
    return this.#grown({ kind: 'comparison', operator, left, right }, left, right)
  }

  readonly #sum = (): Expression => this.#arithmetic(['+', '-'], () => this.#product())

  #product(): Expression {
    return this.#arithmetic(['*', '/', '%'], () => this.#unary())
  }

  #arithmetic(operators: readonly ArithmeticOperator[], next: () => Expression): Expression {
    let left = next()
    for (;;) {
      const operator = this.#takeSymbol(...operators)
      if (operator === null) return left
      const right = next()
      left = this.#grown({ kind: 'arithmetic', operator, left, right }, left, right)
    }
  }

  #unary(): Expression {
    if (this.#takeSymbol('+') !== null) return this.#deeper(() => this.#unary())
    if (this.#takeKeyword('NOT')) return this.#deeper(() => this.#negated(() => this.#unary()))
    if (this.#takeSymbol('-') === null) return this.#primary()
    const operand =
      this.#token.value === largestAfterMinus ? this.#largestAfterMinus() : this.#deeper(() => this.#unary())
    return this.#grown({ kind: 'negation', operand }, operand)
  }

  /** The only number that is none without its sign. */
  #largestAfterMinus(): Expression {
    this.#advance()
    return { kind: 'literal', value: largestAfterMinus, numberType: numberTypes.long, depth: 1 }
  }

  #primary(): Expression {
    const { kind, text, value, numberType, position } = this.#token
    if (kind === 'keyword') return this.#constant(text, position)
    if (kind === 'end' || kind === 'symbol') {
      if (this.#takeSymbol('(') === null) throw this.#expected('a name, a value or (')
      return this.#deeper(() => this.#parenthesized())
    }
    if (value === largestAfterMinus) throw tooLarge(this.#text, position)
    this.#advance()
    if (kind !== 'identifier')
      return { kind: 'literal', value: typeof value === 'bigint' ? longValue(value) : value, numberType, depth: 1 }
    if (this.#isSymbol('('))
      throw this.#problem(position, `the function ${text} is called: functions are not supported`)
    return { kind: 'identifier', name: text, depth: 1 }
  }

  #constant(word: string, position: number): Expression {
    if (word === 'XPATH' || word === 'XQUERY')
      throw this.#problem(position, `${word} stands: selectors over the body of a message are not supported`)
    if (word !== 'TRUE' && word !== 'FALSE' && word !== 'NULL') throw this.#expected('a name, a value or (')
    this.#advance()
    return { kind: 'literal', value: word === 'NULL' ? null : word === 'TRUE', numberType: numberTypes.none, depth: 1 }
  }

  #parenthesized(): Expression {
    const inner = this.#or()
    if (this.#takeSymbol(')') === null) throw this.#expected("an operator or ')'")
    return inner
  }

  #negated(next: () => Expression): Expression {
    const { position } = this.#token
    const operand = this.#condition(next(), position)
    return this.#grown({ kind: 'not', operand }, operand)
  }

  #unless(not: boolean, condition: Expression): Expression {
    return not ? this.#grown({ kind: 'not', operand: condition }, condition) : condition
  }

  /** A name is one, too: of a boolean property. */
  #condition(expression: Expression, position: number): Expression {
    if (expression.kind !== 'identifier' && !isCondition(expression))
      throw this.#problem(position, 'a condition was expected, found a value')
    return expression
  }

  #checkEquals(left: Expression, leftAt: number, right: Expression, rightAt: number): void {
    for (const [side, position] of [
      [left, leftAt],
      [right, rightAt],
    ] as const)
      if (side.kind === 'literal' && side.value === null)
        throw this.#problem(position, 'a value was expected: whether something is NULL is asked with IS NULL')
    if (left.kind !== 'literal' || right.kind !== 'literal') return
    if (typeof left.value === 'boolean' && typeof right.value !== 'boolean')
      throw this.#problem(rightAt, 'TRUE or FALSE was expected')
  }

  #string(): string {
    const { kind, value } = this.#token
    if (kind !== 'string') throw this.#expected('a string in quotes')
    this.#advance()
    return value as string
  }

  #isKeyword(...words: readonly string[]): boolean {
    return this.#token.kind === 'keyword' && words.includes(this.#token.text)
  }

  #takeKeyword(word: string): boolean {
    if (!this.#isKeyword(word)) return false
    this.#advance()
    return true
  }

  #isSymbol(symbol: string): boolean {
    return this.#token.kind === 'symbol' && this.#token.text === symbol
  }

  #takeSymbol<S extends string>(...symbols: readonly S[]): S | null {
    const found = symbols.find((symbol) => this.#isSymbol(symbol))
    if (found === undefined) return null
    this.#advance()
    return found
  }

  #advance(): void {
    this.#token = this.#lexer.next()
  }

  #grown(expression: Shallow, ...parts: readonly Expression[]): Expression {
    const depth = 1 + Math.max(...parts.map((part) => part.depth))
    if (depth > selectorLimits.maximumSelectorDepth) throw this.#tooDeep()
    return { ...expression, depth }
  }

  #deeper(parse: () => Expression): Expression {
    if (++this.#nesting > selectorLimits.maximumSelectorDepth) throw this.#tooDeep()
    const parsed = parse()
    this.#nesting--
    return parsed
  }

  #tooDeep(): SelectorError {
    const { maximumSelectorDepth } = selectorLimits
    const problem = `at most ${maximumSelectorDepth} expressions within each other were expected`
    return new SelectorError(this.#text, this.#token.position, problem, 'maximumSelectorDepth')
  }

  #expected(what: string): SelectorError {
    const { kind, text, position } = this.#token
    return this.#problem(position, `${what} was expected, found ${kind === 'end' ? 'the end' : text}`)
  }

  #problem(position: number, problem: string): SelectorError {
    return new SelectorError(this.#text, position, problem)
  }
}
