import { expect, test } from '@jest/globals'
import type { LocalObject } from '../../../../hack/localkube/api/registry.ts'
import { buildEnvironment, type Container, expand } from '../../../../hack/localkube/kubelet/environment.ts'

const pod: LocalObject = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: 'web-0',
    namespace: 'team',
    uid: 'u-1',
    resourceVersion: '1',
    creationTimestamp: '',
    labels: { app: 'web' },
    annotations: { 'example.com/note': 'hello' },
  },
  spec: { nodeName: 'local', containers: [{ name: 'main', image: 'i', resources: { limits: { memory: '512Mi' } } }] },
  status: { podIP: '127.70.0.1', hostIP: '127.0.0.1' },
}
const sources = {
  configMap: (name: string) => (name === 'settings' ? { color: 'red', size: 'L' } : undefined),
  secret: (name: string) => (name === 'login' ? { password: 'geheim' } : undefined),
}
const build = (container: Partial<Container>) =>
  buildEnvironment(pod, { ...pod['spec'].containers[0], ...container }, sources, {})
const valueOf = (valueFrom: object) => build({ env: [{ name: 'X', valueFrom }] })['X']

test.each([
  ['$(A)/x', 'one/x'],
  ['$(B)', '$(B)'],
  ['$$(A)', '$(A)'],
  ['$$$(A)', '$one'],
  ['100$', '100$'],
])('%s expands to %s', (text, expected) => {
  expect(expand(text, { A: 'one' })).toBe(expected)
})

test.each([
  ['metadata.name', 'web-0'],
  ['metadata.namespace', 'team'],
  ['metadata.uid', 'u-1'],
  ["metadata.labels['app']", 'web'],
  ["metadata.labels['absent']", ''],
  ["metadata.annotations['example.com/note']", 'hello'],
  ['status.podIP', '127.70.0.1'],
  ['status.hostIP', '127.0.0.1'],
  ['spec.nodeName', 'local'],
])('fieldRef %s', (fieldPath, expected) => {
  expect(valueOf({ fieldRef: { fieldPath } })).toBe(expected)
})

test.each([
  [{ resource: 'limits.memory' }, '536870912'],
  [{ resource: 'limits.memory', divisor: '1Mi' }, '512'],
  [{ resource: 'requests.cpu' }, '0'],
  [{ containerName: 'main', resource: 'limits.memory', divisor: '1Gi' }, '1'],
])('resourceFieldRef %j', (resourceFieldRef, expected) => {
  expect(valueOf({ resourceFieldRef })).toBe(expected)
})

test('without a limit the machine is the limit', () => {
  expect(Number(valueOf({ resourceFieldRef: { resource: 'limits.cpu' } }))).toBeGreaterThan(0)
})

test('later variables see earlier ones, and win over envFrom', () => {
  const environment = build({
    envFrom: [{ configMapRef: { name: 'settings' } }, { prefix: 'DB_', secretRef: { name: 'login' } }],
    env: [
      { name: 'color', value: 'blue' },
      { name: 'TEXT', value: '$(color) $(size) $(LATER)' },
      { name: 'LATER', value: 'x' },
    ],
  })
  expect(environment).toMatchObject({ color: 'blue', size: 'L', DB_password: 'geheim', TEXT: 'blue L $(LATER)' })
})

test('keys of ConfigMaps and Secrets; optional ones may be missing', () => {
  expect(valueOf({ configMapKeyRef: { name: 'settings', key: 'color' } })).toBe('red')
  expect(valueOf({ secretKeyRef: { name: 'login', key: 'password' } })).toBe('geheim')
  expect(valueOf({ secretKeyRef: { name: 'login', key: 'user', optional: true } })).toBeUndefined()
})

test.each([
  [{ configMapKeyRef: { name: 'absent', key: 'k' } }, 'configmap "absent" not found'],
  [{ secretKeyRef: { name: 'login', key: 'user' } }, `couldn't find key user in secret "login"`],
  [{ fieldRef: { fieldPath: 'spec.colour' } }, 'fieldRef spec.colour is not a field of the downward API'],
  [{ resourceFieldRef: { resource: 'limits.gpu' } }, 'resourceFieldRef limits.gpu is not supported'],
])('%j is refused with its name', (valueFrom, message) => {
  expect(() => valueOf(valueFrom)).toThrow(message)
})
