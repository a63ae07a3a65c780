import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { parseJdbcUrl, placeOf } from '../../../broker/sql/jdbc-url.ts'
import { SqlError } from '../../../broker/sql/sql-error.ts'

const hostsOf = (url: string) => parseJdbcUrl(url).hosts.map(({ host, port }) => `${host} ${port}`)
const optionsOf = (url: string) => Object.fromEntries(parseJdbcUrl(url).options)

describe('where the database is', () => {
  test('the three drivers, and the two kinds of database', () => {
    const ofEach = ['postgresql', 'mysql', 'mariadb'].map((driver) =>
      parseJdbcUrl(`jdbc:${driver}://db.example/orders`),
    )
    expect(ofEach.map(({ kind, driver }) => [kind, driver])).toEqual([
      ['postgresql', 'postgresql'],
      ['mysql', 'mysql'],
      ['mysql', 'mariadb'],
    ])
    expect(ofEach.map(({ hosts }) => hosts[0]!.port)).toEqual([5432, 3306, 3306])
    expect(ofEach.map(({ database }) => database)).toEqual(['orders', 'orders', 'orders'])
  })

  test('several hosts, some with ports, and addresses of IPv6 in brackets', () => {
    expect(hostsOf('jdbc:postgresql://one:1,two,[2001:db8::1]:3,[::1],192.0.2.1:5/orders')).toEqual([
      'one 1',
      'two 5432',
      '2001:db8::1 3',
      '::1 5432',
      '192.0.2.1 5',
    ])
    expect(placeOf(parseJdbcUrl('jdbc:postgresql://one:1,[::1]/orders?password=secret'))).toBe(
      'postgresql://one:1,[::1]:5432/orders',
    )
  })

  test.each(['jdbc:postgresql:orders', 'jdbc:postgresql:/orders', 'jdbc:postgresql:///orders'])('%s', (url) => {
    expect(hostsOf(url)).toEqual(['localhost 5432'])
    expect(parseJdbcUrl(url).database).toBe('orders')
  })

  test('without a database, with and without options', () => {
    for (const end of ['', '/', '?user=a', '/?user=a'])
      expect(parseJdbcUrl(`jdbc:mysql://db${end}`)).toMatchObject({ hosts: [{ host: 'db' }], database: undefined })
  })

  test('hosts in order under the names that the drivers have for it', () => {
    expect(hostsOf('jdbc:mariadb:sequential://one,two/orders')).toEqual(['one 3306', 'two 3306'])
    expect(hostsOf('jdbc:mysql:failover://one,two/orders')).toEqual(['one 3306', 'two 3306'])
  })
})

describe('options', () => {
  test('are decoded as the drivers do it; of two with a name, the last is valid', () => {
    const query = '?user=a%40b&password=1%2B1+2%253&flag&text=a=b&text=c'
    expect(optionsOf(`jdbc:postgresql://db/x${query}`)).toEqual({
      user: 'a@b',
      password: '1+1 2%3',
      flag: '',
      text: 'c',
    })
    expect(optionsOf('jdbc:mariadb://db/x?password=1%2B1+2%')).toEqual({ password: '1%2B1+2%' })
  })

  test('user and password before the host, as of MySQL', () => {
    const { hosts, options } = parseJdbcUrl('jdbc:mysql://me%40here:a%3Ab:c@db:1/x')
    expect(hosts).toEqual([{ host: 'db', port: 1 }])
    expect(Object.fromEntries(options)).toEqual({ user: 'me@here', password: 'a:b:c' })
    expect(optionsOf('jdbc:mysql://one:two@db/x?user=me')).toEqual({ user: 'me', password: 'two' })
  })
})

describe('refusals say what is expected and quote no password', () => {
  test.each([
    ['jdbc:oracle:thin:@db', 'expected jdbc:postgresql://…, jdbc:mysql://… or jdbc:mariadb://…'],
    ['', 'expected jdbc:postgresql://…, jdbc:mysql://… or jdbc:mariadb://…'],
    ['jdbc:mysql:orders', 'expected // and the host behind the name of the driver'],
    ['jdbc:postgresql://db:0/x', 'port 0 of host "db:0": expected 1 to 65535'],
    ['jdbc:postgresql://db:70000/x', 'port 70000 of host "db:70000": expected 1 to 65535'],
    ['jdbc:postgresql://::1/x', 'host "::1": expected host:port, and an IPv6 address in brackets'],
    ['jdbc:postgresql://me:secret@db/x', 'user and password are options: ?user=…&password=…'],
    ['jdbc:mariadb://address=(host=db)(port=1)/x', 'expected host:port, not (host=…)(port=…)'],
    [
      'jdbc:mysql:loadbalance://a,b/x',
      'loadbalance:// is not supported; give all hosts behind //, in the order in which they are to be tried',
    ],
    [
      'jdbc:postgresql://db/x?password=secret%',
      'option password has a % that is not followed by two hexadecimal digits of UTF-8; a % itself is %25',
    ],
    ['jdbc:mysql://me:secret/er@db/x', 'a / in the password before the host is %2F'],
    [`jdbc:postgresql://${'a,'.repeat(40)}/x`, 'at most 32 hosts, not 41'],
  ])('%s', (url, reason) => {
    expect(() => parseJdbcUrl(url)).toThrow(`Cannot use the JDBC URL: ${reason}`)
    expect(() => parseJdbcUrl(url)).toThrow(
      expect.objectContaining({ kind: 'Invalid', message: expect.not.stringContaining('secret') }),
    )
  })
})

describe('whatever is given', () => {
  const driver = fc.constantFrom('postgresql', 'mysql', 'mariadb')

  test('is a URL or an error of ours, which has no option in it', () => {
    const part = fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(...'/:@[],?&=%1a'.split('')) }))
    fc.assert(
      fc.property(driver, part, part, (name, place, option) => {
        try {
          parseJdbcUrl(`jdbc:${name}:${place}?password=secret${option}`)
        } catch (error) {
          expect(error).toBeInstanceOf(SqlError)
          expect((error as SqlError).message).not.toContain('secret')
        }
      }),
    )
  })

  test('hosts, database and options come out as they went in', () => {
    const host = fc.record({
      host: fc.oneof(
        fc.domain(),
        fc.ipV4(),
        fc.ipV6().filter((address) => !address.includes('%')),
      ),
      port: fc.integer({ min: 1, max: 65_535 }),
    })
    const options = fc.dictionary(fc.stringMatching(/^[a-zA-Z]+$/), fc.string({ unit: 'grapheme' }), {
      noNullPrototype: true,
    })
    fc.assert(
      fc.property(
        fc.constantFrom('postgresql', 'mysql'),
        fc.array(host, { minLength: 1, maxLength: 5 }),
        fc.string({ unit: 'grapheme', minLength: 1 }),
        options,
        (name, hosts, database, given) => {
          const places = hosts.map(({ host: at, port }) => (at.includes(':') ? `[${at}]:${port}` : `${at}:${port}`))
          const query = Object.entries(given).map(([key, value]) => `${key}=${encodeURIComponent(value)}`)
          const url = `jdbc:${name}://${places.join(',')}/${encodeURIComponent(database)}?${query.join('&')}`
          const parsed = parseJdbcUrl(url)
          expect(parsed).toMatchObject({ driver: name, hosts, database })
          expect(Object.fromEntries(parsed.options)).toEqual(given)
        },
      ),
    )
  })
})
