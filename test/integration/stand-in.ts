// The stand-in's API server and controllers, without its kubelet: a PodPlayer takes that part.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createApiServer } from '../../hack/localkube/api-server.ts'
import { buildKubeconfig } from '../../hack/localkube/api/http/kubeconfig.ts'
import { systemClock } from '../../hack/localkube/base/clock.ts'
import { createEventRecorder } from '../../hack/localkube/controllers/event-recorder.ts'
import { startControllers } from '../../hack/localkube/controllers/start-controllers.ts'
import { createVolumeDirectories } from '../../hack/localkube/controllers/volume-directories.ts'
import type { TestServer } from './operator.ts'

export async function startStandIn(): Promise<TestServer> {
  const folder = mkdtempSync(join(tmpdir(), 'flotilla-operator-'))
  const api = createApiServer()
  const { registry } = api
  const { url } = await api.listen()
  const log = () => {}
  const recorder = createEventRecorder(registry, systemClock, log)
  const context = { registry, clock: systemClock, log, events: recorder }
  const controllers = startControllers(context, createVolumeDirectories(join(folder, 'volumes')))
  const kubeconfig = join(folder, 'kubeconfig')
  writeFileSync(kubeconfig, buildKubeconfig(url))
  return {
    kubeconfig,
    async stop() {
      controllers.stop()
      recorder.stop()
      await api.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
