// A cluster with nodes for a suite, by `hack/kube/kube up N`: real kubelets, real containers. And what of it can be seen on
// the machine, to know that nothing is left when it is gone.
import { execFile, execFileSync } from 'node:child_process'
import { chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { StartedProgram } from '../support/started-program.ts'

const root = join(import.meta.dirname, '..', '..')
const kube = join(root, 'hack', 'kube', 'kube')
const client = join(import.meta.dirname, 'nodes-client.ts')
/** Whom pods of brokers run as. */
export const brokerUser = 1000

export class NodeCluster {
  readonly directory: string
  /** Where pods of all nodes may write. */
  readonly shared: string
  readonly #folder: string

  private constructor(folder: string) {
    this.#folder = folder
    this.directory = join(folder, 'state')
    this.shared = join(folder, 'shared')
  }

  /** With the project's image, flotilla:dev, on every node. */
  static async start(nodes: number): Promise<NodeCluster> {
    const cluster = new NodeCluster(mkdtempSync(join(tmpdir(), 'flotilla-nodes-')))
    mkdirSync(cluster.shared)
    chownSync(cluster.shared, brokerUser, brokerUser)
    const archive = join(cluster.#folder, 'image.tar')
    await run(join(root, 'hack', 'image', 'build'), ['--archive', archive])
    await run(kube, ['up', String(nodes), cluster.directory])
    try {
      await run(kube, ['load', cluster.directory, archive])
    } catch (error) {
      await cluster.stop()
      throw error
    }
    rmSync(archive)
    return cluster
  }

  /** What stands in front of a command line that is to run in the cluster's network. */
  get within(): readonly string[] {
    return [kube, 'exec', this.directory]
  }

  /** Resolves with what the program printed; rejects with what it said when it failed. */
  exec(program: string, ...args: string[]): Promise<string> {
    return run(kube, ['exec', this.directory, program, ...args])
  }

  /** A program that goes on. */
  start(program: string, ...args: string[]): StartedProgram {
    return new StartedProgram(kube, ['exec', this.directory, program, ...args])
  }

  /** The image of another checkout, on every node as well. */
  async addImage(checkout: string, tag: string): Promise<void> {
    const archive = join(this.#folder, 'image.tar')
    await run(join(checkout, 'hack', 'image', 'build'), ['--tag', tag, '--archive', archive])
    await run(kube, ['load', this.directory, archive])
    rmSync(archive)
  }

  kubectl(...args: string[]): Promise<string> {
    return this.exec('kubectl', ...args)
  }

  /** One field of an object. */
  async field(object: string, path: string): Promise<string> {
    return this.kubectl('get', object, '--output', `jsonpath={${path}}`)
  }

  /** Texts of messages, sent to or received from a queue by the project's client, which is on no node. */
  async messages(direction: 'send' | 'receive', url: string, count: number): Promise<string[]> {
    return (await this.exec(process.execPath, client, direction, url, String(count))).trimEnd().split('\n')
  }

  async apply(...objects: object[]): Promise<void> {
    const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects })
    await run(kube, ['exec', this.directory, 'kubectl', 'apply', '--filename', '-'], list)
  }

  async stopNode(node: string): Promise<void> {
    await run(kube, ['node-stop', this.directory, node.slice('node'.length)])
  }

  async startNode(node: string): Promise<void> {
    await run(kube, ['node-start', this.directory, node.slice('node'.length)])
  }

  /** Kills a process of the control plane: etcd, apiserver, controller-manager or scheduler. */
  async stopPart(part: string): Promise<void> {
    await run(kube, ['part-stop', this.directory, part])
  }

  async startPart(part: string): Promise<void> {
    await run(kube, ['part-start', this.directory, part])
  }

  async stop(): Promise<void> {
    await run(kube, ['down', this.directory])
    rmSync(this.#folder, { recursive: true, force: true })
  }

  /** Namespaces of its processes that are not the machine's. */
  namespaces(): Set<string> {
    const own = namespacesOf('self')
    const pids = readdirSync(join(this.directory, 'pid')).map((name) =>
      readFileSync(join(this.directory, 'pid', name), 'utf8').trim(),
    )
    return new Set(pids.flatMap(namespacesOf).filter((one) => !own.includes(one)))
  }
}

/** What of the machine's network is not one cluster's alone. */
export const sharedNetwork = (): { interfaces: string[]; networks: string[] } => ({
  interfaces: list('/sys/class/net'),
  networks: list('/run/netns'),
})

/** What is there of the cluster in this directory besides processes. Others may run beside it. */
export function traces(directory: string): { cgroups: string[]; mounts: string[] } {
  // As cgroup_of in hack/kube/nodes names them.
  const [sum] = execFileSync('cksum', { input: `${directory}\n`, encoding: 'utf8' }).split(' ')
  const cgroups = list('/sys/fs/cgroup').flatMap((name) => [name, ...list(join('/sys/fs/cgroup', name))])
  return {
    cgroups: cgroups.filter((name) => name.startsWith(`flotilla-${sum}-node`)),
    mounts: readFileSync('/proc/mounts', 'utf8')
      .split('\n')
      .filter((line) => line.includes(`${directory}/`)),
  }
}

/** Command lines of processes that are in one of the namespaces or name the directory; of one that is just ending there is none. */
export function processes(namespaces: ReadonlySet<string>, directory: string): string[] {
  return list('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => ({ command: commandOf(pid), isInside: namespacesOf(pid).some((one) => namespaces.has(one)) }))
    .filter(({ command, isInside }) => isInside || command.includes(`${directory}/`))
    .map(({ command }) => command)
    .filter((command) => command !== '')
}

function namespacesOf(pid: string): string[] {
  return ['net', 'mnt', 'pid'].flatMap((kind) => {
    try {
      return [readlinkSync(`/proc/${pid}/ns/${kind}`)]
    } catch {
      return []
    }
  })
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {
    return ''
  }
}

function list(directory: string): string[] {
  try {
    return existsSync(directory) ? readdirSync(directory).sort() : []
  } catch {
    return []
  }
}

const execute = promisify(execFile)

export async function run(program: string, args: readonly string[], input = ''): Promise<string> {
  const running = execute(program, args, { encoding: 'utf8', maxBuffer: 2 ** 26 })
  running.child.stdin!.end(input)
  return (await running).stdout
}
