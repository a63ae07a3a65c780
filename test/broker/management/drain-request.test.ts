// What a request to drain says, or all that is wrong with it.
import { expect, test } from '@jest/globals'
import { parseDrainRequest } from '../../../broker/management/drain-request.ts'

test('it names whom the messages go to', () => {
  expect(parseDrainRequest('{"to": ["static:(tcp://b:61616)"]}')).toEqual({
    ok: true,
    request: { to: ['static:(tcp://b:61616)'] },
  })
})

const example = '{"to": ["masterslave:(tcp://b:61616,tcp://c:61616)"]}'

test.each([
  ['', [`the body: got nothing, expected JSON as ${example}`]],
  ['drain', [`the body: got "drain", expected JSON as ${example}`]],
  ['null', [`the body: got null, expected an object as ${example}`]],
  ['["tcp://b:1"]', [`the body: got ["tcp://b:1"], expected an object as ${example}`]],
  ['{}', ['to: got nothing, expected a list of 1 to 64 URIs']],
  ['{"to": "tcp://b:1"}', ['to: got "tcp://b:1", expected a list of 1 to 64 URIs']],
  ['{"to": []}', ['to: got 0 URIs, expected 1 to 64']],
  [JSON.stringify({ to: Array(65).fill('a') }), ['to: got 65 URIs, expected 1 to 64']],
  [
    `{"to": ["a", 7, "${'x'.repeat(4097)}"], "from": 1}`,
    [
      'from: there is no such field; accepted is to',
      'to[1]: got 7, expected a URI as a text',
      'to[2]: got 4097 characters, expected at most 4096',
    ],
  ],
  [`{"to": {"${'y'.repeat(100)}": 1}}`, [`to: got {"${'y'.repeat(78)}…, expected a list of 1 to 64 URIs`]],
])('it is refused with all that is wrong: %s', (body, problems) => {
  expect(parseDrainRequest(body)).toEqual({ ok: false, problems })
})
