// `npm start` as people use it: as a process, with its exit codes and what it says, and nothing left behind it.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startLocalKube } from '../../../hack/localkube/localkube.ts'
import { gone, isAlive, masterSlave, standalone, until } from '../../support/stack.ts'
import { StartedProgram } from '../../support/started-program.ts'

const root = join(import.meta.dirname, '..', '..', '..')
const program = join(root, 'hack', 'start', 'main.ts')

interface Deployment {
  status?: { availableReplicas?: number }
}

let directory: string
let running: StartedProgram[] = []
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'flotilla-start-'))
})
afterEach(async () => {
  await Promise.all(running.map((run) => run.kill()))
  running = []
  rmSync(directory, { recursive: true, force: true })
})

function start(...args: string[]): StartedProgram {
  const started = new StartedProgram(process.execPath, [program, ...args])
  running.push(started)
  return started
}

/** In a data directory of the test, on any free port. */
const startHere = (...args: string[]): StartedProgram =>
  start('--data', join(directory, 'data'), '--port', '0', ...args)

const cluster = (spec: unknown, metadata: object = {}) => ({
  apiVersion: 'flotilla.dev/v1alpha1',
  kind: 'BrokerCluster',
  metadata: { name: 'mine', ...metadata },
  spec,
})

/** A file with these objects, one document each. */
function documents(...objects: unknown[]): string {
  const path = join(directory, 'mine.yaml')
  writeFileSync(path, objects.map((object) => JSON.stringify(object)).join('\n---\n'))
  return path
}

const manifest = (spec: unknown): string => documents(cluster(spec))

describe('wrong from the start', () => {
  test('--help explains and ends with 0', async () => {
    const run = start('--help')
    expect(await run.ended).toBe(0)
    expect(run.output).toContain('npm start -- --exit')
  })

  test('an unknown option ends with 2 and is named', async () => {
    const run = start('--bogus')
    expect(await run.ended).toBe(2)
    expect(run.output).toContain("Cannot start: unknown option '--bogus'")
  })

  test('a file that cannot be read, or is not YAML, ends with 1 and is named', async () => {
    const missing = startHere('-f', join(directory, 'none.yaml'))
    const bad = join(directory, 'bad.yaml')
    writeFileSync(bad, 'kind: {')
    const torn = startHere('-f', bad)
    expect(await missing.ended).toBe(1)
    expect(missing.output).toContain('none.yaml: there is no such file or folder')
    expect(await torn.ended).toBe(1)
    expect(torn.output).toContain('bad.yaml')
    for (const { output } of [missing, torn]) expect(output).not.toContain('    at ')
  })

  test('a port that is taken ends with 1, and says how to choose another one', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    const run = startHere('--port', String(port))
    expect(await run.ended).toBe(1)
    expect(run.output).toContain(`Cannot listen on 127.0.0.1:${port}`)
    expect(run.output).toContain('--port N')
    server.close()
  })

  test('a data directory in use ends with 1, and says by whom', async () => {
    const data = join(directory, 'data')
    const options = { dataDirectory: data, kubeconfigPath: join(data, 'kubeconfig'), images: {}, log: () => {} }
    const kube = await startLocalKube({ ...options, apiPort: 0 })
    const run = startHere()
    expect(await run.ended).toBe(1)
    expect(run.output).toContain(`process ${process.pid} runs a local stand-in in it`)
    await kube.stop()
  })

  // Nothing can be made in /proc, whoever asks; mkdir's own `recursive` would ask it for ever.
  test.each(['a file', '/proc'])(
    'a data directory or kubeconfig that cannot be written, in %s, ends with 1 and is named',
    async (place) => {
      const isFile = place === 'a file'
      const data = isFile ? manifest(standalone('None')) : '/proc/x'
      const kubeconfig = isFile ? join(data, 'kubeconfig') : '/proc/x/kubeconfig'
      const noDirectory = startHere('--data', data)
      const noKubeconfig = startHere('--kubeconfig', kubeconfig)
      expect(await noDirectory.ended).toBe(1)
      expect(noDirectory.output).toContain(`Cannot use data directory ${data}: E`)
      expect(noDirectory.output).toContain('. --data DIR chooses another one.\n')
      expect(await noKubeconfig.ended).toBe(1)
      expect(noKubeconfig.output).toContain(`Cannot write kubeconfig ${kubeconfig}: E`)
      expect(noKubeconfig.output).toContain('. --kubeconfig FILE chooses another one.\n')
      for (const { output } of [noDirectory, noKubeconfig]) expect(output).not.toContain('    at ')
    },
  )

  test('a spec that is not accepted ends with 1 and names the field', async () => {
    const run = startHere('-f', manifest(masterSlave({}, { replicas: 1 })))
    expect(await run.ended).toBe(1)
    expect(run.output).toContain('Cannot apply BrokerCluster "mine"')
    expect(run.output).toContain('groupTemplate')
    expect(run.output).not.toContain('    at ')
  })

  test('a namespace that there is not ends with 1, and says what to do', async () => {
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } }
    const inShop = cluster(standalone('None'), { namespace: 'shop' })
    const missing = startHere('-f', documents(inShop))
    expect(await missing.ended).toBe(1)
    expect(missing.output).toMatch(/Cannot apply BrokerCluster "mine" of \S+: namespaces "shop" not found\. /)
    expect(missing.output).toContain('kind: Namespace')
    const late = startHere('-f', documents(inShop, namespace))
    expect(await late.ended).toBe(1)
    expect(late.output).toContain('namespaces "shop" not found. The manifest has it, but further down')
    for (const { output } of [missing, late]) expect(output).not.toContain('    at ')
  })

  test('a cluster that is Stalled ends with 1 at once, and says why', async () => {
    const spec = { ...standalone('None'), image: { reference: 'ghcr.io/flotilla-mq/brokr:1' } }
    const run = startHere('-f', manifest(spec))
    expect(await run.ended).toBe(1)
    expect(run.output).toContain('BrokerCluster default/mine is Stalled, waiting will not help: ImagePullFailed: ')
    expect(run.output).toContain('Cannot run image "ghcr.io/flotilla-mq/brokr')
    expect(run.output).not.toContain('is not Ready after')
  })
})

test('--exit ends with 0 after the proof; the next one, with -f, has its cluster instead of the examples', async () => {
  const first = startHere('--exit')
  await first.says('Proof with orders')
  const processes = first.processes()
  // Itself, the operator and three brokers.
  expect(processes.length).toBeGreaterThanOrEqual(5)
  expect([await first.ended, first.output]).toEqual([
    0,
    expect.stringContaining(' 0 lost, 0 duplicated, 0 out of order'),
  ])
  expect(first.output).toMatch(/killed orders-g0-\d \(SIGKILL\): orders-g0-\d took over after \d+ ms/)
  expect(processes.filter(isAlive)).toEqual([])

  const app = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'app' },
    spec: {
      selector: { matchLabels: { app: 'app' } },
      template: {
        metadata: { labels: { app: 'app' } },
        spec: { containers: [{ name: 'app', image: 'node:26', args: ['-e', 'setInterval(() => {}, 1000)'] }] },
      },
    },
  }
  const second = startHere('-f', documents(cluster(standalone('None')), app))
  await second.says('Up until Ctrl-C.')
  expect(second.output).toContain('Removed the examples of an earlier run: orders, single; their claims stay')
  expect(second.output).toContain('nobody is killed, because without storage they are in memory only')
  expect(second.output).toContain('1000 sent and acknowledged, 1000 received, 0 lost')
  const url = /server: "(.*)"/.exec(readFileSync(join(directory, 'data', 'kubeconfig'), 'utf8'))![1]!
  const names = async (path: string): Promise<string[]> => {
    const list = (await (await fetch(`${url}${path}`)).json()) as { items: { metadata: { name: string } }[] }
    return list.items.map(({ metadata }) => metadata.name).sort()
  }
  expect(await names('/apis/flotilla.dev/v1alpha1/brokerclusters')).toEqual(['mine'])
  expect(await names('/api/v1/persistentvolumeclaims')).toEqual(['data-single-g0-0', 'orders-g0-data'])
  // An application beside its cluster.
  await until(
    async () =>
      ((await (await fetch(`${url}/apis/apps/v1/namespaces/default/deployments/app`)).json()) as Deployment).status
        ?.availableReplicas === 1,
    'the Deployment is not available',
  )
  const left = second.processes()
  second.child.kill('SIGINT')
  expect(await second.ended).toBe(0)
  expect(second.output).toContain('nothing is left running')
  expect(left.filter(isAlive)).toEqual([])
})

describe('Ctrl-C while starting ends with 0 and leaves nothing', () => {
  test.each(['Starting the local stand-in', 'Waiting for brokers'])('at "%s"', async (when) => {
    const run = startHere('-f', manifest(masterSlave()))
    await run.says(when)
    const processes = run.processes()
    run.child.kill('SIGINT')
    expect([await run.ended, run.output]).toEqual([0, expect.not.stringContaining('    at ')])
    expect(run.output).not.toContain('Ready, ')
    await Promise.all(processes.map(gone))
  })
})

test('killed with SIGKILL while up it takes everything with it', async () => {
  const run = startHere('-f', manifest(standalone('Volume')))
  await run.says('Proof with mine')
  const processes = run.processes()
  expect(processes.length).toBeGreaterThanOrEqual(3)
  await run.kill()
  await Promise.all(processes.map(gone))
})
