import { expect, test } from '@jest/globals'
import { quorumOf, syncDemands } from '../../../broker/replication/sync-mode.ts'

test.each([
  ['local_mem', { localDisk: false, remote: 'none' }],
  ['local_disk', { localDisk: true, remote: 'none' }],
  ['remote_mem', { localDisk: false, remote: 'mem' }],
  ['remote_disk', { localDisk: false, remote: 'disk' }],
  ['quorum_mem', { localDisk: false, remote: 'mem' }],
  ['quorum_disk', { localDisk: true, remote: 'disk' }],
] as const)('%s', (mode, demands) => {
  expect(syncDemands([mode])).toEqual(demands)
})

test('of a list the stronger of each half holds', () => {
  expect(syncDemands(['quorum_mem', 'local_disk'])).toEqual({ localDisk: true, remote: 'mem' })
  expect(syncDemands(['remote_disk', 'local_mem'])).toEqual({ localDisk: false, remote: 'disk' })
})

test('a quorum is more than half', () => {
  expect([3, 5, 7].map(quorumOf)).toEqual([2, 3, 4])
})
