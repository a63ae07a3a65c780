// `store: {type: Replicated}`: what may be written, what is filled in, and what those are told who wrote something else.
import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { formatProblem, parseBrokerConfig } from '../../../broker/config/parse.ts'
import { parseBind, parseSyncModes, whyNotMember } from '../../../broker/config/replicated-schema.ts'

const storeOf = (store: object): unknown => {
  const parsed = parseBrokerConfig({ store: { type: 'Replicated', ...store } })
  return parsed.ok ? parsed.config.store : parsed.problems.map(formatProblem)
}

const lease = { name: 'orders', namespace: 'shop' }
const members = ['a', 'b', 'c'].map((name) => ({ name, address: `${name}.orders:61619` }))
const notBoth = 'expected either lease or what begins with zk'

test('with nothing but its type it is three members with the ZooKeeper of this machine', () => {
  expect(storeOf({})).toEqual({
    type: 'Replicated',
    replicas: 3,
    bind: 'tcp://0.0.0.0:61619',
    sync: 'quorum_disk',
    weight: 1,
    zkAddress: '127.0.0.1:2181',
    zkPath: '/default',
    zkSessionTimeout: '4s',
    maxFileLength: '32Mi',
    limit: '100Gi',
    concurrentStoreAndDispatchQueues: true,
  })
})

test('all that ActiveMQ has for it has the same name here', () => {
  const store = {
    replicas: 5,
    bind: 'tcp://10.0.0.1:7000',
    hostname: 'broker-1',
    sync: 'quorum_mem, local_disk',
    weight: 3,
    securityToken: 'hush',
    zkAddress: 'zk-1:2181,zk-2:2181/brokers',
    zkPath: '/orders',
    zkPassword: 'hush, too',
    zkSessionTimeout: '10s',
  }
  expect(storeOf(store)).toMatchObject(store)
})

test('secrets and address may stand in files, and ZooKeeper may be spoken to with TLS', () => {
  const zkTls = { caFile: 'ca.crt', certFile: 'tls.crt', keyFile: 'tls.key' }
  const store = { zkAddressFile: 'address', zkPasswordFile: 'password', securityTokenFile: 'token', zkTls }
  expect(storeOf(store)).toMatchObject(store)
})

test('a Lease takes the place of ZooKeeper, and then all members are listed', () => {
  expect(storeOf({ lease, members })).toMatchObject({
    lease: { ...lease, duration: '5s', renewInterval: '1s' },
    members,
  })
})

describe('refused is', () => {
  test.each<[string, object, readonly string[]]>([
    [
      'an even number of members',
      { replicas: 4 },
      [
        'store.replicas: got 4, expected an odd number: an even one survives no more failures than the odd one below it',
      ],
    ],
    ['too few members', { replicas: 1 }, ['store.replicas: got 1, expected at least 3: of fewer none may be missing']],
    ['too many members', { replicas: 11 }, ['store.replicas: got 11, expected number to be <=9']],
    [
      'a mode that there is not, and the six are named',
      { sync: 'quorum_disc' },
      [
        'store.sync: got "quorum_disc", expected one of local_mem, local_disk, remote_mem, remote_disk, quorum_mem, quorum_disk, or several with commas between them',
      ],
    ],
    [
      'an address that is none',
      { bind: '0.0.0.0:61619' },
      ['store.bind: got "0.0.0.0:61619", expected tcp://host:port'],
    ],
    [
      'a password and its file',
      { zkPassword: 'hush', zkPasswordFile: 'file' },
      ['store.zkPassword: got a secret, expected either zkPassword or zkPasswordFile'],
    ],
    [
      'a token and its file, and the token is not told',
      { securityToken: 'hush', securityTokenFile: 'file' },
      ['store.securityToken: got a secret, expected either securityToken or securityTokenFile'],
    ],
    [
      'an address and its file',
      { zkAddress: 'zk:2181', zkAddressFile: 'file' },
      ['store.zkAddress: got "zk:2181", expected either zkAddress or zkAddressFile'],
    ],
    [
      'half of a certificate',
      { zkTls: { certFile: 'tls.crt' } },
      ['store.zkTls: got {"certFile":"tls.crt"}, expected certFile and keyFile together, or neither'],
    ],
    [
      'a Lease beside ZooKeeper',
      { lease, members, zkAddress: 'zk:2181', zkPath: '/orders' },
      [`store.zkAddress: got "zk:2181", ${notBoth}`, `store.zkPath: got "/orders", ${notBoth}`],
    ],
    [
      'a list of members beside ZooKeeper',
      { members: [] },
      ['store.members: got [], expected only beside lease: ZooKeeper knows who is there'],
    ],
    [
      'a Lease without members',
      { lease },
      ['store.members: got nothing, expected all 3 members (replicas), this one too'],
    ],
    [
      'a list that is too short',
      { lease, members: [{ name: 'a', address: 'a:1' }] },
      ['store.members: got [{"name":"a","address":"a:1"}], expected all 3 members (replicas), this one too'],
    ],
    [
      'two members of one name, or at one address',
      { lease, members: [members[0], members[1], { ...members[0], address: 'b.orders:61619' }] },
      [
        'store.members[2].name: got "a", already used by members[0]',
        'store.members[2].address: got "b.orders:61619", already used by members[1]',
      ],
    ],
    [
      'a Lease that is over before it is renewed',
      { lease: { ...lease, duration: '1s' }, members },
      ['store.lease.duration: got "1s", expected more than renewInterval'],
    ],
    [
      'a store that could not get any space back',
      { limit: '64Mi' },
      ['store.limit: got "64Mi", expected at least 4 times maxFileLength, or no space would ever come back'],
    ],
    [
      'a name that is nearly right, and the right one is told',
      { zkAdress: 'zk:2181' },
      ['store.zkAdress: got "zk:2181", there is no such field; the nearest is zkAddress'],
    ],
  ])('%s', (_what, store, problems) => {
    expect(storeOf(store)).toEqual(problems)
  })
})

test('a member that the list has not is told who is in it', () => {
  expect(whyNotMember('a', { members })).toBeUndefined()
  expect(whyNotMember('d', {})).toBeUndefined()
  expect(whyNotMember('d', { members })).toBe(
    'Cannot be member d: store.members has only a, b, c. Start it with --member and one of them',
  )
})

test('every host and port is read back from its address', () => {
  const hosts = fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6())
  fc.assert(
    fc.property(hosts, fc.nat(65_535), (host, port) => {
      expect(parseBind(`tcp://${host.includes(':') ? `[${host}]` : host}:${port}`)).toEqual({ host, port })
    }),
  )
})

test('no text makes an address whose port could not be listened to', () => {
  fc.assert(
    fc.property(fc.string(), fc.integer({ min: 65_536, max: 99_999 }), (text, port) => {
      expect(parseBind(`tcp://${text}:${port}`)).toBeUndefined()
      const parsed = parseBind(text)
      expect(parsed === undefined || parsed.port <= 65_535).toBe(true)
    }),
  )
})

test('every list of modes is read, whatever the space around them', () => {
  const mode = fc.constantFrom('local_mem', 'local_disk', 'remote_mem', 'remote_disk', 'quorum_mem', 'quorum_disk')
  fc.assert(
    fc.property(fc.array(mode, { minLength: 1, maxLength: 6 }), fc.constantFrom(',', ', ', ' , '), (modes, comma) => {
      expect(parseSyncModes(modes.join(comma))).toEqual(modes)
    }),
  )
})
