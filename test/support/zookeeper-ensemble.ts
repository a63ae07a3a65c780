// A real ZooKeeper for tests: an ensemble of three of Debian's package, whose programs alone are used.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { freePorts } from '../../hack/ports/free-ports.ts'

export const zooKeeperJar = '/usr/share/java/zookeeper.jar'

/** undefined: it can be started here. */
export const whyNoZooKeeper = (): string | undefined =>
  existsSync(zooKeeperJar) ? undefined : `${zooKeeperJar} is not there: install Debian's package zookeeper`

/** Short ones, so that sessions of a second are possible. */
const tickMs = 500
/** For the answer to a question after what it is and who is there. */
const answerMs = 1000

export class RealZooKeepers {
  readonly #directory: string
  readonly #host: string
  readonly #ports: readonly number[]
  readonly #processes: (ChildProcess | undefined)[] = []

  private constructor(directory: string, host: string, ports: readonly number[]) {
    this.#directory = directory
    this.#host = host
    this.#ports = ports
  }

  /** For clients under this address of this machine. Rejects when the package is not here. */
  static async start(count = 3, host = '127.0.0.1'): Promise<RealZooKeepers> {
    const why = whyNoZooKeeper()
    if (why !== undefined) throw new Error(`Cannot start ZooKeeper: ${why}`)
    const directory = mkdtempSync(join(tmpdir(), 'flotilla-zookeeper-'))
    const ports = await freePorts(3 * count)
    const ensemble = new RealZooKeepers(directory, host, ports.slice(0, count))
    const peers = Array.from(
      { length: count },
      (_, index) => `server.${index + 1}=127.0.0.1:${ports[count + index]}:${ports[2 * count + index]}`,
    )
    for (const [index, port] of ensemble.#ports.entries()) {
      const data = join(directory, String(index))
      mkdirSync(data)
      writeFileSync(join(data, 'myid'), String(index + 1))
      writeFileSync(
        join(data, 'zoo.cfg'),
        [
          `dataDir=${data}`,
          `clientPort=${port}`,
          `clientPortAddress=${host}`,
          `tickTime=${tickMs}`,
          'initLimit=20',
          'syncLimit=10',
          'admin.enableServer=false',
          '4lw.commands.whitelist=srvr,cons',
          ...peers,
        ].join('\n'),
      )
    }
    for (let index = 0; index < count; index++) ensemble.#spawn(index)
    for (let index = 0; index < count; index++) await ensemble.#serves(index)
    return ensemble
  }

  get address(): string {
    return this.#ports.map((port) => `${this.#host}:${port}`).join(',')
  }

  /** That has the connection of this session: clients of earlier tests may just be leaving others. */
  async serverOf(session: bigint): Promise<number> {
    const id = `sid=0x${session.toString(16)},`
    for (const index of this.#ports.keys()) if ((await this.#ask(index, 'cons')).includes(id)) return index
    throw new Error(`No server has session ${id}`)
  }

  /** Of those that serve. */
  async leader(): Promise<number> {
    for (const index of this.#ports.keys()) if ((await this.#ask(index, 'srvr')).includes('Mode: leader')) return index
    throw new Error('Nobody leads')
  }

  /** SIGKILL. */
  async kill(index: number): Promise<void> {
    const child = this.#processes[index]
    this.#processes[index] = undefined
    if (!child || child.exitCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }

  async restart(index: number): Promise<void> {
    this.#spawn(index)
    await this.#serves(index)
  }

  /** All servers start again with empty disks. */
  async wipe(): Promise<void> {
    for (const index of this.#ports.keys()) await this.kill(index)
    for (const index of this.#ports.keys()) {
      rmSync(join(this.#directory, String(index), 'version-2'), { recursive: true })
      this.#spawn(index)
    }
    for (const index of this.#ports.keys()) await this.#serves(index)
  }

  async stop(): Promise<void> {
    for (const index of this.#ports.keys()) await this.kill(index)
    rmSync(this.#directory, { recursive: true })
  }

  #spawn(index: number): void {
    const data = join(this.#directory, String(index))
    const flags = ['-Xmx128m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Dzookeeper.log.threshold=OFF']
    const main = 'org.apache.zookeeper.server.quorum.QuorumPeerMain'
    this.#processes[index] = spawn('java', [...flags, '-cp', zooKeeperJar, main, join(data, 'zoo.cfg')], {
      stdio: 'ignore',
    })
  }

  /** It has a role in the ensemble; asked again and again, because it does not tell. */
  async #serves(index: number): Promise<void> {
    while (!(await this.#ask(index, 'srvr')).includes('Mode: ')) {
      if (this.#processes[index]?.exitCode !== null) throw new Error('ZooKeeper has ended')
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }

  async #ask(index: number, word: string): Promise<string> {
    const socket = connect(this.#ports[index]!, this.#host)
    // A server that is just starting may take the question and never answer.
    socket.setTimeout(answerMs, () => socket.destroy())
    socket.end(word)
    return text(socket).catch(() => '')
  }
}
