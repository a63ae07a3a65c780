// Selectors on which we do not say what ActiveMQ 5.17 says, with the reason: docs/compatibility.md has a line on each. On each
// text there is a message of selector-messages.ts that shows it.

interface KnownDifference {
  readonly reason: string
  readonly texts: readonly string[]
}

export const knownDifferences: readonly KnownDifference[] = [
  {
    reason: 'NOT binds less than comparisons',
    texts: [
      'NOT i1 = 1',
      'NOT i1 > 5',
      "NOT s1 LIKE 'a%'",
      "NOT s1 IN ('a')",
      'NOT x IS NULL',
      'NOT i1 BETWEEN 1 AND 5',
    ],
  },
  {
    reason: 'a comparison with what is missing is unknown on both sides',
    texts: ['NOT (5 = x)', '5 <> i1m', 'x = x', 's1 <> x', 'i1m = x'],
  },
  {
    reason: 'numbers of any two types compare by their values',
    texts: ['1 = y1', 'i1 < h1', 'l1 >= y1', '0.5 = f1', 'd1 < f1'],
  },
  { reason: 'bytes and shorts have negatives', texts: ['-y1 = 1', '-h1 > 0'] },
  {
    reason: 'no long loses digits beside a double',
    texts: ['l2 = 9007199254740992.0'],
  },
  {
    reason: 'what cannot be calculated is unknown, not an error of the whole selector',
    texts: ['s1 - 1 = 2 OR TRUE', 'i1 + s1 > 1 OR i1 = i1', 'b1 * 2 = 2 OR s1 IS NOT NULL'],
  },
  {
    reason: 'numbers that no long can hold are an error',
    texts: ['i1 < 9223372036854775808', 'i1 > -9223372036854775809'],
  },
  {
    reason: "Java's suffixes of numbers",
    texts: ['i1 = 0L', 'i1 + 1L = 2147483648', 'f1 = 0.5f', 'd1 = 1D', 'i1 < 0x10L'],
  },
  { reason: "names are Java's, with all its letters", texts: ['größe IS NULL', '名前 IS NULL'] },
  { reason: 'functions are refused', texts: ["REGEX('a.*', s1)", "INLIST(SPLIT('a,b', ','), s1)"] },
  { reason: 'XQUERY is refused', texts: ["XQUERY '//a'"] },
  { reason: 'what is no number is equal to nothing and has no order', texts: ['i1 % 0 > 5', '0 / 0 = 0 / 0'] },
  { reason: 'characters beyond U+FFFF are one', texts: ["e1 LIKE '_b'", "e1 = '😀b'"] },
  { reason: 'there is one zero', texts: ['0.0 = -0.0'] },
  {
    reason: 'texts are converted on both sides',
    texts: ["convert_string_expressions:b1 = 'true'"],
  },
]
