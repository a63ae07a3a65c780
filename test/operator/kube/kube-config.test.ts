import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { ManualClock } from '../../../broker/base/manual-clock.ts'
import { type ClusterAccessOptions, loadClusterAccess } from '../../../operator/kube/kube-config.ts'

let folder: string
const clock = new ManualClock()

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flotilla-kubeconfig-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const file = (name: string, text: string): string => {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}
const load = (options: Partial<ClusterAccessOptions>) =>
  loadClusterAccess({ env: { HOME: folder }, clock, serviceAccountFolder: folder, ...options })
const base64 = (text: string) => Buffer.from(text).toString('base64')

const kubeconfig = (user: string, cluster = '{server: "https://10.0.0.1:6443"}') => `
apiVersion: v1
kind: Config
clusters: [{name: c, cluster: ${cluster}}]
users: [{name: u, user: ${user}}, {name: other, user: {token: other}}]
contexts: [{name: x, context: {cluster: c, user: u, namespace: shop}}, {name: y, context: {cluster: c, user: other}}]
current-context: x
`

describe('a kubeconfig', () => {
  test('client certificate as data and as files relative to it', async () => {
    file('ca.crt', 'CA')
    file('client.key', 'KEY')
    const path = file(
      'config',
      kubeconfig(
        `{client-certificate-data: ${base64('CERT')}, client-key: client.key}`,
        '{server: "https://10.0.0.1:6443/path", certificate-authority: ca.crt, tls-server-name: kube}',
      ),
    )
    const access = await load({ kubeconfig: path })
    expect(access).toMatchObject({ server: 'https://10.0.0.1:6443/path', namespace: 'shop' })
    expect(access.tls).toEqual({
      ca: Buffer.from('CA'),
      cert: Buffer.from('CERT'),
      key: Buffer.from('KEY'),
      servername: 'kube',
    })
    expect(await access.credentials(false)).toEqual({})
  })

  test.each([
    ['a token', '{token: t1}', { authorization: 'Bearer t1' }],
    ['a password', '{username: joe, password: s3cret}', { authorization: `Basic ${base64('joe:s3cret')}` }],
    ['nothing', '{}', {}],
  ])('%s', async (_, user, headers) => {
    const access = await load({ kubeconfig: file('config', kubeconfig(user)) })
    expect(await access.credentials(false)).toEqual(headers)
  })

  test('another context; without TLS verification; over plain HTTP', async () => {
    const path = file('config', kubeconfig('{}', '{server: "http://127.0.0.1:8080", insecure-skip-tls-verify: true}'))
    const access = await load({ kubeconfig: path, context: 'y' })
    expect(access).toMatchObject({
      server: 'http://127.0.0.1:8080',
      namespace: 'default',
      tls: { rejectUnauthorized: false },
    })
    expect(await access.credentials(false)).toEqual({ authorization: 'Bearer other' })
  })

  test('several files: the first that says something wins', async () => {
    const first = file('first', 'current-context: y\nusers: [{name: other, user: {token: first}}]')
    const second = file('second', kubeconfig('{}'))
    const access = await load({ env: { KUBECONFIG: `${first}:${second}` } })
    expect(await access.credentials(false)).toEqual({ authorization: 'Bearer first' })
  })

  test('a program that hands out tokens is run for the first request, and again after a 401', async () => {
    const script = file(
      'plugin.mjs',
      `
      import { existsSync, readFileSync, writeFileSync } from 'node:fs'
      const counter = ${JSON.stringify(join(folder, 'count'))}
      const count = existsSync(counter) ? Number(readFileSync(counter)) + 1 : 1
      writeFileSync(counter, String(count))
      console.log(JSON.stringify({ apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status: { token: 't' + count } }))
    `,
    )
    const exec = JSON.stringify({
      apiVersion: 'client.authentication.k8s.io/v1',
      command: process.execPath,
      args: [script],
    })
    const access = await load({
      kubeconfig: file('config', kubeconfig(`{exec: ${exec}}`, '{server: "http://127.0.0.1:1"}')),
    })
    expect(await access.credentials(false)).toEqual({ authorization: 'Bearer t1' })
    expect(await access.credentials(false)).toEqual({ authorization: 'Bearer t1' })
    expect(await access.credentials(true)).toEqual({ authorization: 'Bearer t2' })
  })

  test.each([
    ['not YAML', '{', 'it is not YAML'],
    ['not a mapping', 'hello', 'it is not a YAML mapping'],
    ['no context', 'clusters: []', 'it has no current-context; name one with --context'],
    ['a context that is not there', 'current-context: z', 'the chosen context is "z", which is not in contexts'],
    ['no server', kubeconfig('{}', '{}'), 'server of cluster c is not an http(s) URL'],
    ['a proxy', kubeconfig('{}', '{server: "https://a", proxy-url: "http://b"}'), 'proxy-url is not supported'],
    ['impersonation', kubeconfig('{as: joe}'), 'impersonation'],
    ['a file that is not there', kubeconfig('{client-key: gone.key}'), 'cannot read'],
  ])('refuses %s, and says where', async (_, text, problem) => {
    const path = file('config', text)
    await expect(load({ kubeconfig: path })).rejects.toThrow(`Cannot use kubeconfig ${path}: ${problem}`)
  })

  test('refuses a user that is not there', async () => {
    const path = file('config', kubeconfig('{}').replace('user: u,', 'user: nobody,'))
    await expect(load({ kubeconfig: path })).rejects.toThrow('context x names user "nobody", which is not in users')
  })
})

describe('without a kubeconfig', () => {
  test('in a pod: the service account, whose token is read again', async () => {
    file('token', 't1\n')
    file('ca.crt', 'CA')
    file('namespace', 'shop\n')
    const access = await load({ env: { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' } })
    expect(access).toMatchObject({ server: 'https://[fd00::1]:443', namespace: 'shop', tls: { ca: Buffer.from('CA') } })
    file('token', 't2\n')
    expect(await access.credentials(false)).toEqual({ authorization: 'Bearer t1' })
    clock.advance(60_000)
    expect(await access.credentials(false)).toEqual({ authorization: 'Bearer t2' })
    file('token', 't3\n')
    expect(await access.credentials(true)).toEqual({ authorization: 'Bearer t3' })
  })

  test('says what was looked for when there is nothing', async () => {
    await expect(load({})).rejects.toThrow(
      `Cannot find a Kubernetes cluster: no --kubeconfig, no KUBECONFIG, not in a pod, and no file ${folder}/.kube/config`,
    )
  })
})

test('client-node is not loaded for what can be done without it', async () => {
  const module = join(import.meta.dirname, '../../../operator/kube/kube-config.ts')
  const path = file('config', kubeconfig('{token: t1}'))
  const program = `
    import { loadClusterAccess } from ${JSON.stringify(module)}
    import { registerHooks } from 'node:module'
    registerHooks({ resolve(name, context, next) { if (name.includes('client-node')) process.exit(9); return next(name, context) } })
    await loadClusterAccess({ kubeconfig: ${JSON.stringify(path)}, env: {}, clock: { monotonicMs: () => 0 } })
    console.log('done')
  `
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program])
  expect(stdout).toBe('done\n')
})
