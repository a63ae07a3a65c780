// The operator as a process of its own, as a pod of the chart would run it: the command of the image, the arguments and the
// environment of the Deployment, the account of the release. And what that process has used, from Linux's /proc and from its own
// metrics.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseQuantity } from '../../../operator/api/quantity.ts'
import type { KubeClient, KubeObject, ResourceType } from '../../../operator/kube/port.ts'
import type { ControlPlane } from '../../kube/control-plane.ts'
import { cpuSeconds } from '../usage.ts'

const withMemoryLimit = join(import.meta.dirname, 'with-memory-limit')
const root = join(import.meta.dirname, '..', '..', '..')
const groupName = `flotilla-operator-${process.pid}`
const healthUrl = 'http://127.0.0.1:8081'
const deployments: ResourceType = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  plural: 'deployments',
  namespaced: true,
}

interface Resources {
  limits: { memory: string }
}

interface Deployment extends KubeObject {
  spec: {
    template: {
      spec: { containers: { args: string[]; env?: { name: string; value: string }[]; resources: Resources }[] }
    }
  }
}

export interface OperatorProcess {
  readonly pid: number
  /** Rejects when it ends without having been stopped. */
  readonly failed: Promise<never>
  usage(): { readonly cpuSeconds: number; readonly residentBytes: number; readonly peakBytes: number }
  /** As a kubelet does. */
  probe(): Promise<void>
  /** Answers of the API server so far, by verb; costs what a scrape costs. */
  requests(): Promise<ReadonlyMap<string, number>>
  /** Rejects unless it ended in good order. */
  stop(): Promise<void>
}

/** `namespace` has a release of the chart named flotilla; `directory` takes the kubeconfig and the log. `nodeFlags` are for profiles. */
export async function startOperatorProcess(
  plane: ControlPlane,
  client: KubeClient,
  { namespace, directory, nodeFlags }: { namespace: string; directory: string; nodeFlags: readonly string[] },
): Promise<OperatorProcess> {
  const deployment = await client.get<Deployment>(deployments, { namespace, name: 'flotilla' })
  const { args, env = [], resources } = deployment!.spec.template.spec.containers[0]!
  const kubeconfig = await writeKubeconfig(plane, namespace, directory)
  const log = openSync(join(directory, 'operator.log'), 'a')
  const [program = '', ...command] = entrypoint()
  // The image brings its code compiled, so that what makes JavaScript of TypeScript is never loaded.
  const compiled = { NODE_COMPILE_CACHE: join(directory, 'compiled'), PATH: process.env['PATH'] }
  spawnSync(program, [...command, 'operator', '--help'], { env: compiled })
  const bytes = String(Math.round(parseQuantity(resources.limits.memory)))
  const line = [program, ...nodeFlags, ...command, ...args, '--kubeconfig', kubeconfig]
  const child = spawn(withMemoryLimit, [groupName, bytes, ...line], {
    stdio: ['ignore', log, log],
    cwd: directory,
    env: { ...compiled, ...Object.fromEntries(env.map(({ name, value }) => [name, value])) },
  })
  await once(child, 'spawn')
  const { pid = 0 } = child
  const failed = once(child, 'exit').then(([code]) => {
    throw new Error(
      `The operator has ended with ${code}: ${readFileSync(join(directory, 'operator.log'), 'utf8').slice(-2000)}`,
    )
  })
  failed.catch(() => {})
  return { pid, failed, usage: () => usageOf(pid), probe, requests: readRequests, stop: () => stop(child) }
}

/** The image's, with this machine's paths. */
function entrypoint(): string[] {
  const found = /^ENTRYPOINT (\[.*\])$/m.exec(readFileSync(join(root, 'Dockerfile'), 'utf8'))
  const command = JSON.parse(found?.[1] ?? '[]') as string[]
  return command.map((word) =>
    word === '/usr/local/bin/node' ? process.execPath : word.replace(/^\/opt\/flotilla/, root),
  )
}

/** With the token of the release's account, and nothing else. */
async function writeKubeconfig(plane: ControlPlane, namespace: string, directory: string): Promise<string> {
  const view = JSON.parse(await plane.kubectl('config', 'view', '--raw', '--flatten', '--output', 'json')) as {
    clusters: object[]
  }
  const token = await plane.kubectl('create', 'token', 'flotilla', '--namespace', namespace, '--duration', '12h')
  const context = { cluster: 'kube', user: 'operator', namespace }
  const kubeconfig = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: view.clusters,
    users: [{ name: 'operator', user: { token: token.trim() } }],
    contexts: [{ name: 'pod', context }],
    'current-context': 'pod',
  }
  const path = join(directory, 'operator.kubeconfig')
  writeFileSync(path, JSON.stringify(kubeconfig), { mode: 0o600 })
  return path
}

function usageOf(pid: number): ReturnType<OperatorProcess['usage']> {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const bytes = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? NaN) * 1024
  return { cpuSeconds: cpuSeconds(pid), residentBytes: bytes('VmRSS'), peakBytes: bytes('VmHWM') }
}

async function probe(): Promise<void> {
  for (const path of ['/healthz', '/readyz']) {
    const answer = await fetch(healthUrl + path)
    const text = await answer.text()
    if (!answer.ok) throw new Error(`Cannot measure: ${path} answers ${answer.status}: ${text}`)
  }
}

async function readRequests(): Promise<Map<string, number>> {
  const text = await (await fetch(`${healthUrl}/metrics`)).text()
  const requests = new Map<string, number>()
  for (const [, verb = '', count] of text.matchAll(
    /^flotilla_operator_api_requests_total\{verb="(\w+)",code="\w+"\} (\d+)$/gm,
  ))
    requests.set(verb, (requests.get(verb) ?? 0) + Number(count))
  return requests
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null)
    return void spawnSync(withMemoryLimit, ['--remove', groupName])
  child.kill('SIGTERM')
  const [code] = (await once(child, 'exit')) as [number | null]
  spawnSync(withMemoryLimit, ['--remove', groupName])
  if (code !== 0) throw new Error(`The operator ended with ${code}`)
}
