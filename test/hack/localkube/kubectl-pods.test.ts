// What people do with running pods, by the real kubectl: the whole stand-in, with pods as processes.
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LocalObject } from '../../../hack/localkube/api/registry.ts'
import { pods, statefulSets } from '../../../hack/localkube/controllers/resource-names.ts'
import { type LocalKube, startLocalKube } from '../../../hack/localkube/localkube.ts'
import { podTemplate } from './control-plane.ts'
import { describeWithKubectl, Kubectl } from './kubectl-command.ts'
import { images, statusOf } from './kubelet/pod-bench.ts'

/** How often a pod is deleted; see CONTRIBUTING.md. */
const deletions = Number(process.env['FLOTILLA_POD_DELETIONS'] ?? 20)
const deletionTimeoutMs = 60_000

let kube: LocalKube
let home: string
let kubectl: Kubectl

describeWithKubectl('kubectl', () => {
  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'localkube-kubectl-'))
    const kubeconfigPath = join(home, 'kubeconfig')
    kube = await startLocalKube({ dataDirectory: home, apiPort: 0, images, kubeconfigPath, log: () => {} })
    kubectl = new Kubectl(home)
  })

  afterAll(async () => {
    await kube.stop()
    rmSync(home, { recursive: true, force: true })
  })

  /** The pod as soon as it runs and is another one than before. */
  function running(name: string, notUid = ''): Promise<LocalObject> {
    return new Promise((resolve) => {
      const watch = kube.registry.watch(pods, ({ type, object }) => {
        if (type === 'DELETED' || object.metadata.name !== name || object.metadata.uid === notUid) return
        if (statusOf(object)?.state.running === undefined) return
        setImmediate(() => watch.close())
        resolve(object)
      })
    })
  }

  async function deleteAgainAndAgain(): Promise<void> {
    kube.registry.create(statefulSets, {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name: 'again', namespace: 'default' },
      spec: {
        replicas: 1,
        serviceName: 'again',
        selector: { matchLabels: { app: 'again' } },
        template: podTemplate({ app: 'again' }, 'test/pod:1'),
      },
    })
    let uid = ''
    let longestMs = 0
    for (let n = 0; n < deletions; n++) {
      ;({ uid } = (await running('again-0', uid)).metadata)
      const startedAt = performance.now()
      expect(await kubectl.ok(`delete pod again-0 --timeout=${deletionTimeoutMs / 1000}s`)).toContain('deleted')
      longestMs = Math.max(longestMs, performance.now() - startedAt)
      expect(kube.registry.get(pods, 'default', 'again-0')?.metadata.uid).not.toBe(uid)
    }
    if (deletions > 20) console.info(`${deletions} deletions, the longest took ${Math.round(longestMs)} ms`)
    await kubectl.ok('delete sts again')
  }

  test(
    'delete: a pod of a StatefulSet, again and again, is waited for until it has gone, and no longer',
    deleteAgainAndAgain,
    (deletions + 1) * deletionTimeoutMs,
  )
})
