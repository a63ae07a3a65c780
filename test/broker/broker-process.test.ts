// The broker as a process: arguments, exit codes, and two members that share a directory.
import { afterEach, describe, expect, test } from '@jest/globals'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BrokerSnapshot } from '../../broker/management/contract.ts'
import { freePorts } from '../../hack/ports/free-ports.ts'
import { activeAfter, BrokerMember, settled, startMembers } from '../support/broker-process.ts'
import { OpenWirePeer } from '../support/openwire-peer.ts'
import { connectionInfo } from './session/openwire/session-harness.ts'
import { consumerInfo, producerInfo, sessionInfo, textMessage } from './session/openwire/test-commands.ts'
import { defaultWireFormatOptions } from '../../broker/wire/openwire/wire-format.ts'

const root = join(import.meta.dirname, '../..')
const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'flotilla-broker-'))
  cleanups.push(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

async function pair(env?: NodeJS.ProcessEnv): Promise<{
  directory: string
  members: BrokerMember[]
  active: BrokerMember
  standby: BrokerMember
}> {
  const directory = temporaryDirectory()
  const members = await startMembers(directory, 2, env && { env })
  cleanups.push(() => Promise.all(members.map((member) => member.stop('SIGKILL'))))
  const active = await settled(members)
  return { directory, members, active, standby: members.find((member) => member !== active)! }
}

async function client(port: number): Promise<OpenWirePeer> {
  const peer = await OpenWirePeer.connect(port)
  cleanups.push(() => peer.destroy())
  await peer.negotiate(defaultWireFormatOptions)
  peer.send(connectionInfo(), sessionInfo())
  await peer.next('Response')
  return peer
}

/** Runs the broker until it ends by itself. */
async function run(...args: string[]): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, [join(root, 'broker/main.mjs'), ...args], { cwd: temporaryDirectory() })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (output += data.toString()))
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, output }
}

function configFile(value: unknown): string {
  const file = join(temporaryDirectory(), 'broker.json')
  writeFileSync(file, typeof value === 'string' ? value : JSON.stringify(value))
  return file
}

describe('two members on one directory', () => {
  test('when the active is killed the standby goes on with every acknowledged message, in the next term', async () => {
    const { active, standby } = await pair()
    const producer = await client(active.options.openwirePort)
    producer.send(producerInfo(), textMessage())
    await producer.until(() => producer.received.filter(({ kind }) => kind === 'Response').length === 2)
    const { term } = (await active.role())!
    void active.stop('SIGKILL')
    const role = await standby.waitForRole('Active')
    expect(role.term).toBeGreaterThan(term!)
    const consumer = await client(standby.options.openwirePort)
    consumer.send(consumerInfo())
    const { message } = await consumer.next('MessageDispatch')
    expect(message?.messageId).toMatchObject({ producerSequenceId: 1 })
  })

  test('SIGTERM hands over and ends with 0', async () => {
    const { active, standby } = await pair()
    const connected = await client(active.options.openwirePort)
    expect(await active.stop('SIGTERM')).toBe(0)
    await connected.closed
    await standby.waitForRole('Active')
    expect(await standby.stop('SIGTERM')).toBe(0)
  })

  test('SIGTERM in a pod: the process is there, and its ports refuse, until a standby that waited has taken over', async () => {
    const { active, standby } = await pair({ KUBERNETES_SERVICE_HOST: '127.0.0.1' })
    // As the standby does some time after it has found the lock taken.
    const watched = await fetch(`http://127.0.0.1:${active.options.adminPort}/watch`)
    standby.kill('SIGSTOP')
    let ended = false
    const stopped = active.stop('SIGTERM').finally(() => (ended = true))
    await active.hasLogged('Waiting for the next active member')
    await watched.text().catch(() => 'ended')
    await expect(client(active.options.openwirePort)).rejects.toThrow('ECONNREFUSED')
    expect(ended).toBe(false)
    standby.kill('SIGCONT')
    expect(await stopped).toBe(0)
    await standby.waitForRole('Active')
    // Nobody waits for it.
    expect(await standby.stop('SIGTERM')).toBe(0)
  })
})

test('a member that loses its lock cuts its clients and competes for the lock again, in the same process', async () => {
  const directory = temporaryDirectory()
  const [member] = (await startMembers(directory, 1)) as [BrokerMember]
  cleanups.push(() => member.stop('SIGKILL'))
  const { term } = await member.waitForRole('Active')
  const connected = await client(member.options.openwirePort)
  const before = member.pid
  unlinkSync(join(directory, 'data', 'lock.sqlite'))
  connected.send(producerInfo(), textMessage())
  await connected.closed
  const again = await member.waitForRole('Active')
  expect(again.term).toBeGreaterThan(term!)
  expect([member.pid, member.restarts]).toEqual([before, 0])
})

test('others are told the name that FLOTILLA_HOST_NAME gives, which they can dial', async () => {
  const directory = temporaryDirectory()
  const [openwirePort, adminPort] = (await freePorts(2)) as [number, number]
  const member = new BrokerMember({
    member: 'member-0',
    directory,
    dataDirectory: join(directory, 'data'),
    config: { transportConnectors: [{ name: 'openwire', port: openwirePort }], admin: { port: adminPort } },
    env: { FLOTILLA_HOST_NAME: 'orders-g0-0.orders-g0.shop.svc' },
    openwirePort,
    adminPort,
  }).start()
  cleanups.push(() => member.stop('SIGKILL'))
  await member.waitForRole('Active')
  const peer = await client(openwirePort)
  const { brokerURL } = await peer.next('BrokerInfo')
  expect(brokerURL).toBe(`tcp://orders-g0-0.orders-g0.shop.svc:${openwirePort}`)
})

describe('a data directory of another broker', () => {
  /** One member of each broker, started together; by default in a pod, which does not end. */
  async function strangers(
    names: readonly string[],
    { directory = temporaryDirectory(), args = ['--exit-on-lock-loss'] } = {},
  ): Promise<BrokerMember[]> {
    const ports = await freePorts(names.length * 2)
    return names.map((brokerName, index) => {
      const member = new BrokerMember({
        member: `${brokerName}-0`,
        directory,
        dataDirectory: join(directory, 'data'),
        config: {
          brokerName,
          transportConnectors: [{ name: 'openwire', host: '127.0.0.1', port: ports[2 * index]! }],
          admin: { host: '127.0.0.1', port: ports[2 * index + 1]! },
        },
        args,
        openwirePort: ports[2 * index]!,
        adminPort: ports[2 * index + 1]!,
      }).start()
      cleanups.push(() => member.stop('SIGKILL'))
      return member
    })
  }

  const sentenceOf = (owner: string, other: string, directory: string): string =>
    `Cannot use data directory ${join(directory, 'data')}: it belongs to broker ${owner}, and this one is ${other}; ` +
    `if ${owner} is gone for good and its messages are to be taken over, remove ${join(directory, 'data', 'lock.json')}`

  /** As the admin port tells it, once it does. */
  async function refusalOf({ options: { adminPort } }: BrokerMember): Promise<string> {
    for (;;) {
      const answer = await fetch(`http://127.0.0.1:${adminPort}/snapshot`).catch(() => undefined)
      const snapshot = (await answer?.json()) as BrokerSnapshot | undefined
      if (snapshot?.store.refusal != null) {
        expect(snapshot.role).toBe('Starting')
        return snapshot.store.refusal
      }
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }

  test('ends a process that was started by hand with 1 and one sentence', async () => {
    const directory = temporaryDirectory()
    const [orders] = await strangers(['orders'], { directory })
    await orders!.waitForRole('Active')
    const [invoices] = await strangers(['invoices'], { directory, args: [] })
    expect(await invoices!.exited).toBe(1)
    const log = invoices!.log.join('')
    expect(log.split(sentenceOf('orders', 'invoices', directory))).toHaveLength(2)
    expect(log).not.toContain('Standby')
  })

  test('is not taken over in a pod, also when it is free; it is had when its note is gone', async () => {
    const directory = temporaryDirectory()
    const [orders] = await strangers(['orders'], { directory })
    const { term } = await orders!.waitForRole('Active')
    const [invoices] = await strangers(['invoices'], { directory })
    const sentence = sentenceOf('orders', 'invoices', directory)
    expect(await refusalOf(invoices!)).toBe(sentence)
    const readiness = await fetch(`http://127.0.0.1:${invoices!.options.adminPort}/readyz`)
    expect([readiness.status, await readiness.text()]).toEqual([503, `${sentence}\n`])
    await orders!.stop('SIGKILL')
    const [again] = await strangers(['orders'], { directory })
    expect((await again!.waitForRole('Active')).term).toBe(term! + 1)
    expect((await invoices!.role())?.role).toBe('Starting')
    await again!.stop('SIGKILL')
    unlinkSync(join(directory, 'data', 'lock.json'))
    expect((await invoices!.waitForRole('Active')).term).toBe(term! + 2)
    expect(invoices!.log.join('').split(sentence)).toHaveLength(2)
    expect(await invoices!.stop()).toBe(0)
  })

  test('is that of one of two that begin with an empty one at the same moment', async () => {
    const directory = temporaryDirectory()
    const members = await strangers(['orders', 'invoices'], { directory })
    const active = await activeAfter(members, 0)
    const other = members.find((member) => member !== active)!
    const [owner, refused] = [active, other].map(({ options: { config } }) => config!.brokerName!)
    expect(await refusalOf(other)).toBe(sentenceOf(owner!, refused!, directory))
    expect((await active.role())?.role).toBe('Active')
    expect([await other.stop(), await active.stop()]).toEqual([0, 0])
  })
})

describe('a data directory that cannot be used ends with 1 and one sentence', () => {
  const cases: [string, () => string, RegExp][] = [
    ['it is nowhere, and nothing can be made there', () => '/proc/nope', /no such file or directory/],
    ['so is its parent', () => '/proc/nope/below', /no such file or directory/],
    ['it is there and cannot be written to', () => '/proc', /no such file or directory|permission denied/],
    ['there is a file in its place', () => configFile({}), /it is no directory/],
    ['there is a file above it', () => join(configFile({}), 'below'), /not a directory/],
  ]
  test.each(cases)('%s', async (_, directoryOf, reason) => {
    const directory = directoryOf()
    const config = configFile({
      transportConnectors: [{ name: 'openwire', host: '127.0.0.1', port: 0 }],
      admin: { host: '127.0.0.1', port: 0 },
    })
    const { code, output } = await run('--config', config, '--data-directory', directory)
    expect(code).toBe(1)
    const [sentence, ...more] = output.match(/Cannot use data directory [^"]*/g) ?? []
    expect(sentence).toContain(`Cannot use data directory ${directory}: `)
    expect(sentence).toMatch(reason)
    expect(more).toEqual([])
    expect(output).not.toMatch(/is active|Standby/)
  })
})

test('a directory that cannot be used for what does not fit into memory ends with 1 and says the way out', async () => {
  const config = {
    store: { type: 'Memory' },
    transportConnectors: [{ name: 'openwire', host: '127.0.0.1', port: 0 }],
    admin: { host: '127.0.0.1', port: 0 },
  }
  const { code, output } = await run('--config', configFile(config), '--data-directory', '/proc/nope')
  expect(code).toBe(1)
  expect(output).toMatch(
    /Cannot use \/proc\/nope\/temp for messages .* no such file .*tempLimit: \\?"0\\?" does without/,
  )
})

describe('arguments', () => {
  test('all problems of a configuration are told at once, and the exit code is 2', async () => {
    const { code, output } = await run(
      '--config',
      configFile({ brokerName: 'no spaces', admin: { port: 70_000 }, bogus: 1 }),
    )
    expect(code).toBe(2)
    expect(output).toContain('3 problems')
    for (const path of ['brokerName', 'admin.port', 'bogus']) expect(output).toContain(`\n  ${path}: got `)
  })

  test('also what only the parser of URIs knows of a network connector', async () => {
    const networkConnectors = [{ uri: 'static:(tcp://b:61616)?reconnect=1' }]
    const { code, output } = await run('--config', configFile({ networkConnectors }))
    expect(code).toBe(2)
    expect(output).toContain(
      '\n  networkConnectors[0].uri: got "static:(tcp://b:61616)?reconnect=1", expected a discovery URI: Cannot use option reconnect of static:(…)',
    )
  })

  test.each([[['--admin-port', 'many']], [['--config', '/no/such/file']]])(
    '%j are refused with exit code 2',
    async (args) => {
      const { code, output } = await run(...args)
      expect(code).toBe(2)
      expect(output).not.toContain('    at ')
    },
  )

  test('a port in use ends with 1 and one sentence that names connector and port', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    cleanups.push(() => server.close())
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const config = configFile({
      store: { type: 'Memory' },
      transportConnectors: [{ name: 'openwire', host: '127.0.0.1', port }],
      admin: { host: '127.0.0.1', port: 0 },
    })
    const { code, output } = await run('--config', config)
    expect(code).toBe(1)
    expect(output).toContain(`Cannot open transport connector openwire on 127.0.0.1, port ${port}: the port is in use`)
  })

  test('--exit-on-lock-loss leaves the restart to the supervisor', async () => {
    const dataDirectory = temporaryDirectory()
    const [adminPort] = await freePorts(1)
    const config = configFile({
      transportConnectors: [{ name: 'openwire', host: '127.0.0.1', port: 0 }],
      admin: { host: '127.0.0.1', port: adminPort },
    })
    const ended = run('--config', config, '--data-directory', dataDirectory, '--exit-on-lock-loss')
    const observer = new BrokerMember({
      member: 'observed',
      directory: dataDirectory,
      dataDirectory,
      openwirePort: 0,
      adminPort: adminPort!,
    })
    await observer.waitForRole('Active')
    unlinkSync(join(dataDirectory, 'lock.sqlite'))
    expect((await ended).code).toBe(3)
  })
})
