// Selectors made at random. `agreedTexts` are such as JMS 1.1 and ActiveMQ agree about, with their spaces, comments, brackets and
// the case of their keywords; `brokenTexts` are those with tokens taken away, put in and exchanged.
import * as fc from 'fast-check'

interface Texts {
  readonly value: string
  readonly condition: string
}

const oneOf = (...values: readonly string[]): fc.Arbitrary<string> => fc.constantFrom(...values)
const inCase = (word: string): fc.Arbitrary<string> =>
  oneOf(word, word.toLowerCase(), word[0] + word.slice(1).toLowerCase())
const gap = fc.oneof(
  { weight: 12, arbitrary: fc.constant(' ') },
  oneOf('\t', '\n', '  ', ' /* comment */ ', ' /***/ ', ' -- comment\n', ' /* a * b */'),
)
const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`

/** Between two of them ActiveMQ agrees with JMS whatever is missing: on the right of = all messages have a value. */
const texts = oneOf('', 'a', 'abc', 'ABC', "it's", '100%', 'a_c', 'order', 'PERSISTENT', 'c1', 'ü€', 'true', '12')
const text = texts.map(quoted)
const number = oneOf(
  '0',
  '1',
  '5',
  '100',
  '0x1F',
  '017',
  '2147483647',
  '2147483648',
  '1099511627776',
  '1.5',
  '.5',
  '5.',
  '1E10',
  '2.5e-3',
)
const integerNames = oneOf(
  'i1',
  'i2',
  'i1m',
  'l1',
  '(y1 + 1)',
  '(i2 - h1)',
  'JMSPriority',
  'JMSXGroupSeq',
  'JMSXDeliveryCount',
  'JMSTimestamp',
  'JMSExpiration',
)
/** Beside ints, longs and doubles ActiveMQ knows them on the left only. */
const smallNames = oneOf('y1', 'h1', 'f1')
const numberNames = fc.oneof(integerNames, oneOf('d1', 'x'))
const certainNumber = fc.oneof(
  number,
  oneOf('5L', '100l'),
  oneOf('i1', 'i2', 'l1', 'd1', 'JMSPriority', 'JMSTimestamp'),
)
const textNames = oneOf(
  's1',
  's2',
  's1m',
  'x',
  'JMSType',
  'JMSCorrelationID',
  'JMSDeliveryMode',
  'JMSMessageID',
  'JMSDestination',
  'JMSReplyTo',
  'JMSXGroupID',
  'JMSXUserID',
  'JMSXProducerTXID',
)
const certainText = fc.oneof(text, oneOf('s1', 's2', 'JMSDeliveryMode', 'JMSMessageID', 'JMSDestination'))
const booleanNames = oneOf('b1', 'b1m', 'x', 'JMSRedelivered', 'JMSXGroupFirstForConsumer')

const joined = (...parts: readonly (fc.Arbitrary<string> | string)[]): fc.Arbitrary<string> =>
  fc
    .tuple(gap, ...parts.map((part) => (typeof part === 'string' ? fc.constant(part) : part)))
    .map(([space, ...found]) => found.join(space))

const pattern = fc
  .array(oneOf('%', '_', 'a', 'b', 'c', 'X', '.', '*', '(', '0', '€', '1'), { maxLength: 8 })
  .map((parts) => quoted(parts.join('')))
const escaped = fc
  .array(oneOf('!%', '!_', '!!', 'a', '%', '_', '1', '0', '!'), { maxLength: 6 })
  .map((parts) => quoted(parts.join('')))

const { value, condition } = fc.letrec<Texts>((tie: fc.LetrecTypedTie<Texts>) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    numberNames,
    number,
    // Never by zero: what is no number has no order. And what is added makes of -0.0 the other zero.
    joined('(', tie('value'), oneOf('+', '-', '*'), tie('value'), '+ 0 )'),
    joined(
      '(',
      tie('value'),
      oneOf('/', '%'),
      oneOf('1', '3', '0x10', '2.5', 'JMSXDeliveryCount', 'JMSTimestamp'),
      '+ 0 )',
    ),
    joined(
      oneOf('i1', 'i1m', 'l1', 'd1', 'x'),
      oneOf('+', '-'),
      oneOf('i2', 'd1', '5', '1.5'),
      oneOf('+', '-', '*'),
      number,
    ),
    // Of a byte or short ActiveMQ knows no negative.
    joined(oneOf('+', '-'), oneOf('i1', 'i1m', 'l1', 'd1', '5', '1.5', '(i1 + i2)')),
    joined('(', tie('value'), ')'),
  ),
  condition: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    joined(fc.oneof(numberNames, smallNames), oneOf('=', '<>', '<', '>='), certainNumber),
    joined(
      'l2',
      oneOf('=', '<', '>='),
      oneOf('9007199254740993', '9223372036854775807', '-9223372036854775808', 'l1', '5'),
    ),
    joined('l2', oneOf('+', '-', '*'), integerNames, oneOf('<', '=', '>'), 'l2'),
    joined(textNames, oneOf('=', '<>'), certainText),
    joined(booleanNames, oneOf('=', '<>'), fc.oneof(inCase('TRUE'), inCase('FALSE'), fc.constant('b1'))),
    joined(tie('value'), oneOf('<', '>', '<=', '>='), tie('value')),
    joined(textNames, oneOf('=', '<>', '<', '>'), oneOf('i1', 'd1', 'b1')),
    joined(tie('value'), optional(inCase('NOT')), inCase('BETWEEN'), tie('value'), inCase('AND'), tie('value')),
    joined(textNames, optional(inCase('NOT')), inCase('IN'), '(', list(text), ')'),
    joined(fc.oneof(textNames, fc.constant('i1')), optional(inCase('NOT')), inCase('LIKE'), pattern),
    joined(textNames, optional(inCase('NOT')), inCase('LIKE'), escaped, inCase('ESCAPE'), "'!'"),
    joined(fc.oneof(numberNames, textNames, booleanNames), inCase('IS'), optional(inCase('NOT')), inCase('NULL')),
    joined(
      textNames,
      '+',
      fc.oneof(text, oneOf('i1', 's1', '5', 'b1', 'd1', 'f1', 'l1', "'x' + 1.5")),
      '=',
      certainText,
    ),
    booleanNames,
    oneOf('TRUE', 'FALSE', 'true', 'NULL'),
    joined(tie('condition'), inCase('AND'), tie('condition')),
    joined(tie('condition'), inCase('OR'), tie('condition')),
    joined(inCase('NOT'), '(', tie('condition'), ')'),
    joined('(', tie('condition'), ')'),
  ),
}))

function optional(part: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.oneof(fc.constant(''), part)
}

function list(item: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.array(item, { minLength: 1, maxLength: 8 }).map((items) => items.join(' , '))
}

const sampled = (arbitrary: fc.Arbitrary<string>, count: number, seed: number): string[] =>
  fc.sample(arbitrary, { numRuns: count, seed })

export const agreedTexts = (count: number, seed: number): string[] => sampled(condition, count, seed)

const tokens = oneOf(
  '(',
  ')',
  ',',
  '=',
  '<>',
  '<',
  '>',
  '<=',
  '>=',
  '+',
  '-',
  '*',
  '/',
  '%',
  'AND',
  'OR',
  'NOT',
  'IN',
  'LIKE',
  'ESCAPE',
  'IS',
  'NULL',
  'BETWEEN',
  'TRUE',
  'a',
  'i1',
  "'b'",
  "'",
  '5',
  '1.5',
  '0',
  '#',
  ';',
  '"',
  '/*',
  '!=',
  '.',
  '1E',
  '0x',
)

const broken = fc
  .tuple(fc.oneof(condition, value), fc.array(fc.tuple(fc.nat(), fc.nat(2), tokens), { minLength: 1, maxLength: 2 }))
  .map(([whole, changes]) => {
    const parts = whole.split(' ')
    for (const [at, change, token] of changes)
      parts.splice(at % (parts.length + 1), change, ...(change === 2 ? [] : [token]))
    return parts.join(' ')
  })

export const brokenTexts = (count: number, seed: number): string[] => sampled(broken, count, seed)
