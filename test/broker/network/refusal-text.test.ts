import { expect, test } from '@jest/globals'
import { refusalText } from '../../../broker/network/refusal-text.ts'

test.each([
  ['what the other broker says', { className: 'javax.jms.JMSException', message: 'no room' }, 'no room'],
  ['else what it is', { className: 'java.io.IOException', message: null }, 'java.io.IOException'],
  ['else that it did not say', { className: null, message: null }, 'it did not say why'],
])('is %s', (_, said, text) => {
  expect(refusalText({ ...said, stackTrace: [], cause: null })).toBe(text)
})

test('of nothing', () => {
  expect(refusalText(null)).toBe('it did not say why')
})
