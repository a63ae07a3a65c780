import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LocalObject } from '../../../../hack/localkube/api/registry.ts'
import { createApiServer } from '../../../../hack/localkube/api-server.ts'
import { buildLaunch } from '../../../../hack/localkube/kubelet/container-launch.ts'

const around = {
  registry: createApiServer().registry,
  images: { broker: { command: ['node', '/tmp/clone/main.ts'], cwd: '/tmp/clone' } },
  networkFile: '/n',
  portsRoot: '/p',
  remapPorts: false,
  apiServer: { host: '127.0.0.1', port: 1 },
}
const podWith = (spec: object) =>
  ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: 'default', uid: 'u' },
    spec,
    status: { podIP: '127.64.0.1' },
  }) as unknown as LocalObject
let directory: string
beforeEach(() => void (directory = mkdtempSync(join(tmpdir(), 'flotilla-launch-'))))
afterEach(() => rmSync(directory, { recursive: true }))

test('paths of the image are those of this machine, also where the container mounts a volume in front of them', () => {
  const container = {
    name: 'broker',
    image: 'broker:1',
    args: ['--scratch=/tmp/x'],
    volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
  }
  const { command } = buildLaunch(around, podWith({}), container, directory, new Map([['tmp', '/host/tmp']]))
  expect(command.slice(1)).toEqual(['/tmp/clone/main.ts', '--scratch=/host/tmp/x'])
})

test('a pod that asks for the token of its account is told where that and the API server are, and no other one', () => {
  const container = { name: 'broker', image: 'broker:1' }
  const environmentOf = (spec: object) => buildLaunch(around, podWith(spec), container, directory, new Map()).env
  const told = environmentOf({ serviceAccountName: 'orders-g0', automountServiceAccountToken: true })
  expect(told).toMatchObject({ FLOTILLA_API_SERVER: 'http://127.0.0.1:1' })
  const folder = told['FLOTILLA_SERVICE_ACCOUNT']!
  expect(readFileSync(join(folder, 'namespace'), 'utf8')).toBe('default')
  expect(readFileSync(join(folder, 'token'), 'utf8')).not.toBe('')
  for (const spec of [{}, { automountServiceAccountToken: false }])
    expect(environmentOf(spec)).not.toHaveProperty('FLOTILLA_SERVICE_ACCOUNT')
})
