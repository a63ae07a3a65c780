import { expect, test } from '@jest/globals'
import { parseDestination } from '../../../broker/message/destination.ts'
import { concreteMembers, consumableMembers } from '../../../broker/routing/destination-name.ts'
import { nameLimits } from '../../../broker/routing/limits.ts'

const at = (text: string) => parseDestination(text)

test('a destination is its own only member; a composite has several, each once', () => {
  const simple = at('queue://A')
  expect(concreteMembers(simple)[0]).toBe(simple)
  expect(concreteMembers(at('queue://A, topic://B,A'))).toEqual([at('queue://A'), at('topic://B')])
})

test.each([
  ['an empty name', at('queue://'), /its name is empty/],
  ['control characters', { kind: 'queue', name: 'A\u0000' } as const, /control characters/],
  ['white space around it', { kind: 'queue', name: ' A' } as const, /white space/],
  ['nothing but commas', { kind: 'queue', name: ',,' } as const, /it has no members/],
  ['too long a name', at(`queue://${'x'.repeat(nameLimits.maximumNameLength + 1)}`), /the most is 1024/],
  [
    'too many members',
    at(Array.from({ length: nameLimits.maximumCompositeMembers + 1 }, (_, i) => `Q${i}`).join(',')),
    /the most is 64/,
  ],
])('%s is refused', (_name, destination, reason) => {
  expect(() => concreteMembers(destination)).toThrow(reason)
  expect(() => consumableMembers(destination)).toThrow(reason)
})

test('temporary destinations have no wildcards', () => {
  expect(consumableMembers(at('queue://A.>'))).toEqual([at('queue://A.>')])
  expect(() => consumableMembers(at('temp-queue://A.>'))).toThrow(/cannot be addressed by wildcards/)
})
