// The way of one member to its database, which can be disturbed: over a proxy, whose connections break at both ends when it is cut,
// or past a firewall of the kernel, which drops all packets and tells nobody. The firewall belongs to the network namespace that the run
// is in: `whyNoFirewall` tells what is missing.
import { spawnSync } from 'node:child_process'
import { SeverableLink } from '../../support/severable-link.ts'

export interface DatabaseWay {
  /** `host:port`, as in a URL. */
  readonly address: string
  cut(): void
  mend(): void
  /** Of the connections that are open nothing arrives any more. */
  silence(): void
  close(): Promise<void>
}

export class ProxyWay implements DatabaseWay {
  readonly #link: SeverableLink

  static async to(port: number): Promise<ProxyWay> {
    return new ProxyWay(await SeverableLink.to(port))
  }

  private constructor(link: SeverableLink) {
    this.#link = link
  }

  get address(): string {
    return this.#link.url.slice('tcp://'.length)
  }

  cut(): void {
    this.#link.cut()
  }

  mend(): void {
    this.#link.mend()
  }

  silence(): void {
    this.#link.silence('dialler')
    this.#link.silence('dialled')
  }

  close(): Promise<void> {
    return this.#link.close()
  }
}

/** The environment variable of a run that is in a network namespace of its own. */
export const ownNetwork = 'FLOTILLA_TEST_OWN_NETWORK'

export const whyNoFirewall = (): string | undefined =>
  process.env[ownNetwork] === undefined ? 'a network namespace of its own is needed, and with it root' : undefined

/** Each member calls the database by another address of this machine, so that its packets can be told from others'. */
export class FirewallWay implements DatabaseWay {
  readonly address: string
  readonly #rules: readonly (readonly string[])[]

  constructor(member: number, port: number) {
    const host = `127.0.20.${member + 1}`
    this.address = `${host}:${port}`
    const tcp = ['OUTPUT', '-p', 'tcp']
    this.#rules = [
      [...tcp, '-d', host, '--dport', String(port), '-j', 'DROP'],
      [...tcp, '-s', host, '--sport', String(port), '-j', 'DROP'],
    ]
  }

  cut(): void {
    for (const rule of this.#rules) iptables('-A', ...rule)
  }

  mend(): void {
    for (const rule of this.#rules) iptables('-D', ...rule)
  }

  silence(): void {
    throw new Error('Cannot silence some connections of a way past a firewall')
  }

  async close(): Promise<void> {}
}

function iptables(...args: string[]): void {
  const { status, stderr, error } = spawnSync('iptables', args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`Cannot run iptables ${args.join(' ')}: ${error?.message ?? stderr}`)
}
