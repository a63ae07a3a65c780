import { expect, test } from '@jest/globals'
import { apiAccess } from '../../../../../broker/lock/election/kubernetes/api-access.ts'

const mounted = '/var/run/secrets/kubernetes.io/serviceaccount'

test.each([
  [{ KUBERNETES_SERVICE_HOST: '10.96.0.1' }, 'https://10.96.0.1/', mounted],
  [{ KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '6443' }, 'https://[fd00::1]:6443/', mounted],
  [
    {
      KUBERNETES_SERVICE_HOST: '10.96.0.1',
      FLOTILLA_API_SERVER: 'http://127.0.0.1:8001',
      FLOTILLA_SERVICE_ACCOUNT: '/a',
    },
    'http://127.0.0.1:8001/',
    '/a',
  ],
])('of %j it is %s, with %s', (env, server, serviceAccount) => {
  const access = apiAccess(env)
  expect([access.server.href, access.serviceAccount]).toEqual([server, serviceAccount])
})

test('outside a pod, or with what is no URL, it says what is missing', () => {
  expect(() => apiAccess({})).toThrow('KUBERNETES_SERVICE_HOST is not set')
  expect(() => apiAccess({ FLOTILLA_API_SERVER: 'localhost:8001' })).toThrow('Cannot use localhost:8001 as API server')
})
