// The real kubectl, unmodified and without special flags, against the stand-in's API server.
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createApiServer, type ApiServer } from '../../../hack/localkube/api-server.ts'
import { buildKubeconfig } from '../../../hack/localkube/api/http/kubeconfig.ts'
import { fleet, fleetDefinition, fleets } from './api/sample-definition.ts'
import { describeWithKubectl, Kubectl } from './kubectl-command.ts'

let server: ApiServer
let home: string

let command: Kubectl

const kubectl = (line: string, input?: unknown, environment?: Record<string, string>): Promise<string> =>
  command.ok(line, input, environment)
const refused = (line: string, input?: unknown): Promise<string> => command.refused(line, input)

const applied = (name: string, spec: Record<string, unknown>): unknown => ({
  apiVersion: 'example.dev/v1',
  kind: 'Fleet',
  metadata: { name },
  spec,
})

const statefulSet = {
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata: { name: 'web' },
  spec: {
    serviceName: 'web',
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: { containers: [{ name: 'c', image: 'i:1', env: [{ name: 'A', value: '1' }] }] },
    },
  },
}

describeWithKubectl('kubectl', () => {
  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'localkube-kubectl-'))
    command = new Kubectl(home)
    server = createApiServer()
    const { url } = await server.listen()
    writeFileSync(join(home, 'kubeconfig'), buildKubeconfig(url))
    await kubectl('apply -f -', fleetDefinition)
  })

  afterAll(async () => {
    await server.close()
    rmSync(home, { recursive: true, force: true })
  })

  test('finds out what there is', async () => {
    expect(await kubectl('version')).toContain('Server Version: v1.36')
    expect(await kubectl('api-resources')).toMatch(/fleets +fl +example.dev\/v1 +true +Fleet/)
    expect(await kubectl('cluster-info')).toContain('is running at')
    expect((await kubectl('auth can-i create pods')).trim()).toBe('yes')
    expect(await kubectl('wait --for=condition=Established crd/fleets.example.dev')).toContain('condition met')
  })

  test('apply, get, get -o yaml, get -o wide, apply again', async () => {
    expect(await kubectl('apply -f -', applied('first', { replicas: 3, ships: [{ name: 'hood' }] }))).toContain(
      'fleet.example.dev/first created',
    )
    expect(await kubectl('get fl')).toMatch(/NAME +REPLICAS +READY +AGE\nfirst +3 +\d+s/)
    expect(await kubectl('get fleet first -o wide')).toMatch(/HOME/)
    expect(await kubectl('get fleet first -o yaml')).toContain('  home: sea\n')
    expect(await kubectl('apply -f -', applied('first', { replicas: 3, ships: [{ name: 'hood' }] }))).toContain(
      'unchanged',
    )
    expect(await kubectl('apply -f -', applied('first', { ships: [{ name: 'nelson' }] }))).toContain('configured')
    expect(await kubectl(`get fleet first -o 'jsonpath={.spec.replicas} {.spec.ships[*].name}'`)).toBe('1 nelson')
    expect(await kubectl('get all')).toContain('fleet.example.dev/first')
  })

  test('refusals are read as those of a real server', async () => {
    expect(await refused('apply -f -', applied('x', { replicas: 11, ships: [] }))).toContain(
      'The Fleet "x" is invalid: spec: Invalid value: more than ten replicas need big',
    )
    expect(await refused('apply -f -', applied('x', { ships: [], shipz: [] }))).toContain(
      'strict decoding error: unknown field "spec.shipz"',
    )
    const misspelt = { ...statefulSet, spec: { ...statefulSet.spec, replica: 1 } }
    expect(await refused('apply -f -', misspelt)).toContain('strict decoding error: unknown field "spec.replica"')
    expect(await refused('get daemonsets')).toContain(`the server doesn't have a resource type "daemonsets"`)
  })

  test('explain, from our own schema and from those of Kubernetes', async () => {
    expect(await kubectl('explain fleet.spec.ships')).toMatch(/name\s+<string> -required-\n +Name of the ship\./)
    expect(await kubectl('explain pod.spec.containers.ports')).toMatch(/containerPort\s+<integer> -required-/)
  })

  test('three kinds of patches, scale and edit', async () => {
    await kubectl('apply -f -', statefulSet)
    await kubectl(
      `patch sts web -p '{"spec":{"template":{"spec":{"containers":[{"name":"c","env":[{"name":"B","value":"2"}]}]}}}}'`,
    )
    expect(await kubectl(`get sts web -o 'jsonpath={.spec.template.spec.containers[0].env[*].name}'`)).toBe('B A')
    await kubectl(`patch sts web --type merge -p '{"spec":{"replicas":2}}'`)
    await kubectl(
      `patch sts web --type json -p '[{"op":"replace","path":"/spec/template/spec/containers/0/image","value":"i:2"}]'`,
    )
    await kubectl('scale sts web --replicas 5')
    await kubectl('scale fleet first --replicas 4')
    await kubectl('edit sts web', '', { KUBE_EDITOR: `sed -i s/i:2/i:3/` })
    expect(
      await kubectl(
        `get sts web -o 'jsonpath={.spec.replicas} {.spec.template.spec.containers[0].image} {.metadata.generation}'`,
      ),
    ).toBe('5 i:3 6')
    expect(await refused(`patch sts web --type merge -p '{"spec":{"serviceName":"other"}}'`)).toContain(
      `updates to statefulset spec for fields other than 'replicas'`,
    )
    expect(await kubectl('get fleet first')).toMatch(/first +4/)
  })

  test('server-side apply: conflict, force, removal of what is no longer applied', async () => {
    await kubectl('apply -f -', applied('second', { replicas: 3, ships: [{ name: 'hood' }] }))
    const mine = applied('second', { replicas: 7, ships: [{ name: 'nelson' }] })
    expect(await refused('apply --server-side --field-manager=me -f -', mine)).toContain(
      'Apply failed with 1 conflict: conflict with "kubectl-client-side-apply" using example.dev/v1: .spec.replicas',
    )
    expect(await kubectl('apply --server-side --field-manager=me --force-conflicts -f -', mine)).toContain(
      'serverside-applied',
    )
    const ships = `get fleet second -o 'jsonpath={.spec.replicas} {.spec.ships[*].name}'`
    expect(await kubectl(ships)).toBe('7 nelson')
    expect(
      await kubectl(
        'apply --server-side --dry-run=server --field-manager=me -f -',
        applied('second', { ships: [{ name: 'drake' }] }),
      ),
    ).toContain('(server dry run)')
    expect(await kubectl(ships)).toBe('7 nelson')
    await kubectl('apply --server-side --field-manager=me -f -', applied('second', { ships: [{ name: 'rodney' }] }))
    expect(await kubectl(ships)).toBe('1 rodney')
    const { code, out } = await command.run('diff -f -', applied('second', { big: true, ships: [{ name: 'hood' }] }))
    expect(code).toBe(1)
    expect(out).toMatch(/\+ +big: true/)
  })

  test('describe shows fields and events; get events', async () => {
    const { uid } = server.registry.get(fleets, 'default', 'first')!.metadata
    const now = new Date().toISOString().replace(/\.\d+Z/, 'Z')
    server.registry.create(
      { group: '', plural: 'events' },
      {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { name: 'first.1', namespace: 'default' },
        involvedObject: { apiVersion: 'example.dev/v1', kind: 'Fleet', name: 'first', namespace: 'default', uid },
        reason: 'Sailed',
        message: 'left the harbour',
        type: 'Normal',
        firstTimestamp: now,
        lastTimestamp: now,
        count: 1,
        source: { component: 'test' },
      },
    )
    expect(await kubectl('describe fleet first')).toMatch(/Sailed +\S+ +test +left the harbour/)
    expect(await kubectl('get events')).toMatch(/Normal +Sailed +fleet\/first +left the harbour/)
    expect(await kubectl('describe sts web')).toContain('Replicas:           5 desired')
  })

  test('wait for a condition, delete and wait for the finalizer', async () => {
    const ready = kubectl('wait --for=condition=Ready fleet/first --timeout=20s')
    server.registry.updateStatus(fleets, 'default', 'first', (object) => {
      object['status'] = { conditions: [{ type: 'Ready', status: 'True' }] }
    })
    expect(await ready).toContain('condition met')
    server.registry.create(fleets, {
      ...fleet('held'),
      metadata: { name: 'held', namespace: 'default', finalizers: ['example.dev/hold'] },
    })
    const deleted = kubectl('delete fleet held --wait --timeout=20s')
    const watch = server.registry.watch(fleets, ({ object }) => {
      if (
        object.metadata.name !== 'held' ||
        object.metadata.deletionTimestamp === undefined ||
        !object.metadata.finalizers
      )
        return
      server.registry.update(fleets, 'default', 'held', (held) => void delete held.metadata.finalizers)
    })
    expect(await deleted).toContain('deleted')
    watch.close()
    expect(await refused('get fleet held')).toContain('fleets.example.dev "held" not found')
  })

  test('create with the typed commands, which speak protobuf; delete a namespace', async () => {
    expect(await kubectl('create ns shop')).toContain('namespace/shop created')
    await kubectl('create configmap settings -n shop --from-literal=a=b')
    await kubectl('create secret generic keys -n shop --from-literal=a=b')
    expect(await kubectl(`get secret keys -n shop -o 'jsonpath={.data.a} {.type}'`)).toBe('Yg== Opaque')
    expect(await kubectl('get cm -n shop')).toMatch(/settings +1/)
    expect(await kubectl('delete ns shop --timeout=20s')).toContain('deleted')
    expect(await refused('get ns shop')).toContain('not found')
  })

  test('what cannot be done says why', async () => {
    expect(
      await refused('apply -f -', { apiVersion: 'example.dev/v1', kind: 'Fleets', metadata: { name: 'a' } }),
    ).toContain('no matches for kind "Fleets" in version "example.dev/v1"')
    await kubectl('apply -f -', {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'shell' },
      spec: { containers: [{ name: 'c', image: 'i' }] },
    })
    expect(await refused('exec shell -- ls')).toContain('this server runs without a kubelet')
    expect(await refused('attach shell')).toContain('Cannot attach to pod "shell"')
  })

  test('logs', async () => {
    await kubectl('apply -f -', {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p' },
      spec: { containers: [{ name: 'c', image: 'i' }] },
    })
    server.setPodLogs({
      async *read(_pod, options) {
        yield await Promise.resolve(Buffer.from(`${JSON.stringify(options)}\n`))
      },
    })
    expect(JSON.parse(await kubectl('logs p -c c --tail=5 --previous -f'))).toEqual({
      container: 'c',
      follow: true,
      previous: true,
      timestamps: false,
      tailLines: 5,
    })
  })
})
