// What a container of a pod becomes on this machine: command line, working directory and environment. Reads ConfigMaps and
// Secrets, and writes what a service account mounts; starts nothing.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { LocalObject, Registry } from '../api/registry.ts'
import { configMaps, secrets } from '../controllers/resource-names.ts'
import { CannotStart } from './container-runner.ts'
import { buildEnvironment, type ConfigSources, type Container, ContainerConfigError, expand } from './environment.ts'
import { findImage, type Images, type ProcessImage, unknownImageMessage } from './images.ts'
import { createPathRewriter } from './path-rewriting.ts'
import { lifelineDescriptor, type ProcessSpec } from './process-group.ts'
import { buildMounts, dataOf, MountError, type VolumePaths } from './volumes.ts'

const preload = pathToFileURL(join(import.meta.dirname, 'pod-preload.mjs')).href

/** What the preload is told; see pod-preload.mjs. */
interface PodNetworkView {
  readonly namespace: string
  readonly hostname?: string
  readonly ip?: string
  readonly networkFile: string
  readonly portsRoot: string
  readonly remapPorts: boolean
}

export interface LaunchSurroundings {
  readonly registry: Registry
  readonly images: Images
  readonly networkFile: string
  readonly portsRoot: string
  readonly remapPorts: boolean
  readonly apiServer: { readonly host: string; readonly port: number }
}

const hostnameOf = (pod: LocalObject): string => pod['spec'].hostname ?? pod.metadata.name

/** Environment variables with which a Node process sees the cluster's names and reaches its pods. */
export const networkEnvironment = (view: PodNetworkView): Record<string, string> => ({
  LOCALKUBE_POD: JSON.stringify(view),
  NODE_OPTIONS: `--import=${preload}`,
})

/** `command` replaces the container's own (probes and hooks). Throws CannotStart. */
export function buildLaunch(
  around: LaunchSurroundings,
  pod: LocalObject,
  container: Container,
  podDirectory: string,
  volumes: VolumePaths,
  command?: readonly string[],
): ProcessSpec {
  const image = findImage(around.images, container.image)
  if (!image) {
    const reason = container.imagePullPolicy === 'Never' ? 'ErrImageNeverPull' : 'ImagePullBackOff'
    throw new CannotStart(reason, unknownImageMessage(around.images, container.image))
  }
  const base = baseEnvironment(around, pod, image, podDirectory)
  try {
    const environment = buildEnvironment(pod, container, configSources(around.registry, pod), base)
    const rewrite = createPathRewriter(buildMounts(container, volumes, environment))
    const { ofImage, ofContainer } = command ? { ofImage: [], ofContainer: command } : commandLine(container, image)
    const line = [...ofImage, ...ofContainer.map((part) => rewrite(expand(part, environment)))]
    return {
      command: line.map(program),
      cwd: workingDirectory(container, image, rewrite),
      env: {
        ...mapValues(environment, (value, name) => (value === base[name] ? value : rewrite(value))),
        ...withNetwork(around, pod, environment),
        ...withServiceAccount(around, pod, podDirectory),
      },
    }
  } catch (error) {
    if (error instanceof ContainerConfigError) throw new CannotStart('CreateContainerConfigError', error.message)
    if (error instanceof MountError) throw new CannotStart('CreateContainerError', error.message)
    throw error
  }
}

interface CommandLine {
  /** Paths in it are this machine's: a clone below /tmp is not in a volume that the container mounts at /tmp. */
  readonly ofImage: readonly string[]
  readonly ofContainer: readonly string[]
}

function commandLine({ command, args }: Container, image: ProcessImage): CommandLine {
  if (command) return { ofImage: [], ofContainer: [...command, ...(args ?? [])] }
  if (args) return { ofImage: image.command, ofContainer: args }
  return { ofImage: [...image.command, ...(image.args ?? [])], ofContainer: [] }
}

/** `node` is the Node that runs the stand-in: the one in PATH may be older. */
const program = (part: string, index: number): string => (index === 0 && part === 'node' ? process.execPath : part)

/** A workingDir that is not in a volume means the image's file system, of which there is only the image's cwd. */
function workingDirectory(container: Container, image: ProcessImage, rewrite: (path: string) => string): string {
  if (!container.workingDir) return image.cwd
  const rewritten = rewrite(container.workingDir)
  return rewritten === container.workingDir ? image.cwd : rewritten
}

/** A container inherits nothing of the user's environment but what programs need to run at all. */
function baseEnvironment(
  { apiServer }: LaunchSurroundings,
  pod: LocalObject,
  image: ProcessImage,
  podDirectory: string,
): Record<string, string> {
  const home = join(podDirectory, 'home')
  const temporary = join(podDirectory, 'tmp')
  mkdirSync(home, { recursive: true })
  mkdirSync(temporary, { recursive: true })
  const inherited = ['LANG', 'LC_ALL', 'TZ'].flatMap((name) => {
    const value = process.env[name]
    return value === undefined ? [] : [[name, value] as const]
  })
  return {
    ...Object.fromEntries(inherited),
    PATH: [dirname(process.execPath), process.env['PATH'] ?? '/usr/bin:/bin'].join(delimiter),
    HOME: home,
    TMPDIR: temporary,
    HOSTNAME: hostnameOf(pod),
    // By these programs know that they run in a pod. (They lead to no TLS: images name a KUBECONFIG, or see withServiceAccount.)
    KUBERNETES_SERVICE_HOST: apiServer.host,
    KUBERNETES_SERVICE_PORT: String(apiServer.port),
    ...image.env,
  }
}

function withNetwork(
  { networkFile, portsRoot, remapPorts }: LaunchSurroundings,
  pod: LocalObject,
  environment: Readonly<Record<string, string>>,
): Record<string, string> {
  const own = networkEnvironment({
    namespace: pod.metadata.namespace ?? 'default',
    hostname: hostnameOf(pod),
    ip: pod['status'].podIP,
    networkFile,
    portsRoot,
    remapPorts,
  })
  const nodeOptions = [environment['NODE_OPTIONS'], own['NODE_OPTIONS']].filter(Boolean).join(' ')
  return { ...own, NODE_OPTIONS: nodeOptions, LOCALKUBE_LIFELINE: String(lifelineDescriptor) }
}

/**
 * What a pod gets that asks for the token of its account. The API server here speaks no TLS and lets everybody do everything, so there
 * is no certificate, and its URL and the folder are told in words of their own.
 */
function withServiceAccount(
  { apiServer }: LaunchSurroundings,
  pod: LocalObject,
  podDirectory: string,
): Record<string, string> {
  if (pod['spec'].automountServiceAccountToken !== true) return {}
  const folder = join(podDirectory, 'serviceaccount')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'namespace'), pod.metadata.namespace ?? 'default')
  writeFileSync(join(folder, 'token'), 'localkube')
  return { FLOTILLA_API_SERVER: `http://${apiServer.host}:${apiServer.port}`, FLOTILLA_SERVICE_ACCOUNT: folder }
}

function configSources(registry: Registry, pod: LocalObject): ConfigSources {
  const read = (resource: typeof configMaps, name: string) => {
    const object = registry.get(resource, pod.metadata.namespace, name)
    return object && Object.fromEntries([...dataOf(object)].map(([key, value]) => [key, value.toString('utf8')]))
  }
  return { configMap: (name) => read(configMaps, name), secret: (name) => read(secrets, name) }
}

const mapValues = (record: Record<string, string>, change: (value: string, name: string) => string) =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value, name)]))

/** Where a port of a pod is to be reached on this machine. */
export function hostAddress(around: LaunchSurroundings, podIp: string, port: number): { host: string; port: number } {
  if (!around.remapPorts) return { host: podIp, port }
  try {
    return { host: '127.0.0.1', port: Number(readFileSync(join(around.portsRoot, podIp, String(port)), 'utf8')) }
  } catch {
    return { host: '127.0.0.1', port: 1 } // nobody listens: refused, as it would be on the pod's own address
  }
}
