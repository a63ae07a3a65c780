// What of a Secret members are restarted for: not what they read anew by themselves, and nothing that is nobody's business.
import { describe, expect, test } from '@jest/globals'
import { isDatabaseUrl, noteOf, parseNote, urlHash } from '../../../operator/topology/database.ts'

describe('the hash of a URL', () => {
  test.each([
    ['jdbc:postgresql://db:5432/orders', 'jdbc:postgresql://db:5432/orders\n'],
    ['jdbc:postgresql://db/orders?user=a&password=b', 'jdbc:postgresql://db/orders?user=c&password=d'],
    [
      'jdbc:postgresql://db/orders?password=b&sslmode=require',
      'jdbc:postgresql://db/orders?password=d&sslmode=require',
    ],
    ['jdbc:mysql://a:b@db/orders', 'jdbc:mysql://a:c@db/orders'],
    ['jdbc:mysql://a:p@ss@db/orders', 'jdbc:mysql://db/orders'],
    [
      'jdbc:mysql://address=(host=db)(user=a)(password=b)/orders',
      'jdbc:mysql://address=(host=db)(user=c)(password=d)/orders',
    ],
    [
      'jdbc:mysql://db/orders?trustCertificateKeyStorePassword=b',
      'jdbc:mysql://db/orders?trustCertificateKeyStorePassword=d',
    ],
  ])('%s and %s: the same', (one, other) => {
    expect(urlHash(one)).toBe(urlHash(other))
  })

  test.each([
    ['jdbc:postgresql://db/orders', 'jdbc:postgresql://db2/orders'],
    ['jdbc:postgresql://db/orders', 'jdbc:postgresql://db/other'],
    ['jdbc:postgresql://db/orders', 'jdbc:postgresql://db/orders?sslmode=require'],
    ['jdbc:postgresql://db/o?user=a&sslmode=require', 'jdbc:postgresql://db/o?user=a&sslmode=verify-full'],
    ['jdbc:postgresql://a,b/orders', 'jdbc:postgresql://b,a/orders'],
  ])('%s and %s: different', (one, other) => {
    expect(urlHash(one)).not.toBe(urlHash(other))
  })
})

test('what is noted of a database is read again', () => {
  for (const known of [
    { urlHash: '0123456789', hasCa: false },
    { urlHash: '0123456789', hasCa: true },
  ])
    expect(parseNote(noteOf(known))).toEqual(known)
})

test('a URL is one of a database that brokers know', () => {
  expect(['jdbc:postgresql://db/o', 'jdbc:mysql://db/o', 'jdbc:mariadb://db/o\n'].map(isDatabaseUrl)).toEqual([
    true,
    true,
    true,
  ])
  expect(['postgresql://db/o', 'jdbc:oracle:thin:@db', 'jdbc:postgresqlx://db', ''].map(isDatabaseUrl)).toEqual([
    false,
    false,
    false,
    false,
  ])
})
