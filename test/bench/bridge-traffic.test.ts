// What counts of the kernel's list of connections.
import { expect, test } from '@jest/globals'
import { trafficOf } from './bridge-traffic.ts'

const listing = [
  '0 0 [::ffff:127.0.0.1]:40002 [::ffff:127.0.0.1]:61616 users:(("java",pid=11,fd=7)) bbr rto:204 bytes_sent:180 bytes_retrans:80 bytes_acked:100 bytes_received:20 segs_out:4',
  '0 0 127.0.0.1:40001 127.0.0.1:61617 users:(("node",pid=12,fd=9)) bbr rto:204 segs_out:1',
  '0 0 127.0.0.1:40003 127.0.0.1:61616 users:(("java",pid=13,fd=8)) bbr rto:204 bytes_acked:7 bytes_received:7 segs_out:4',
  '',
].join('\n')

test('connections of brokers count in both directions, each byte once; those of clients do not', () => {
  expect(trafficOf(listing, new Set([11, 12]))).toEqual({ connections: ['40001-61617', '40002-61616'], bytes: 120 })
})
