// The whole stand-in: through its HTTP API, over restarts, and when it is killed.
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { LocalObject } from '../../../hack/localkube/api/registry.ts'
import { pods, statefulSets } from '../../../hack/localkube/controllers/resource-names.ts'
import { type LocalKube, startLocalKube } from '../../../hack/localkube/localkube.ts'
import { podTemplate } from './control-plane.ts'
import { gone, images, isAlive, pidOf, statusOf } from './kubelet/pod-bench.ts'

const main = join(import.meta.dirname, '..', '..', '..', 'hack', 'localkube', 'main.ts')

let directory: string
let running: LocalKube[] = []
let child: ChildProcess | undefined
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'localkube-'))
})
afterEach(async () => {
  await Promise.all(running.map((kube) => kube.stop()))
  running = []
  if (child && child.exitCode === null && child.signalCode === null) {
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  child = undefined
  rmSync(directory, { recursive: true, force: true })
})

async function start(): Promise<LocalKube> {
  const kubeconfigPath = join(directory, 'kubeconfig')
  const kube = await startLocalKube({ dataDirectory: directory, apiPort: 0, images, kubeconfigPath, log: () => {} })
  running.push(kube)
  return kube
}

const set = {
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata: { name: 'web', namespace: 'default' },
  spec: {
    replicas: 2,
    podManagementPolicy: 'Parallel',
    serviceName: 'web',
    selector: { matchLabels: { app: 'web' } },
    template: podTemplate({ app: 'web' }, 'test/pod:1'),
  },
}

function until(kube: LocalKube, holds: (set: LocalObject) => boolean): Promise<void> {
  return new Promise((resolve) => {
    const watch = kube.registry.watch(statefulSets, ({ object }) => {
      if (!holds(object)) return
      watch.close()
      resolve()
    })
  })
}
const isReady = ({ status }: LocalObject) => status?.readyReplicas === 2

async function get<T>(url: string): Promise<T> {
  return (await (await fetch(url)).json()) as T
}

test('a StatefulSet posted to the API runs; its logs are served; it comes back after a restart', async () => {
  const kube = await start()
  const body = JSON.stringify(set)
  const headers = { 'content-type': 'application/json' }
  await fetch(`${kube.serverUrl}/apis/apps/v1/namespaces/default/statefulsets`, { method: 'POST', body, headers })
  await until(kube, isReady)
  const before = kube.registry.get(pods, 'default', 'web-0')!
  const log = await fetch(`${kube.serverUrl}/api/v1/namespaces/default/pods/web-0/log`)
  expect(log.status).toBe(200)
  expect(readFileSync(kube.kubeconfigPath, 'utf8')).toContain(kube.serverUrl)
  expect(statSync(kube.kubeconfigPath).mode & 0o777).toBe(0o600)
  await kube.stop()
  expect(isAlive(pidOf(before))).toBe(false)

  const again = await start()
  await until(again, isReady)
  const after = again.registry.get(pods, 'default', 'web-0')!
  expect(after.metadata.uid).toBe(before.metadata.uid)
  expect(statusOf(after).restartCount).toBe(1)
})

test('a data directory is used by one stand-in at a time', async () => {
  await start()
  await expect(start()).rejects.toMatchObject({ code: 'DATA_DIRECTORY_IN_USE' })
})

test('a port that is taken is named', async () => {
  const port = Number(new URL((await start()).serverUrl).port)
  const options = {
    dataDirectory: join(directory, 'b'),
    kubeconfigPath: join(directory, 'b', 'k'),
    images,
    log: () => {},
  }
  await expect(startLocalKube({ ...options, apiPort: port })).rejects.toThrow(`Cannot listen on 127.0.0.1:${port}`)
})

test('killed with SIGKILL it leaves no process behind, and the next one goes on', async () => {
  const imagesFile = join(directory, 'images.json')
  writeFileSync(imagesFile, JSON.stringify(images))
  const kubeconfig = join(directory, 'kubeconfig')
  const args = [main, '--data', directory, '--port', '0', '--kubeconfig', kubeconfig, '--images', imagesFile]
  child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] })
  for await (const line of createInterface(child.stdout!)) if (line === `export KUBECONFIG=${kubeconfig}`) break
  const url = /server: "(.*)"/.exec(readFileSync(kubeconfig, 'utf8'))![1]!
  const sets = `${url}/apis/apps/v1/namespaces/default/statefulsets`
  await fetch(sets, { method: 'POST', body: JSON.stringify(set), headers: { 'content-type': 'application/json' } })
  let list: LocalObject[] = []
  while (list.length < 2 || !list.every((pod) => statusOf(pod)?.ready))
    list = (await get<{ items: LocalObject[] }>(`${url}/api/v1/namespaces/default/pods`)).items
  const pids = list.map(pidOf)
  expect(pids.every(isAlive)).toBe(true)
  child.kill('SIGKILL')
  await once(child, 'exit')
  await Promise.all(pids.map(gone))

  await until(await start(), isReady)
})

test('a data directory in which its process id cannot be written is refused', async () => {
  mkdirSync(join(directory, 'localkube.pid'))
  await expect(start()).rejects.toMatchObject({
    code: 'DATA_DIRECTORY',
    message: expect.stringContaining(`Cannot use data directory ${directory}: EISDIR`),
  })
})
