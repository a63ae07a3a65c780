// The image, run as a kubelet runs it: without a container engine, but with a real runtime. `npm run test:image`.
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseOperatorSettings } from '../../operator/config/operator-settings.ts'
import { Container } from './container.ts'
import { buildImage, bytesOf, filesOf, type Image } from './image.ts'
import { arbitraryUser, makeVolume, startMember, templateUser, type MemberOptions } from './member.ts'

const project = join(import.meta.dirname, '..', '..')
const visitor = join(import.meta.dirname, 'visitor.ts')
const sbomFile = '/usr/share/doc/flotilla/sbom.spdx.json'
/** Above Node and the libraries that it is linked with. */
const mostBytes = 150e6

const packageJson = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8')) as {
  readonly version: string
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
}
const packageLock = JSON.parse(readFileSync(join(project, 'package-lock.json'), 'utf8')) as {
  readonly packages: Readonly<Record<string, { readonly dev?: boolean }>>
}

/** Types are needed by packages that say so, and what we develop with may be what a package of production needs. */
const onlyDevelopment = Object.keys(packageJson.devDependencies).filter(
  (name) => !name.startsWith('@types/') && packageLock.packages[`node_modules/${name}`]?.dev === true,
)

let directory: string
let image: Image
let files: string[]
let running: Container[] = []
let count = 0

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'flotilla-image-'))
  image = buildImage(directory)
  files = filesOf(image)
}, 1_800_000)

afterAll(() => rmSync(directory, { recursive: true, force: true }))

afterEach(async () => {
  for (const container of running) await container.stop('SIGKILL')
  running = []
})

function start(args: readonly string[], env: readonly string[] = []): Container {
  const container = new Container(image, directory, { hostname: `c${count++}`, user: arbitraryUser, args, env })
  running.push(container)
  return container
}

function member(options: MemberOptions): Container {
  const container = startMember(image, directory, options)
  running.push(container)
  return container
}

const readFile = (path: string): string => readFileSync(join(image.root, path), 'utf8')

describe('what is in it', () => {
  test('the Node of package.json, all packages that production needs, and none that only development does', () => {
    const node = execFileSync(join(image.root, 'usr/local/bin/node'), ['--version'], { encoding: 'utf8' })
    expect(node.trim()).toBe(`v${packageJson.dependencies['node']}`)
    const isThere = (name: string): boolean => existsSync(join(image.root, 'opt/flotilla/node_modules', name))
    expect(Object.keys(packageJson.dependencies).filter((name) => name !== 'node' && !isThere(name))).toEqual([])
    expect(onlyDevelopment.filter(isThere)).toEqual([])
  })

  test('no shell, no package manager, nothing that gives its caller the rights of another', () => {
    const programs = files.filter((file) => /\/(sh|bash|dash|busybox|apt|apt-get|dpkg|npm|npx|corepack)$/.test(file))
    expect(programs).toEqual([])
    expect(files.filter((file) => (lstatSync(join(image.root, file)).mode & 0o6000) !== 0)).toEqual([])
  })

  test('nothing that another user could not read or that belongs to a user', () => {
    const odd = files.filter((file) => {
      const { mode, uid, gid } = lstatSync(join(image.root, file))
      return (
        (mode & 0o004) === 0 ||
        (!lstatSync(join(image.root, file)).isSymbolicLink() && (mode & 0o022) !== 0) ||
        uid !== 0 ||
        gid !== 0
      )
    })
    expect(odd).toEqual([])
  })

  test('little besides Node', () => {
    const system = files.filter((file) => file === '/usr/local/bin/node' || file.startsWith('/usr/lib'))
    const rest = bytesOf(image, files) - bytesOf(image, system)
    process.stderr.write(
      `The image has ${(bytesOf(image, files) / 1e6).toFixed(0)} MB, ${(rest / 1e6).toFixed(0)} MB of them besides Node.\n`,
    )
    expect(rest).toBeLessThan(mostBytes)
  })

  test('a bill of materials that names the packages, Node, and the Debian packages of the libraries', () => {
    const { spdxVersion, packages } = JSON.parse(readFile(sbomFile)) as {
      readonly spdxVersion: string
      readonly packages: readonly { readonly name: string; readonly versionInfo: string }[]
    }
    expect(spdxVersion).toBe('SPDX-2.3')
    const named = new Map(packages.map(({ name, versionInfo }) => [name, versionInfo]))
    expect(Object.fromEntries(Object.keys(packageJson.dependencies).map((name) => [name, named.get(name)]))).toEqual(
      packageJson.dependencies,
    )
    expect([...named.keys()]).toEqual(expect.arrayContaining(['pino', 'libc6', 'libstdc++6', 'libatomic1']))
    expect(onlyDevelopment.filter((name) => named.has(name))).toEqual([])
  })

  test('labels, ports, the signal to stop by, and a user by number who is not root', () => {
    const { config } = image
    const revision = execFileSync('git', ['rev-parse', 'HEAD'], { cwd: project, encoding: 'utf8' }).trim()
    expect(config.Labels).toMatchObject({
      'org.opencontainers.image.title': 'Flotilla',
      'org.opencontainers.image.licenses': 'Apache-2.0',
      'org.opencontainers.image.version': packageJson.version,
      'org.opencontainers.image.revision': revision,
    })
    expect(config.Labels).toHaveProperty(['org.opencontainers.image.description'])
    expect(config.Labels).toHaveProperty(['org.opencontainers.image.source'])
    expect(Object.keys(config.ExposedPorts).sort()).toEqual(['61616/tcp', '8081/tcp', '8161/tcp'])
    expect(config).toMatchObject({ User: '1000:0', StopSignal: 'SIGTERM' })
  })
})

describe.each([
  ['the user of the pod template', templateUser],
  ['a user that a cluster has chosen', arbitraryUser],
])('a pair of brokers as %s', (_, user) => {
  test('one active, one standby; the standby takes over with all messages; both end in good order', async () => {
    const data = makeVolume(join(directory, `data-${user.uid}`), user)
    const first = member({ name: 'orders-g0-0', user, data })
    await first.says('"msg":"Active (term 1)')
    const second = member({ name: 'orders-g0-1', user, data })
    await second.says('"msg":"Standby: ')
    expect(first.visit(visitor, 'probe', '/readyz')).toMatch(/^200 /)
    expect(second.visit(visitor, 'probe', '/readyz')).toMatch(/^200 /)
    first.visit(visitor, 'send', '3')

    expect(await first.stop()).toBe(0)
    await second.says('"msg":"Active (term 2)')
    expect(second.visit(visitor, 'receive', '3')).toBe('message 1\nmessage 2\nmessage 3\n')
    expect(second.visit(visitor, 'probe', '/livez')).toMatch(/^200 /)
    expect(await second.stop()).toBe(0)
  })
})

describe('a broker', () => {
  test('finds its code compiled, whoever it runs as', async () => {
    const data = makeVolume(join(directory, 'data-compiled'), arbitraryUser)
    const broker = member({ name: 'compiled', user: arbitraryUser, data, env: ['NODE_DEBUG_NATIVE=COMPILE_CACHE'] })
    await broker.says('"msg":"Active ')
    const lines = broker.output.split('\n')
    expect(
      lines.filter(
        (line) => line.includes('/broker/run.ts') && line.endsWith('was accepted, keeping the in-memory entry'),
      ),
    ).toHaveLength(1)
    expect(lines.filter((line) => line.includes('was rejected'))).toEqual([])
  })

  test('that waits for the lock ends in good order, too', async () => {
    const data = makeVolume(join(directory, 'data-waiting'), arbitraryUser)
    const active = member({ name: 'active', user: arbitraryUser, data })
    await active.says('"msg":"Active ')
    const standby = member({ name: 'standby', user: arbitraryUser, data })
    await standby.says('"msg":"Standby: ')
    expect(await standby.stop()).toBe(0)
  })

  test('says what is wrong with its configuration, and ends', async () => {
    const data = makeVolume(join(directory, 'data-wrong'), arbitraryUser)
    const broker = member({ name: 'wrong', user: arbitraryUser, data, config: '{"transportConnector": []}' })
    expect(await broker.ended).toBe(2)
    expect(broker.output).toMatch(/broker\.json.*transportConnector/s)
  })

  test('says that its volume cannot be written, and ends', async () => {
    const data = join(directory, 'data-of-root')
    mkdirSync(data, { mode: 0o755 })
    const broker = member({ name: 'unwritable', user: arbitraryUser, data })
    expect(await broker.ended).toBe(1)
    expect(broker.output).toContain('/var/lib/flotilla')
  })

  test('needs no folder for temporary files', async () => {
    const data = makeVolume(join(directory, 'data-bare'), arbitraryUser)
    const broker = new Container(image, directory, {
      hostname: 'bare',
      user: arbitraryUser,
      mounts: [{ mountPath: '/var/lib/flotilla', source: data }],
    })
    running.push(broker)
    await broker.says('"msg":"Active (term 1)')
    expect(await broker.stop()).toBe(0)
    expect(existsSync(join(data, 'data'))).toBe(true)
  })
})

describe('the other programs', () => {
  test('the operator explains itself', async () => {
    const operator = start(['operator', '--help'])
    expect(await operator.ended).toBe(0)
    expect(operator.output).toContain('The Flotilla operator')
  })

  test('the operator says which setting is wrong', async () => {
    const operator = start(['operator', '--concurrency', 'many'])
    expect(await operator.ended).toBe(2)
    const parsed = parseOperatorSettings(['--concurrency', 'many'], {}, '')
    expect(operator.output).toContain(parsed.ok === false ? parsed.problems[0] : '')
  })

  test('the operator says that there is no cluster, without a home', async () => {
    const operator = start(['operator'])
    expect(await operator.ended).toBe(1)
    expect(operator.output).toContain('Cannot find a Kubernetes cluster')
  })

  test('the broker says its version, the journal its commands', async () => {
    const broker = start(['--version'])
    expect(await broker.ended).toBe(0)
    expect(broker.output).toBe(`${packageJson.version}\n`)
    const journal = start(['journal', '--help'])
    expect(await journal.ended).toBe(0)
    expect(journal.output).toContain('flotilla journal')
  })

  test('anything else is refused', async () => {
    const shell = start(['/bin/sh'])
    expect(await shell.ended).toBe(2)
    expect(shell.output).toContain('Cannot start: "/bin/sh" is none of broker, operator, journal')
  })
})
