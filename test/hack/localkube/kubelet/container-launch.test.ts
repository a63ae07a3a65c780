import { expect, test } from '@jest/globals'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LocalObject } from '../../../../hack/localkube/api/registry.ts'
import { createApiServer } from '../../../../hack/localkube/api-server.ts'
import { buildLaunch } from '../../../../hack/localkube/kubelet/container-launch.ts'

test('paths of the image are those of this machine, also where the container mounts a volume in front of them', () => {
  const directory = mkdtempSync(join(tmpdir(), 'flotilla-launch-'))
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: 'default', uid: 'u' },
    spec: {},
    status: { podIP: '127.64.0.1' },
  } as unknown as LocalObject
  const around = {
    registry: createApiServer().registry,
    images: { broker: { command: ['node', '/tmp/clone/main.ts'], cwd: '/tmp/clone' } },
    networkFile: '/n',
    portsRoot: '/p',
    remapPorts: false,
    apiServer: { host: '127.0.0.1', port: 1 },
  }
  const container = {
    name: 'broker',
    image: 'broker:1',
    args: ['--scratch=/tmp/x'],
    volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
  }
  const { command } = buildLaunch(around, pod, container, directory, new Map([['tmp', '/host/tmp']]))
  rmSync(directory, { recursive: true })
  expect(command.slice(1)).toEqual(['/tmp/clone/main.ts', '--scratch=/host/tmp/x'])
})
