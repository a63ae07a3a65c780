// What people do with running pods, by the real kubectl: the whole stand-in, with pods as processes.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LocalObject } from '../../../hack/localkube/api/registry.ts'
import { pods, statefulSets } from '../../../hack/localkube/controllers/resource-names.ts'
import { type LocalKube, startLocalKube } from '../../../hack/localkube/localkube.ts'
import { podTemplate } from './control-plane.ts'
import { describeWithKubectl, Kubectl } from './kubectl-command.ts'
import { gone, images, statusOf } from './kubelet/pod-bench.ts'

/** How often a pod is deleted; see CONTRIBUTING.md. */
const deletions = Number(process.env['FLOTILLA_POD_DELETIONS'] ?? 20)
const deletionTimeoutMs = 60_000

let kube: LocalKube
let home: string
let kubectl: Kubectl

describeWithKubectl('kubectl', () => {
  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'localkube-kubectl-'))
    const kubeconfigPath = join(home, 'kubeconfig')
    kube = await startLocalKube({ dataDirectory: home, apiPort: 0, images, kubeconfigPath, log: () => {} })
    kubectl = new Kubectl(home)
  })

  afterAll(async () => {
    await kube.stop()
    rmSync(home, { recursive: true, force: true })
  })

  /** The pod as soon as it runs and is another one than before. */
  function running(name: string, notUid = ''): Promise<LocalObject> {
    return new Promise((resolve) => {
      const watch = kube.registry.watch(pods, ({ type, object }) => {
        if (type === 'DELETED' || object.metadata.name !== name || object.metadata.uid === notUid) return
        if (statusOf(object)?.state.running === undefined) return
        setImmediate(() => watch.close())
        resolve(object)
      })
    })
  }

  async function runPod(name: string, container: Record<string, unknown> = {}, spec: object = {}): Promise<void> {
    kube.registry.create(pods, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: 'default' },
      spec: {
        terminationGracePeriodSeconds: 1,
        ...spec,
        containers: [{ name: 'main', image: 'test/pod:1', ...container }],
      },
    })
    await running(name)
  }

  describe('exec', () => {
    beforeAll(() => runPod('shell', { env: [{ name: 'GREETING', value: 'hello' }] }))

    test('runs a command in the surroundings of the container, with its output, error output and exit code', async () => {
      const { code, stdout, out } = await kubectl.run([
        'exec',
        'shell',
        '--',
        'sh',
        '-c',
        'echo $GREETING $HOSTNAME; echo bad >&2; exit 3',
      ])
      expect(stdout.toString()).toBe('hello shell\n')
      expect(out).toContain('bad\n')
      expect(out).toContain('command terminated with exit code 3')
      expect(code).toBe(3)
      expect(await kubectl.ok('exec shell -c main -- node -p os.hostname()')).toBe('shell\n')
    })

    test('passes the standard input on, and its end', async () => {
      const input = Buffer.alloc(3_000_000, 'all that is sent comes back\n')
      const { code, stdout } = await kubectl.run('exec -i shell -- cat', input)
      expect(code).toBe(0)
      expect(stdout.equals(input)).toBe(true)
      // One that does not read it ends all the same.
      expect((await kubectl.run('exec -i shell -- true', input)).code).toBe(0)
    })

    test('what cannot be run says why', async () => {
      expect(await kubectl.refused('exec shell -- no-such-program')).toContain(
        'cannot run "no-such-program" in container "main"',
      )
      expect(await kubectl.refused('exec shell -c other -- ls')).toContain('other')
      expect(await kubectl.refused('exec nobody -- ls')).toContain('pods "nobody" not found')
      await kubectl.ok('apply -f -', {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'waiting' },
        spec: { containers: [{ name: 'c', image: 'nowhere' }] },
      })
      expect(await kubectl.refused('exec waiting -- ls')).toContain('container "c" in pod "waiting" does not run')
      await kubectl.ok('delete pod waiting')
    })

    test('ends with the client, and with the container', async () => {
      const forever = ['exec', 'shell', '--', 'node', '-e', 'console.log(process.pid); setInterval(() => {}, 1000)']
      const client = kubectl.start(forever)
      const pid = Number((await once(client.stdout, 'data'))[0])
      client.kill('SIGKILL')
      await gone(pid)
      await runPod('brief')
      const other = kubectl.start(forever.with(1, 'brief'))
      const otherPid = Number((await once(other.stdout, 'data'))[0])
      kube.registry.delete(pods, 'default', 'brief')
      await gone(otherPid)
      expect((await once(other, 'exit'))[0]).not.toBe(0)
    })

    test('-t gives it a terminal', async () => {
      // kubectl wants one itself, which script makes.
      const line = `${process.env['KUBECTL'] ?? 'kubectl'} exec -it shell -- sh -c "tty && exit 7"`
      const child = spawn('script', ['-qec', line, '/dev/null'], {
        env: { ...process.env, KUBECONFIG: join(home, 'kubeconfig') },
      })
      let out = ''
      child.stdout.on('data', (data: Buffer) => (out += data.toString()))
      const [code] = await once(child, 'close')
      expect(out).toContain('/dev/')
      expect(code).toBe(7)
    })
  })

  test('cp: files and folders, to and from volumes and other places', async () => {
    const volumes = [{ name: 'data', emptyDir: {} }]
    await runPod('files', { volumeMounts: [{ name: 'data', mountPath: '/var/lib/data' }] }, { volumes })
    const tree = join(home, 'tree')
    mkdirSync(join(tree, 'deep'), { recursive: true })
    writeFileSync(join(tree, 'deep', 'a.txt'), 'a')
    writeFileSync(join(tree, 'b.bin'), Buffer.alloc(2_000_000, 7))
    await kubectl.ok(`cp ${tree} files:/var/lib/data`)
    expect(await kubectl.ok('exec files -- cat /var/lib/data/tree/deep/a.txt')).toBe('a')
    await kubectl.ok(`cp files:/var/lib/data/tree ${join(home, 'back')}`)
    expect(readFileSync(join(home, 'back', 'b.bin')).equals(readFileSync(join(tree, 'b.bin')))).toBe(true)
    await kubectl.ok(`cp files:/var/lib/data ${join(home, 'all')}`)
    expect(readFileSync(join(home, 'all', 'tree', 'deep', 'a.txt'), 'utf8')).toBe('a')
    await kubectl.ok(`cp files:/var/lib/data/tree/deep/a.txt ${join(home, 'one.txt')}`)
    expect(readFileSync(join(home, 'one.txt'), 'utf8')).toBe('a')
    await kubectl.ok(`cp files:${join(tree, 'deep', 'a.txt')} ${join(home, 'two.txt')}`)
    expect(readFileSync(join(home, 'two.txt'), 'utf8')).toBe('a')
  })

  describe('port-forward', () => {
    beforeAll(async () => {
      await runPod('server', { args: ['serve', '8080'], readinessProbe: { tcpSocket: { port: 8080 } } })
      await kubectl.ok('wait --for=condition=Ready pod/server --timeout=60s')
    })

    /** The local port, once kubectl listens on it. */
    async function forward(remote: number): Promise<{ child: ChildProcess; port: number; said: () => string }> {
      const child = kubectl.start(`port-forward pod/server :${remote}`)
      forwards.push(child)
      let said = ''
      child.stderr.on('data', (data: Buffer) => (said += data.toString()))
      const [line] = (await once(child.stdout, 'data')) as [Buffer]
      child.stdout.resume()
      return { child, port: Number(/127\.0\.0\.1:(\d+)/.exec(line.toString())![1]), said: () => said }
    }
    const forwards: ChildProcess[] = []
    afterAll(() => {
      for (const child of forwards) child.kill()
    })

    test('one connection after the other, and many at once', async () => {
      const { port } = await forward(8080)
      const ask = async (): Promise<string> => (await fetch(`http://127.0.0.1:${port}/hostname`)).text()
      expect(await ask()).toBe('server')
      expect(await Promise.all(Array.from({ length: 20 }, ask))).toEqual(Array.from({ length: 20 }, () => 'server'))
      const large = await fetch(`http://127.0.0.1:${port}/bytes?count=5000000`)
      expect((await large.arrayBuffer()).byteLength).toBe(5_000_000)
    })

    test('bytes go both ways, and each end closes its half', async () => {
      const echo = createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket))
      echo.listen(0, kube.registry.get(pods, 'default', 'server')!['status'].podIP)
      await once(echo, 'listening')
      const { port } = await forward((echo.address() as AddressInfo).port)
      const sent = Buffer.alloc(3_000_000, 'all that is sent comes back')
      const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
      socket.end(sent)
      const received: Buffer[] = []
      for await (const chunk of socket) received.push(chunk as Buffer)
      expect(Buffer.concat(received).equals(sent)).toBe(true)
      echo.close()
    })

    test('a port on which nobody listens is told as on a real cluster', async () => {
      const { child, port, said } = await forward(8081)
      const exit = once(child, 'exit')
      await once(connect({ port, host: '127.0.0.1' }), 'close')
      expect((await exit)[0]).toBe(1)
      expect(said()).toContain('failed to connect to port 8081 of the pod: connect ECONNREFUSED')
      expect(said()).toContain('lost connection to pod')
    })
  })

  test('a Deployment beside the rest: apply, rollout, scale, undo, an image that there is not, delete', async () => {
    const app = (change: object = {}, image = 'test/pod:1') => ({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'app' },
      spec: {
        replicas: 2,
        selector: { matchLabels: { app: 'app' } },
        template: {
          metadata: { labels: { app: 'app' } },
          spec: {
            terminationGracePeriodSeconds: 5,
            containers: [
              { name: 'main', image, readinessProbe: { httpGet: { path: '/health', port: 8080 } }, ...change },
            ],
          },
        },
      },
    })
    await kubectl.ok('apply -f -', app())
    expect(await kubectl.ok('rollout status deployment app --timeout=60s')).toContain('successfully rolled out')
    expect(await kubectl.ok('get deploy,rs')).toMatch(
      /deployment.apps\/app +2\/2 +2 +2 [^]*replicaset.apps\/app-\w+ +2 +2 +2 /,
    )
    expect((await kubectl.ok('get pods -l app=app --no-headers')).trim().split('\n')).toHaveLength(2)
    expect(await kubectl.ok('exec deploy/app -- node -p 1+1')).toBe('2\n')
    expect(await kubectl.ok('wait --for=condition=Available deploy/app')).toContain('condition met')

    await kubectl.ok('scale deploy app --replicas 3')
    await kubectl.ok('set env deploy/app COLOUR=blue')
    expect(await kubectl.ok('rollout status deployment app --timeout=60s')).toContain('successfully rolled out')
    expect(await kubectl.ok(['exec', 'deploy/app', '--', 'sh', '-c', 'echo $COLOUR'])).toBe('blue\n')
    expect(await kubectl.ok('rollout history deploy app')).toMatch(/1 [^]*2 /)
    await kubectl.ok('rollout undo deploy app')
    await kubectl.ok('rollout status deployment app --timeout=60s')
    expect(await kubectl.ok("get deploy app -o 'jsonpath={.spec.template.spec.containers[0].env}'")).toBe('')
    await kubectl.ok('rollout restart deploy app')
    await kubectl.ok('rollout status deployment app --timeout=60s')

    await kubectl.ok('set image deploy/app main=nowhere/to/be:found')
    expect(await kubectl.refused('rollout status deployment app --timeout=1s')).toContain('timed out waiting')
    expect(await kubectl.ok('get pods -l app=app')).toContain('ImagePullBackOff')
    expect(await kubectl.ok('get events')).toContain('Cannot run image "nowhere/to/be:found"')
    expect(await kubectl.ok('describe deploy app')).toMatch(/NewReplicaSet: +app-\w+ \(\d\/\d replicas created\)/)
    await kubectl.ok('delete deploy app --cascade=foreground')
    expect(await kubectl.ok('get rs')).toContain('No resources found')
  })

  async function deleteAgainAndAgain(): Promise<void> {
    kube.registry.create(statefulSets, {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name: 'again', namespace: 'default' },
      spec: {
        replicas: 1,
        serviceName: 'again',
        selector: { matchLabels: { app: 'again' } },
        template: podTemplate({ app: 'again' }, 'test/pod:1'),
      },
    })
    let uid = ''
    let longestMs = 0
    for (let n = 0; n < deletions; n++) {
      ;({ uid } = (await running('again-0', uid)).metadata)
      const startedAt = performance.now()
      expect(await kubectl.ok(`delete pod again-0 --timeout=${deletionTimeoutMs / 1000}s`)).toContain('deleted')
      longestMs = Math.max(longestMs, performance.now() - startedAt)
      expect(kube.registry.get(pods, 'default', 'again-0')?.metadata.uid).not.toBe(uid)
    }
    if (deletions > 20) console.info(`${deletions} deletions, the longest took ${Math.round(longestMs)} ms`)
    await kubectl.ok('delete sts again')
  }

  test(
    'delete: a pod of a StatefulSet, again and again, is waited for until it has gone, and no longer',
    deleteAgainAndAgain,
    (deletions + 1) * deletionTimeoutMs,
  )
})
