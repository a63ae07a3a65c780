import { expect, test } from '@jest/globals'
import { failureOf } from '../../../broker/network/bridge.ts'
import { refusalText, refusedBridge } from '../../../broker/network/refusal-text.ts'

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

test('of the bridge as a whole: whether it is about who we are', () => {
  const said = { className: 'java.lang.SecurityException', message: 'User name [x] or password is invalid.' }
  const refused = refusedBridge({ ...said, stackTrace: [], cause: null })
  expect(refused.message).toBe('The other broker refused the bridge: User name [x] or password is invalid.')
  expect(failureOf(refused)).toBe('AuthenticationFailed')
  expect(
    failureOf(refusedBridge({ ...said, className: 'java.io.IOException', stackTrace: [], cause: null })),
  ).toBeNull()
  expect(failureOf(refusedBridge(null))).toBeNull()
})
