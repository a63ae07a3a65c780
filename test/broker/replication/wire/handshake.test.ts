import { expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import {
  isProof,
  parseProof,
  parseRefusal,
  proofOf,
  protocolName,
  protocolVersion,
  readHello,
  type Hello,
} from '../../../../broker/replication/wire/handshake.ts'

const helloOf = (member: string, changes: Partial<Hello> = {}): Hello => ({
  protocol: protocolName,
  version: protocolVersion,
  member,
  instance: `${member}-1`,
  brokerName: 'orders',
  replicas: 3,
  nonce: `nonce of ${member}`.padEnd(32, '.'),
  ...changes,
})

const [a, b] = [helloOf('a'), helloOf('b')]

test('a hello of another member of the same group is taken as it is', () => {
  expect(readHello(structuredClone(b), a)).toEqual(b)
})

test.each<[Partial<Hello>, string]>([
  [{ version: 2 }, 'it speaks flotilla-replication version 2, this member flotilla-replication version 1'],
  [{ protocol: 'other' }, 'it speaks other version 1, this member flotilla-replication version 1'],
  [{ brokerName: 'invoices' }, 'it belongs to broker invoices, this member to broker orders'],
  [{ replicas: 5 }, 'its configuration says replicas: 5, that of this member replicas: 3'],
  [{ member: 'a' }, 'member name a is in use by another process: each member needs a name of its own'],
  [{ member: 'a', instance: 'a-1' }, 'it is this member itself'],
])('a hello with %j is objected to', (changes, objection) => {
  expect(readHello({ ...b, ...changes }, a)).toEqual({ member: changes.member ?? 'b', objection })
})

test('of another version nothing but its number need be known', () => {
  expect(readHello({ protocol: protocolName, version: 7 }, a)).toEqual({
    member: '',
    objection: 'it speaks flotilla-replication version 7, this member flotilla-replication version 1',
  })
})

test('a proof holds for one token, one role, and these two hellos', () => {
  const proof = proofOf('secret', 'dialler', a, b)
  expect(isProof(proof, proofOf('secret', 'dialler', a, b))).toBe(true)
  const others = [
    proofOf('guessed', 'dialler', a, b),
    proofOf('secret', 'acceptor', a, b),
    proofOf('secret', 'dialler', b, a),
    proofOf('secret', 'dialler', a, helloOf('b', { nonce: 'another'.padEnd(32, '.') })),
    proofOf('secret', 'dialler', helloOf('c'), b),
  ]
  for (const other of others) expect(isProof(proof, other)).toBe(false)
  for (const none of [undefined, '', proof.slice(1)]) expect(isProof(none, proof)).toBe(false)
})

test('nothing that is sent in place of a handshake does any harm', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(readHello(value, a)).toBeUndefined()
      expect([parseProof(value), parseRefusal(value)]).toEqual([undefined, undefined])
    }),
  )
})
