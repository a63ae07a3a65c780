// The same suite as against a real API server (test/kube), against the stand-in's.
import { afterAll, beforeAll } from '@jest/globals'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createApiServer } from '../../hack/localkube/api-server.ts'
import { describeKubeClient } from './kube-client.ts'

const server = createApiServer()
let folder: string
let kubeconfig: string

beforeAll(async () => {
  const { url } = await server.listen()
  folder = mkdtempSync(join(tmpdir(), 'flotilla-kube-client-'))
  kubeconfig = join(folder, 'kubeconfig')
  writeFileSync(
    kubeconfig,
    JSON.stringify({
      clusters: [{ name: 'local', cluster: { server: url } }],
      contexts: [{ name: 'local', context: { cluster: 'local' } }],
      'current-context': 'local',
    }),
  )
})
afterAll(async () => {
  await server.close()
  rmSync(folder, { recursive: true })
})

describeKubeClient(
  'the stand-in',
  () => ({ kubeconfig }),
  () => server.forgetHistory(),
)
