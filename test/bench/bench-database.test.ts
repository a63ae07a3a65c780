// How much a broker asks its database, out of what the kernel says of its connections.
import { expect, test } from '@jest/globals'
import { packetsOf } from './bench-database.ts'

const line = (pid: number, sent: string): string =>
  `0 0 127.0.0.1:41000 127.0.0.1:5432 users:(("java",pid=${pid},fd=9)) cubic rto:201 bytes_sent:9000 segs_out:70 ${sent} data_segs_in:64`

test('packets are counted of the connections of the broker, and of no others', () => {
  const listing = [line(7, 'data_segs_out:40'), line(8, 'data_segs_out:2'), line(9, 'data_segs_out:1000'), line(7, '')]
  expect(packetsOf(listing.join('\n'), new Set([7, 8]))).toBe(42)
})
