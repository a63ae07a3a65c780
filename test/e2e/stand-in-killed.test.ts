// The stand-in itself dies: nothing of it goes on running, and the next start has everything again.
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { brokerImages, startLocalStack } from '../support/local-stack.ts'
import { gone, isAlive, masterSlave, numbersUpTo, receive, send, until } from '../support/stack.ts'
import { Api } from '../../hack/start/api.ts'
import { failoverUrl, isReady, type PodObject, processId } from '../../hack/start/cluster-view.ts'
import { getCluster, podsOf } from '../../hack/start/clusters.ts'

const main = join(import.meta.dirname, '..', '..', 'hack', 'localkube', 'main.ts')
const cluster = { namespace: 'default', name: 'orders' }

let directory: string
let child: ChildProcess | undefined
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'flotilla-e2e-'))
})
afterEach(async () => {
  if (child && child.exitCode === null && child.signalCode === null) {
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  rmSync(directory, { recursive: true, force: true })
})

/** Resolves with the URL of its API server. */
async function startStandIn(): Promise<string> {
  const images = join(directory, 'images.json')
  writeFileSync(images, JSON.stringify(brokerImages))
  const kubeconfig = join(directory, 'kubeconfig')
  const args = [main, '--data', directory, '--kubeconfig', kubeconfig, '--images', images]
  child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] })
  for await (const line of createInterface(child.stdout!)) if (line.startsWith('export KUBECONFIG=')) break
  return /server: "(.*)"/.exec(readFileSync(kubeconfig, 'utf8'))![1]!
}

test('stand-in-killed: all brokers end with it, and the next start is Ready again with the data', async () => {
  // The cluster is made by a stack on the same directory; what is to be killed finds it there.
  const first = await startLocalStack({ directory })
  await first.apply(cluster.name, masterSlave())
  await first.ready(cluster.name)
  await first.stop()

  const api = new Api(await startStandIn())
  let members: PodObject[] = []
  await until(async () => {
    members = await podsOf(api, cluster)
    return members.length === 2 && members.every((pod) => isContainerReady(pod))
  }, 'the brokers are not ready')
  expect(isReady(await getCluster(api, cluster))).toBe(true)
  await send(failoverUrl(members), 'KEPT', 20)
  const pids = members.map((pod) => processId(pod)!)
  expect(pids.every(isAlive)).toBe(true)
  child!.kill('SIGKILL')
  await once(child!, 'exit')
  await Promise.all(pids.map(gone))

  const second = await startLocalStack({ directory })
  try {
    const { groups } = await second.settled(cluster.name, (status) => {
      const running = second.pods(cluster.name).map((pod) => processId(pod))
      return status.groups![0]!.lock!.term! > 1 && running.every((pid) => pid !== undefined && !pids.includes(pid))
    })
    expect(groups![0]!.standbys).toHaveLength(1)
    expect(await receive(second.url(cluster.name), 'KEPT', 20)).toEqual(numbersUpTo(20))
  } finally {
    await second.stop()
  }
})

const isContainerReady = (pod: PodObject): boolean =>
  (pod.status?.containerStatuses?.[0] as { ready?: boolean } | undefined)?.ready === true
