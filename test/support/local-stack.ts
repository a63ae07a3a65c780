// A Stack on the stand-in: its API server, controllers and kubelet are in this process, brokers are processes of its pods.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Registry, ResourceName } from '../../hack/localkube/api/registry.ts'
import { type Images, type LocalKube, startLocalKube } from '../../hack/localkube/localkube.ts'
import { failoverUrl, type PodObject, processId } from '../../hack/start/cluster-view.ts'
import type { Faults, Kubernetes } from './kubernetes.ts'
import { root, Stack, type StackOptions, until } from './stack.ts'

const namespace = 'default'

/** Like those of `npm start`. */
export const brokerImages: Images = {
  'ghcr.io/flotilla-mq/flotilla': {
    command: ['node', '--disable-warning=ExperimentalWarning', join(root, 'broker', 'main.mjs')],
    cwd: root,
  },
}

/** `directory` is kept when given: what an earlier stack left there comes back. */
export const startLocalStack = (options: StackOptions & { readonly directory?: string } = {}): Promise<Stack> =>
  Stack.start((faults) => startLocalKubernetes(faults, options.directory), options)

async function startLocalKubernetes(faults: Faults, kept: string | undefined): Promise<Kubernetes> {
  const directory = kept ?? mkdtempSync(join(tmpdir(), 'flotilla-e2e-'))
  mkdirSync(directory, { recursive: true })
  const clear = (): void => {
    if (kept === undefined) rmSync(directory, { recursive: true, force: true })
  }
  try {
    const kube = await startLocalKube({
      dataDirectory: directory,
      apiPort: 0,
      images: brokerImages,
      kubeconfigPath: join(directory, 'kubeconfig'),
      log: () => {},
      faults,
    })
    return kubernetesOf(kube, clear)
  } catch (error) {
    clear()
    throw error
  }
}

/** All happens in this process: what was written is seen at once. */
function kubernetesOf(kube: LocalKube, clear: () => void): Kubernetes {
  const { registry } = kube
  return {
    namespace,
    serverUrl: kube.serverUrl,
    operator: { args: ['--kubeconfig', kube.kubeconfigPath], env: kube.networkEnvironment(namespace) },
    serves: (resource) => until(() => isServed(registry, resource), `${resource.plural} are not served`),
    get: (resource, name) => registry.get(resource, namespace, name),
    list: (resource) => registry.list(resource, namespace),
    watch: (resource, onEvent) => registry.watch(resource, onEvent),
    caughtUp: () => Promise.resolve(),
    processOf: (pod) => processId(pod as unknown as PodObject),
    failoverUrl: (_cluster, pods) => failoverUrl(pods),
    async stop() {
      await kube.stop()
      clear()
    },
  }
}

function isServed(registry: Registry, resource: ResourceName): boolean {
  try {
    return registry.list(resource) !== undefined
  } catch {
    return false
  }
}
