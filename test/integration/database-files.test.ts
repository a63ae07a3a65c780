// What a member of a group on a database finds on its node: the pod is the one that the operator's builders make, the stand-in runs it, and
// a small program in the broker's place tells what it reads by the names that the configuration has.
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { configMaps, pods, secrets } from '../../hack/localkube/controllers/resource-names.ts'
import { type LocalKube, startLocalKube } from '../../hack/localkube/localkube.ts'
import type { BrokerCluster } from '../../operator/api/broker-cluster.ts'
import { parseSpec } from '../../operator/api/validate.ts'
import { buildConfigMap } from '../../operator/resources/config-map.ts'
import { buildPodTemplate } from '../../operator/resources/pod-template.ts'
import { planCluster } from '../../operator/topology/planner.ts'
import { databasePair, databaseSecret } from '../support/cluster-harness.ts'

/** Tells the files that its configuration names, and again when one of them is another one: a path is followed anew each time, as the broker does. */
const program = `
const { readFileSync } = require('node:fs')
const config = JSON.parse(readFileSync(process.argv[process.argv.indexOf('--config') + 1], 'utf8'))
let told
const tell = () => {
  const said = JSON.stringify(
    ['urlFile', 'usernameFile', 'passwordFile', 'caFile'].map((name) => config.store[name] && readFileSync(config.store[name], 'utf8')),
  )
  if (said !== told) fetch(process.env.LISTENER, { method: 'POST', body: said }).catch(() => {})
  told = said
}
tell()
setInterval(tell, 10)
`

let directory: string
let kube: LocalKube
let listener: Server
let heard: (text: string) => void = () => {}

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'flotilla-database-files-'))
  listener = createServer((request, response) => {
    let text = ''
    request.setEncoding('utf8').on('data', (part: string) => (text += part))
    request.on('end', () => {
      response.end()
      heard(text)
    })
  })
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  kube = await startLocalKube({
    dataDirectory: directory,
    apiPort: 0,
    images: { 'ghcr.io/flotilla-mq/flotilla': { command: ['node', '--eval', program, '--'], cwd: tmpdir() } },
    kubeconfigPath: join(directory, 'kubeconfig'),
    log: () => {},
  })
})

afterAll(async () => {
  await kube?.stop()
  listener?.close()
  rmSync(directory, { recursive: true, force: true })
})

test('the files of its Secret, by the names of its configuration, and their new content without a restart', async () => {
  const metadata = { name: 'orders', namespace: 'default', uid: 'u' }
  const spec = databasePair({ keys: { url: 'jdbc-uri' } })
  const parsed = parseSpec({ metadata, spec } as BrokerCluster)
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  const known = new Map([['g0', { urlHash: '0123456789', hasCa: true }]])
  const plan = planCluster(metadata, parsed.spec, { defaultImage: 'ghcr.io/flotilla-mq/flotilla:1' }, undefined, known)
  const { spec: podSpec } = buildPodTemplate(plan, plan.groups[0]!)
  // The program answers no probes.
  const { livenessProbe: _, readinessProbe: _r, ...container } = podSpec.containers[0]!
  const { port } = listener.address() as AddressInfo
  const env = [...container.env, { name: 'LISTENER', value: `http://127.0.0.1:${port}/` }]
  const next = () => new Promise<unknown>((resolve) => (heard = (text) => resolve(JSON.parse(text))))
  const texts = { 'jdbc-uri': 'jdbc:postgresql://db/orders', url: undefined, 'ca.crt': 'PEM', other: 'of nobody here' }
  const object = { ...databaseSecret(texts), metadata: { namespace: 'default', name: 'orders-db' } }
  kube.registry.create(secrets, object)
  kube.registry.create(configMaps, buildConfigMap(plan, plan.groups[0]!))
  const first = next()
  kube.registry.create(pods, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'orders-g0-0', namespace: 'default' },
    spec: { ...podSpec, containers: [{ ...container, env }] },
  })
  expect(await first).toEqual(['jdbc:postgresql://db/orders', 'orders', 'sesame', 'PEM'])
  const second = next()
  kube.registry.update(secrets, 'default', 'orders-db', (secret) => {
    secret['data'] = databaseSecret({ ...texts, password: 'open' }).data
  })
  expect(await second).toEqual(['jdbc:postgresql://db/orders', 'orders', 'open', 'PEM'])
  expect(kube.registry.get(pods, 'default', 'orders-g0-0')!['status'].containerStatuses[0].restartCount).toBe(0)
})
