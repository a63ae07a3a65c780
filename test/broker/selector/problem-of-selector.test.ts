import { expect, test } from '@jest/globals'
import { problemOfSelector } from '../../../broker/selector/selector.ts'

test.each([
  ['color =', 'at character 8 a name, a value or ( was expected, found the end'],
  ['(a = 1', 'at character 7 '],
  ["XPATH '//a'", 'at character 1 '],
  [' ', 'at character 2 '],
  ["convert_string_expressions:a = '1' b", 'at character 36 '],
])('what is wrong with %j', (text, problem) => {
  expect(problemOfSelector(text)).toContain(problem)
})

test.each(['a = 1', "convert_string_expressions:a = '1'", "-a > 2 AND b LIKE 'x%' OR c IS NULL"])(
  'nothing is wrong with %j',
  (text) => {
    expect(problemOfSelector(text)).toBeNull()
  },
)
