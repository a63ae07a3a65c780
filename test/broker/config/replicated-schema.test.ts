import { expect, test } from '@jest/globals'
import { parseBind, parseSyncModes, replicatedStoreSchema } from '../../../broker/config/replicated-schema.ts'

test('the defaults are those of ActiveMQ, but for what is confirmed and how long a session lives', () => {
  expect(replicatedStoreSchema.parse({ type: 'Replicated' })).toEqual({
    type: 'Replicated',
    replicas: 3,
    bind: 'tcp://0.0.0.0:61619',
    sync: 'quorum_disk',
    weight: 1,
    zkAddress: '127.0.0.1:2181',
    zkPath: '/default',
    zkSessionTimeout: '4s',
    maxFileLength: '32Mi',
    concurrentStoreAndDispatchQueues: true,
    limit: '100Gi',
  })
})

test.each([
  [{ replicas: 4 }, 'expected an odd number: an even one survives no more failures'],
  [{ replicas: 1 }, 'Too small: expected number to be >=3'],
  [{ bind: 'udp://a:1' }, 'expected tcp://host:port'],
  [
    { sync: 'quorum' },
    'expected one of local_mem, local_disk, remote_mem, remote_disk, quorum_mem, quorum_disk, or a list of them',
  ],
  [{ zkSessionTimeout: '100ms' }, 'expected a duration such as 250ms, 2s, 1m30s, of at least 1s'],
  [{ zkPath: 'orders' }, 'expected a path such as /flotilla/orders'],
  [{ zkPassword: 'a', zkPasswordFile: '/b' }, 'expected either zkPassword or zkPasswordFile'],
  [{ securityToken: 'a', securityTokenFile: '/b' }, 'expected either securityToken or securityTokenFile'],
  [{ limit: '64Mi' }, 'expected at least 4 times maxFileLength, or no space would ever come back'],
])('%j is refused', (fields, text) => {
  const { error } = replicatedStoreSchema.safeParse({ type: 'Replicated', ...fields })
  expect(error?.issues.map(({ message }) => message)).toContain(text)
})

test('addresses and lists are read', () => {
  expect(parseBind('tcp://[::]:0')).toEqual({ host: '::', port: 0 })
  expect(parseBind('tcp://a:70000')).toBeUndefined()
  expect(parseSyncModes('quorum_mem, local_disk')).toEqual(['quorum_mem', 'local_disk'])
})
