// One server of Debian's ZooKeeper in the network of a cluster with nodes, on none of them.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { StartedProgram } from '../support/started-program.ts'
import { whyNoZooKeeper, zooKeeperJar } from '../support/zookeeper-ensemble.ts'
import type { NodeCluster } from './nodes.ts'

/** Of the control plane and `kube exec`: hack/kube/addresses. */
const host = '10.240.0.254'
const port = 2181
const java = ['-Xmx128m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Dzookeeper.log.threshold=OFF']

export class NodeZooKeeper {
  readonly address = `${host}:${port}`
  readonly #cluster: NodeCluster
  readonly #configuration: string
  #server: StartedProgram | undefined

  /** Throws where the package is not. Whoever wants to be its client tries until it serves. */
  constructor(cluster: NodeCluster) {
    const why = whyNoZooKeeper()
    if (why !== undefined) throw new Error(`Cannot start ZooKeeper: ${why}`)
    this.#cluster = cluster
    const directory = join(cluster.shared, 'zookeeper')
    mkdirSync(directory)
    this.#configuration = join(directory, 'zoo.cfg')
    const lines = [
      `dataDir=${directory}`,
      `clientPort=${port}`,
      `clientPortAddress=${host}`,
      'admin.enableServer=false',
    ]
    writeFileSync(this.#configuration, lines.join('\n'))
    this.start()
  }

  start(): void {
    const main = 'org.apache.zookeeper.server.ZooKeeperServerMain'
    this.#server = this.#cluster.start('java', ...java, '-cp', zooKeeperJar, main, this.#configuration)
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    await this.#server?.kill()
  }
}
