// What selectors mean, beside the tables of JMS 1.1 (3.8.1). `npm run interop -- --only selectors` holds them against
// ActiveMQ's own.
import { expect, test } from '@jest/globals'
import { compileSelector } from '../../../broker/selector/selector.ts'
import { numberTypes, type NumberType, type SelectorValue } from '../../../broker/selector/value.ts'

type Given = SelectorValue | { readonly value: number | bigint; readonly numberType: NumberType }

const asLong = (value: number | bigint): Given => ({ value, numberType: numberTypes.long })
const asDouble = (value: number): Given => ({ value, numberType: numberTypes.double })
const asFloat = (value: number): Given => ({ value: Math.fround(value), numberType: numberTypes.float })

const message: Readonly<Record<string, Given>> = {
  age: 42,
  weight: asDouble(2.5),
  ratio: asFloat(0.1),
  large: asLong(9_007_199_254_740_993n),
  largest: asLong(2n ** 63n - 1n),
  most: 2_147_483_647,
  name: 'Smith',
  quote: "it's",
  emoji: '😀b',
  yes: true,
  no: false,
}

function matches(text: string, of = message): boolean {
  const test = compileSelector(text, (name) => {
    const given = of[name] ?? null
    if (typeof given === 'object' && given !== null) return { read: () => given.value, numberType: given.numberType }
    return { read: () => given, numberType: typeof given === 'number' ? numberTypes.int : numberTypes.none }
  })
  return test()
}

/** Whether it is true, false or unknown: of the last, neither it nor its opposite matches. */
const truthOf = (text: string): boolean | null => (matches(text) ? true : matches(`NOT (${text})`) ? false : null)

test.each([
  ['age = 42', true],
  ['age <> 42', false],
  ['age > 41 AND age < 43', true],
  ['age >= 42 AND age <= 42', true],
  ["name = 'Smith'", true],
  ["name <> 'Jones'", true],
  ["quote = 'it''s'", true],
  ['yes', true],
  ['no', false],
  ['yes = TRUE AND no = false', true],
  ['age BETWEEN 40 AND 42', true],
  ['age NOT BETWEEN 40 AND 42', false],
  ["name IN ('Jones', 'Smith')", true],
  ["name NOT IN ('Jones', 'Smith')", false],
  ['name IS NULL', false],
  ['name IS NOT NULL', true],
  ['missing IS NULL', true],
  ['age + 1 = 43 AND age - 2 * 20 = 2', true],
  ['age / 4 = 10.5', true],
  ['age % 4 = 2', true],
  ['-age = -42 AND - -age = +42', true],
  ['(age + 2) * 2 = 88', true],
  ['TRUE', true],
  ['FALSE', false],
  ['NULL', null],
])('%s is %s', (text, truth) => expect(truthOf(text)).toBe(truth))

test.each([
  ['missing = 1'],
  ['1 <> missing'],
  ['missing = missing'],
  ['missing > 1'],
  ["missing LIKE '%'"],
  ["missing NOT IN ('a')"],
  ['missing BETWEEN 1 AND 2'],
  ['age BETWEEN missing AND 50'],
  ['missing + 1 = 2'],
  ['-missing = 1'],
  ['missing'],
  ['name - 1 = 2'],
  ['age + name = 2'],
  ["age IN ('42')"],
])('%s is unknown', (text) => expect(truthOf(text)).toBe(null))

test('AND, OR and NOT follow the tables of three-valued logic', () => {
  const all = { TRUE: true, FALSE: false, NULL: null } as const
  const and = (a: boolean | null, b: boolean | null) => (a === false || b === false ? false : a && b)
  const or = (a: boolean | null, b: boolean | null) =>
    a === true || b === true ? true : (a ?? b) === null ? null : a === null || b === null ? null : false
  for (const [left, a] of Object.entries(all))
    for (const [right, b] of Object.entries(all)) {
      expect([left, 'AND', right, truthOf(`${left} AND ${right}`)]).toEqual([left, 'AND', right, and(a, b)])
      expect([left, 'OR', right, truthOf(`${left} OR ${right}`)]).toEqual([left, 'OR', right, or(a, b)])
    }
})

test.each([
  // NOT before AND before OR, and comparisons before all of them.
  ['TRUE OR TRUE AND FALSE', true],
  ['NOT FALSE AND FALSE', false],
  ['NOT age = 41', true],
  ["NOT name LIKE 'J%' AND age = 42", true],
  ['NOT NOT age = 42', true],
  ['age = 40 + 1 * 2', true],
  ['2 + 3 * 2 - 8 / 4 = 6', true],
  // Keywords in any case, names in theirs.
  ["name like 'S%' And not Age = 42 or AGE is null", true],
  // Comments, and two minus signs where no line ends.
  ['age /* the * age */ = 42 -- of the person\n AND yes', true],
  ['44 --2 = 46', true],
])('%s is %s: precedence, case and comments', (text, truth) => expect(matches(text)).toBe(truth))

test.each([
  // int and long wrap as in Java, and long is exact.
  ['most + 1 = -2147483648', true],
  ['most + 1L = 2147483648', true],
  ['most * 2 = -2', true],
  ['largest + 1 = -9223372036854775808', true],
  ['large = 9007199254740993', true],
  ['large = 9007199254740992', false],
  ['large > 9007199254740992.0', true],
  ['-large = -9007199254740993', true],
  ['large - 9007199254740992 = 1', true],
  ['age = 42.0 AND weight = 25e-1 AND weight > 2', true],
  // A float is what it is, not what it looks like.
  ['ratio = 0.1', false],
  ['ratio = 0.1f', true],
  ['ratio * 10 > 1', true],
  ['0x2A = age AND 052 = age AND 42L = age AND 0 < 1 AND 0x2aL = 052L', true],
  ['.5 + 5. + 5E1 + 5d = 60.5', true],
  ['1 / 0 > 9223372036854775807', true],
  ['0 / 0 = 0 / 0', false],
])('%s is %s: numbers', (text, truth) => expect(matches(text)).toBe(truth))

test.each([
  ["age = 'text'", false],
  ["age <> 'text'", true],
  ['name = 5', false],
  ['yes = 1', false],
  ['name > 5', false],
  ['yes < name', false],
  ["age LIKE '4%'", false],
  ['name', false],
  ['name < quote AND no < yes', true],
  ["'a' + age + weight + ratio + yes + 1e10 = 'a422.50.1true1.0E10'", true],
])('%s is %s: kinds that do not go together, and texts', (text, truth) => expect(matches(text)).toBe(truth))

test.each([
  ["name LIKE 'S%'", true],
  ["name LIKE 'Sm_th'", true],
  ["name LIKE 'sm_th'", false],
  ["name LIKE '%i%'", true],
  ["name LIKE '%t'", false],
  ["name LIKE '%'", true],
  ["name LIKE ''", false],
  ["name NOT LIKE '%x%'", true],
  ["'' LIKE ''", true],
  ["'100%' LIKE '%0!%' ESCAPE '!'", true],
  ["'100%' LIKE '1__!%' ESCAPE '!'", true],
  ["'a_b' LIKE 'a!_b' ESCAPE '!'", true],
  ["'axb' LIKE 'a!_b' ESCAPE '!'", false],
  ["'a!b' LIKE 'a!!b' ESCAPE '!'", true],
  ["'a!b' LIKE 'a!b' ESCAPE '!'", true],
  ["'a.b' LIKE 'a.b' AND 'axb' NOT LIKE 'a.b' AND '(a*)' LIKE '(__)'", true],
  ["'abcbcd' LIKE '%bc_'", true],
  ["emoji LIKE '_b'", true],
  ["emoji LIKE '__b'", false],
  ["'a\nb' LIKE 'a%b'", true],
])('%s is %s: LIKE', (text, truth) => expect(matches(text)).toBe(truth))

test('names are those of Java', () => {
  expect(matches('größe_1 = 2 AND $x AND _y IS NULL', { größe_1: 2, $x: true })).toBe(true)
})

test.each([
  ['convert_string_expressions:number = 5 AND number < 6 AND 4 < number', true],
  ['convert_string_expressions:flag = TRUE AND flag <> FALSE', true],
  ['convert_string_expressions:real > 1.4 AND real < 1.6', true],
  ['convert_string_expressions:word = 5 OR word < 5', false],
  ['convert_string_expressions:word <> 5', true],
  ['number = 5', false],
])('%s is %s', (text, truth) =>
  expect(matches(text, { number: '5', flag: 'true', real: '1.5', word: 'five' })).toBe(truth),
)
