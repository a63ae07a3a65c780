// Two real nodes: kubelets, containers and names of a cluster, the project's image, its chart and its example in them, and
// what happens when the active pod or its node goes. Needs what `hack/kube/kube` says about nodes.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { NodeCluster, processes, run, sharedNetwork, traces } from './nodes.ts'
import { applyExample, installChart, makeVolume } from './nodes-release.ts'

const root = join(import.meta.dirname, '..', '..')
const kube = join(root, 'hack', 'kube', 'kube')
const nodes = ['node1', 'node2']
const waitMs = 300_000
const timeout = '--timeout=120s'
const nodeInImage = '/usr/local/bin/node'

/** A Service is there some moments after its pod is Ready: rules and names of it are made on each node for itself. */
const askAll = `
  const ask = async (url, triesLeft = 300) => {
    try {
      return (await fetch(url)).status
    } catch (error) {
      if (triesLeft === 0) throw error
      await new Promise((resolve) => setTimeout(resolve, 100))
      return ask(url, triesLeft - 1)
    }
  }
  Promise.all(urls.map((url) => ask(url))).then((statuses) => console.log(statuses.join(' ')))`

describe('two nodes', () => {
  const networkBefore = sharedNetwork()
  let cluster: NodeCluster

  beforeAll(async () => {
    cluster = await NodeCluster.start(nodes.length)
  }, waitMs)

  afterAll(() => cluster?.stop(), waitMs)

  test(
    'are Ready',
    async () => {
      await cluster.kubectl('wait', '--for=condition=Ready', ...nodes.map((name) => `node/${name}`), timeout)
    },
    waitMs,
  )

  test(
    'run pods of the image that reach each other, and themselves, through Services, as does a program outside',
    async () => {
      await cluster.apply(...nodes.flatMap((node) => [brokerOn(node), serviceOf(node)]))
      await cluster.kubectl('wait', '--for=condition=Ready', ...nodes.map((node) => `pod/on-${node}`), timeout)
      const urls = nodes.map((node) => `http://on-${node}.default.svc:8161/readyz`)
      const program = ['--eval', `const urls = ${JSON.stringify(urls)}; ${askAll}`]
      for (const node of nodes)
        expect(await cluster.kubectl('exec', `on-${node}`, '--', nodeInImage, ...program)).toBe('200 200\n')
      expect(await cluster.exec(process.execPath, ...program)).toBe('200 200\n')
      await expect(cluster.exec('getent', 'hosts', 'nobody.example')).rejects.toThrow()
      await cluster.kubectl('delete', 'pod,service', '--selector=of=test', '--now')
    },
    waitMs,
  )

  describe('with the chart and the example', () => {
    const member = (name: string) => cluster.field(`pod/${name}`, '.spec.nodeName')
    const active = () => cluster.field('brokercluster/orders', '.status.groups[0].active')
    const ready = () => cluster.kubectl('wait', '--for=condition=Ready', 'brokercluster/orders', timeout)
    const takenOverFrom = async (before: string) => {
      const standby = before === 'orders-g0-0' ? 'orders-g0-1' : 'orders-g0-0'
      const isActive = `--for=jsonpath={.status.groups[0].active}=${standby}`
      await cluster.kubectl('wait', isActive, 'brokercluster/orders', timeout)
    }
    const texts = Array.from({ length: 100 }, (_, index) => `message ${index + 1}`)
    let url: string

    test(
      'the example becomes Ready, one member on each node',
      async () => {
        await makeVolume(cluster, 'shared', 'ReadWriteMany')
        await installChart(cluster)
        await applyExample(cluster, 'master-slave')
        await ready()
        expect([await member('orders-g0-0'), await member('orders-g0-1')].sort()).toEqual(nodes)
        url = await cluster.field('brokercluster/orders', '.status.endpoints[0].url')
      },
      waitMs,
    )

    test(
      'the active pod is deleted: the standby takes over with all messages',
      async () => {
        expect(await cluster.messages('send', url, texts.length)).toEqual(texts)
        const before = await active()
        await cluster.kubectl('delete', 'pod', before, '--wait=false')
        await takenOverFrom(before)
        expect(await cluster.messages('receive', url, texts.length)).toEqual(texts)
        await ready()
      },
      waitMs,
    )

    test(
      "the active's node loses power: the standby takes over with all messages, and the node comes back",
      async () => {
        expect(await cluster.messages('send', url, texts.length)).toEqual(texts)
        const before = await active()
        const node = await member(before)
        await cluster.stopNode(node)
        expect(await cluster.messages('receive', url, texts.length)).toEqual(texts)
        await cluster.startNode(node)
        await takenOverFrom(before)
        await ready()
      },
      waitMs,
    )
  })

  test(
    'leave nothing behind',
    async () => {
      const namespaces = cluster.namespaces()
      expect(namespaces.size).toBe(1 + 3 * nodes.length)
      expect(processes(namespaces, cluster.directory)).not.toEqual([])
      expect(traces(cluster.directory).cgroups).not.toEqual([])
      await cluster.stop()
      expect(processes(namespaces, cluster.directory)).toEqual([])
      expect(traces(cluster.directory)).toEqual({ cgroups: [], mounts: [] })
      expect(sharedNetwork()).toEqual(networkBefore)
      expect(existsSync(cluster.directory)).toBe(false)
    },
    waitMs,
  )
})

test.each([
  [['up', '10', join(tmpdir(), 'flotilla-none')], 'Cannot start 10 nodes: 0 to 9 are possible'],
  [['up', '1', '/run/flotilla-none'], 'below /run, /var/lib or /var/log, which each node has of its own'],
  [['node-stop', join(tmpdir(), 'flotilla-none'), '1'], 'Cannot find a cluster in'],
])('kube %j is refused', async (args, reason) => {
  await expect(run(kube, args)).rejects.toThrow(reason)
})

function brokerOn(node: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `on-${node}`, labels: { of: 'test', on: node } },
    spec: {
      nodeSelector: { 'kubernetes.io/hostname': node },
      securityContext: { fsGroup: 1000 },
      containers: [
        {
          name: 'broker',
          image: 'flotilla:dev',
          imagePullPolicy: 'Never',
          readinessProbe: { httpGet: { path: '/readyz', port: 8161 }, periodSeconds: 1 },
          volumeMounts: [{ name: 'data', mountPath: '/var/lib/flotilla' }],
        },
      ],
      volumes: [{ name: 'data', emptyDir: {} }],
    },
  }
}

function serviceOf(node: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: `on-${node}`, labels: { of: 'test' } },
    spec: { selector: { on: node }, ports: [{ port: 8161 }] },
  }
}
