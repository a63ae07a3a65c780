import { describe, expect, test } from '@jest/globals'
import {
  maxDiscoveryMembers,
  maxDiscoveryUriLength,
  outlineOfDiscoveryUri,
  problemOfDiscoveryUri,
} from '../../../broker/base/discovery-outline.ts'

test.each([
  ['static:(tcp://a:1,tcp://b:2)', ['tcp://a:1', 'tcp://b:2'], ''],
  ['static:(tcp://a:1, tcp://b:2)?maxReconnectDelay=5', ['tcp://a:1', 'tcp://b:2'], 'maxReconnectDelay=5'],
  ['static://(tcp://a:1?soTimeout=1)', ['tcp://a:1?soTimeout=1'], ''],
  ['simple:(tcp://a)', ['tcp://a'], ''],
  ['static:tcp://a:1,tcp://b:2?soTimeout=1', ['tcp://a:1', 'tcp://b:2?soTimeout=1'], ''],
  [
    'static:(failover:(tcp://a:1,tcp://b:2)?randomize=false,tcp://c:3)?x=1',
    ['failover:(tcp://a:1,tcp://b:2)?randomize=false', 'tcp://c:3'],
    'x=1',
  ],
  [' static:(failover://(tcp://a:1)) ', ['failover://(tcp://a:1)'], ''],
])('the members of %s', (uri, members, query) => {
  expect(outlineOfDiscoveryUri(uri)).toEqual({ kind: 'static', members, query })
})

test('the members of a masterslave', () => {
  expect(outlineOfDiscoveryUri('masterslave:(tcp://a:1,tcp://b:2)?x=1')).toEqual({
    kind: 'masterslave',
    members: ['tcp://a:1', 'tcp://b:2'],
    query: 'x=1',
  })
  expect(outlineOfDiscoveryUri('masterslave://(tcp://a:1,tcp://b:2)')).toMatchObject({ kind: 'masterslave' })
})

test.each([
  ['multicast://default', '239.255.2.3', 6155, null, ''],
  ['multicast://default?group=orders', '239.255.2.3', 6155, null, 'group=orders'],
  ['multicast://orders', '239.255.2.3', 6155, 'orders', ''],
  ['multicast://orders/?timeToLive=2', '239.255.2.3', 6155, 'orders', 'timeToLive=2'],
  ['multicast://224.1.2.3', '224.1.2.3', 6155, null, ''],
  ['multicast://239.255.2.3:7000?group=a', '239.255.2.3', 7000, null, 'group=a'],
  ['multicast://default:7000', '239.255.2.3', 7000, null, ''],
])('the group of %s', (uri, address, port, group, query) => {
  expect(outlineOfDiscoveryUri(uri)).toEqual({ kind: 'multicast', address, port, group, query })
})

describe('what cannot be one says what is accepted', () => {
  test.each([
    ['', 'accepted are static:(tcp://host:port,tcp://host:port), masterslave:'],
    ['tcp://b:61616', 'in a network it is written static:(tcp://b:61616)'],
    ['failover:(tcp://a,tcp://b)', 'in a network it is written static:(failover:(tcp://a,tcp://b))'],
    ['zeroconf:_activemq', 'accepted are static:'],
    ['fanout:(static:(tcp://a))', 'accepted are static:'],
    ['static:', 'it names no broker'],
    ['static:()', 'it names no broker'],
    ['static:(,)', 'it names no broker'],
    ['static:(tcp://a', 'as many brackets closed as opened'],
    ['static:(tcp://a))', 'as many brackets closed as opened'],
    ['static:(tcp://a)x', 'accepted is static:(uri,uri)?options'],
    ['static:tcp://a),(tcp://b', 'as many brackets closed as opened'],
    [
      'static:(amqp://a:1)',
      'it contains amqp://a:1; accepted inside static:(…) are tcp://host:port, ssl://host:port and',
    ],
    ['static:(masterslave:(tcp://a,tcp://b))', 'it contains masterslave:(tcp://a,tcp://b)'],
    ['masterslave:(tcp://a:1)', 'needs two brokers at least; one is written static:(tcp://a:1)'],
    ['masterslave:(failover:(tcp://a),tcp://b)', 'accepted inside masterslave:(…) are tcp://host:port and ssl://'],
    ['multicast://', 'accepted are multicast://default'],
    ['multicast:group', 'accepted are multicast://default'],
    ['multicast://10.0.0.1', 'an address from 224.0.0.0 to 239.255.255.255'],
    ['multicast://239.255.2.300', 'an address from 224.0.0.0'],
    ['multicast://group:7000', 'accepted are multicast://default'],
    ['multicast://default:0', 'accepted are multicast://default'],
    ['multicast://default:99999', 'accepted are multicast://default'],
    ['multicast://[ff02::1]', 'accepted are multicast://default'],
  ])('%s', (uri, problem) => {
    expect(problemOfDiscoveryUri(uri)).toContain(problem)
  })

  test('too long, and too many', () => {
    const brokers = Array.from({ length: maxDiscoveryMembers + 1 }, (_, index) => `tcp://b${index}`)
    expect(problemOfDiscoveryUri(`static:(${brokers.slice(1).join(',')})`)).toBeNull()
    expect(problemOfDiscoveryUri(`static:(${brokers.join(',')})`)).toBe('it names 65 brokers, the most is 64')
    expect(problemOfDiscoveryUri(`static:(tcp://${'x'.repeat(maxDiscoveryUriLength)})`)).toBe(
      'it has 8207 characters, the most is 8192',
    )
  })
})

test('of what can be one there is nothing to tell', () => {
  expect(problemOfDiscoveryUri('static:(tcp://a:1)')).toBeNull()
})
