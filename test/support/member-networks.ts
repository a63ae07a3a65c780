// Members that each have a network of their own, so that packets between any two of them, or between one and the services that the run has, can
// be dropped: nobody is told, as past a firewall or a broken switch. Needs root and a network namespace of the run's own, and is gone with it.
//
//   10.77.0.1       where services of the run listen
//   10.77.N.2       member N - 1, behind 10.77.N.1, which clients in the run's network come from
import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'

const namespaces = '/run/netns'

export class MemberNetworks {
  /** Address for services, such as an election's. */
  readonly services = '10.77.0.1'
  #dropped: (readonly string[])[] = []

  /** Throws with what is missing. */
  constructor(count: number) {
    mkdirSync(namespaces, { recursive: true })
    // Names are files there, which others' namespaces must not see.
    run('mount', '-t', 'tmpfs', 'tmpfs', namespaces)
    run('sysctl', '-qw', 'net.ipv4.ip_forward=1')
    run('ip', 'address', 'add', `${this.services}/32`, 'dev', 'lo')
    for (let member = 0; member < count; member++) this.#add(member)
  }

  addressOf(member: number): string {
    return `10.77.${member + 1}.2`
  }

  /** What becomes the program given behind it, in the network of the member. */
  enter(member: number): readonly string[] {
    return ['nsenter', `--net=${namespaces}/${nameOf(member)}`]
  }

  /** Between these two, in both directions, until it is mended. */
  cutBetween(member: number, other: number): void {
    const [one, two] = [this.addressOf(member), this.addressOf(other)]
    this.#drop('FORWARD', one, two)
    this.#drop('FORWARD', two, one)
  }

  cutFromServices(member: number): void {
    const address = this.addressOf(member)
    this.#drop('INPUT', address, this.services)
    this.#drop('OUTPUT', this.services, address)
  }

  mend(): void {
    for (const rule of this.#dropped.splice(0)) run('iptables', '-w', '-D', ...rule)
  }

  remove(): void {
    this.mend()
    run('ip', 'address', 'del', `${this.services}/32`, 'dev', 'lo')
    run('umount', '-l', namespaces)
  }

  #add(member: number): void {
    const [name, near] = [nameOf(member), `to-${nameOf(member)}`]
    const inside = ['ip', '-n', name]
    run('ip', 'netns', 'add', name)
    run('ip', 'link', 'add', near, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name)
    const gateway = `10.77.${member + 1}.1`
    run('ip', 'address', 'add', `${gateway}/30`, 'dev', near)
    run('ip', 'link', 'set', near, 'up')
    run(...inside, 'address', 'add', `${this.addressOf(member)}/30`, 'dev', 'eth0')
    for (const link of ['lo', 'eth0']) run(...inside, 'link', 'set', link, 'up')
    run(...inside, 'route', 'add', 'default', 'via', gateway)
  }

  #drop(chain: 'FORWARD' | 'INPUT' | 'OUTPUT', from: string, to: string): void {
    const rule = [chain, '-s', from, '-d', to, '-j', 'DROP']
    run('iptables', '-w', '-A', ...rule)
    this.#dropped.push(rule)
  }
}

const nameOf = (member: number): string => `member-${member}`

function run(...command: readonly string[]): void {
  const { status, stderr, error } = spawnSync(command[0]!, command.slice(1), { encoding: 'utf8' })
  if (status !== 0) throw new Error(`Cannot run ${command.join(' ')}: ${error?.message ?? stderr}`)
}
