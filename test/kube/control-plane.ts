// A control plane of its own for a suite that changes what is cluster-wide, such as the CRD: `hack/kube/kube up`. And the
// programs that people use with it.
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const kube = join(import.meta.dirname, '..', '..', 'hack', 'kube', 'kube')

export interface ControlPlane {
  /** A file. */
  readonly kubeconfig: string
  /** Resolves with what it printed; rejects with what it said when it failed. */
  helm(...args: string[]): Promise<string>
  kubectl(...args: string[]): Promise<string>
  /** Kills a part, such as `apiserver`; starts it again, and waits until the API server serves. */
  stopPart(part: string): Promise<void>
  startPart(part: string): Promise<void>
  stop(): Promise<void>
}

export async function startControlPlane(): Promise<ControlPlane> {
  const folder = mkdtempSync(join(tmpdir(), 'flotilla-kube-'))
  const directory = join(folder, 'state')
  const kubeconfig = (await run(kube, ['up', directory])).trim()
  const helm = (await run(kube, ['path', 'helm'])).trim()
  const kubectl = (await run(kube, ['path', 'kubectl'])).trim()
  const env = { ...process.env, KUBECONFIG: kubeconfig, HELM_CACHE_HOME: folder, HELM_CONFIG_HOME: folder }
  return {
    kubeconfig,
    helm: (...args) => run(helm, args, env),
    kubectl: (...args) => run(kubectl, args, env),
    stopPart: async (part) => void (await run(kube, ['part-stop', directory, part])),
    startPart: async (part) => void (await run(kube, ['part-start', directory, part])),
    async stop() {
      await run(kube, ['down', directory])
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

const execute = promisify(execFile)

async function run(program: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const { stdout } = await execute(program, args, { encoding: 'utf8', env, maxBuffer: 2 ** 26 })
  return stdout
}
