// What runs: the operator's pods, how they are kept apart and let through, and what `helm test` asks.
import { expect, test } from '@jest/globals'
import { parseOperatorSettings } from '../../operator/config/operator-settings.ts'
import { adminPort } from '../../operator/api/limits.ts'
import { childLabels } from '../../operator/api/names.ts'
import { describeRendered, ofKind, render, type Rendered } from './helm.ts'

interface Container {
  readonly image: string
  readonly args?: string[]
  readonly command?: string[]
  readonly env?: object[]
  readonly ports: { readonly name: string; readonly containerPort: number }[]
  readonly securityContext: object
  readonly volumeMounts?: { readonly mountPath: string }[]
  readonly livenessProbe: { readonly httpGet: object }
  readonly readinessProbe: { readonly httpGet: object }
}
interface PodSpec {
  readonly containers: Container[]
  readonly securityContext: object
  readonly [field: string]: unknown
}
interface PodTemplate {
  readonly metadata: { readonly labels: Record<string, string>; readonly annotations: Record<string, string> }
  readonly spec: PodSpec
}

const specOf = (objects: readonly Rendered[], kind: string): unknown => ofKind(objects, kind)[0]!['spec']
const podOf = (objects: readonly Rendered[]): PodTemplate =>
  (specOf(objects, 'Deployment') as { template: PodTemplate }).template
const operatorOf = (objects: readonly Rendered[]): Container => podOf(objects).spec.containers[0]!

describeRendered('the Deployment', () => {
  test('is one of two operators, of which a budget keeps one', () => {
    expect(specOf(render(), 'Deployment')).toMatchObject({ replicas: 2 })
    const { selector, ...budget } = specOf(render(), 'PodDisruptionBudget') as { selector: object }
    expect(budget).toMatchObject({ maxUnavailable: 1 })
    expect(podOf(render()).metadata.labels).toMatchObject((selector as { matchLabels: object }).matchLabels)
  })

  test('gives the operator settings that it takes', () => {
    const values = { watchNamespaces: ['shop', 'bank'], brokerImage: 'mine:1', logLevel: 'debug', concurrency: 7 }
    const [program, ...args] = operatorOf(render({ values, name: 'brokers' })).args!
    expect(program).toBe('operator')
    expect(parseOperatorSettings(args, {}, 'suffix')).toMatchObject({
      ok: true,
      settings: {
        watchNamespaces: ['shop', 'bank'],
        brokerImage: 'mine:1',
        logLevel: 'debug',
        concurrency: 7,
        leaderElection: { enabled: true, leaseName: 'brokers' },
      },
    })
  })

  test.each([
    [undefined, 1000],
    [1_000_680_000, 1_000_680_000],
    ['assigned', 'assigned'],
  ])('gives brokers user %s', (brokerUser, expected) => {
    const [, ...args] = operatorOf(render({ values: brokerUser === undefined ? {} : { brokerUser } })).args!
    expect(parseOperatorSettings(args, {}, 'suffix')).toMatchObject({ ok: true, settings: { brokerUser: expected } })
  })

  test('has the port that the operator opens without being told', () => {
    const { ports, livenessProbe, readinessProbe } = operatorOf(render())
    const parsed = parseOperatorSettings([], {}, 'suffix')
    expect(parsed.ok === true && parsed.settings.health.port).toBe(ports[0]!.containerPort)
    expect(livenessProbe.httpGet).toEqual({ path: '/healthz', port: 'health' })
    expect(readinessProbe.httpGet).toEqual({ path: '/readyz', port: 'health' })
    expect(specOf(render(), 'Service')).toMatchObject({ ports: [{ port: 8081, targetPort: 'health' }] })
  })

  test('spreads over nodes, and takes what is said instead', () => {
    const selector = { matchLabels: { 'app.kubernetes.io/instance': 'flotilla' } }
    const spread = (objects: Rendered[]) => podOf(objects).spec['topologySpreadConstraints']
    expect(spread(render())).toMatchObject([
      { topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'ScheduleAnyway', labelSelector: selector },
    ])
    const own = { maxSkew: 2, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule', labelSelector: {} }
    expect(spread(render({ values: { topologySpreadConstraints: [own] } }))).toMatchObject([own])
    expect(spread(render({ values: { topologySpreadConstraints: [] } }))).toBeUndefined()
  })

  test('leaves a node that is gone after half a minute, not after the five of Kubernetes', () => {
    const seconds = { operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 30 }
    expect(podOf(render()).spec['tolerations']).toEqual([
      { key: 'node.kubernetes.io/not-ready', ...seconds },
      { key: 'node.kubernetes.io/unreachable', ...seconds },
    ])
  })

  test('takes everything that a pod may need', () => {
    const values = {
      imagePullSecrets: [{ name: 'registry' }],
      env: [{ name: 'NODE_EXTRA_CA_CERTS', value: '/ca.crt' }],
      priorityClassName: 'important',
      nodeSelector: { pool: 'system' },
      tolerations: [{ key: 'system', operator: 'Exists' }],
      affinity: { nodeAffinity: {} },
    }
    const { env, ...pod } = values
    const objects = render({ values })
    expect(podOf(objects).spec).toMatchObject(pod)
    expect(operatorOf(objects)).toMatchObject({ env })
  })

  test('has labels and annotations in their places', () => {
    const values = {
      labels: { team: 'messaging' },
      annotations: { on: 'deployment' },
      podLabels: { of: 'pod' },
      podAnnotations: { on: 'pod' },
      serviceAccount: { annotations: { on: 'account' } },
      networkPolicy: { enabled: true },
    }
    const objects = render({ values })
    const own = objects.filter(({ kind }) => kind !== 'CustomResourceDefinition')
    expect(own.filter(({ metadata }) => metadata.labels?.['team'] !== 'messaging')).toEqual([])
    expect(ofKind(objects, 'Deployment')[0]!.metadata.annotations).toEqual({ on: 'deployment' })
    expect(ofKind(objects, 'ServiceAccount')[0]!.metadata.annotations).toEqual({ on: 'account' })
    expect(podOf(objects).metadata).toMatchObject({
      labels: { team: 'messaging', of: 'pod' },
      annotations: { on: 'pod' },
    })
    // What selects cannot be changed later.
    expect(JSON.stringify((specOf(objects, 'Deployment') as { selector: object }).selector)).not.toContain('team')
  })

  test.each([
    [{ repository: 'here.example/flotilla', tag: '1.2.3' }, 'here.example/flotilla:1.2.3'],
    [{ repository: 'here.example/flotilla' }, 'here.example/flotilla:0.1.0'],
    [{ repository: 'flotilla', tag: '1', digest: `sha256:${'a'.repeat(64)}` }, `flotilla@sha256:${'a'.repeat(64)}`],
  ])('runs image %j as %s', (image, reference) => {
    const objects = render({ values: { image } })
    expect(operatorOf(objects).image).toBe(reference)
    expect((specOf(objects, 'Pod') as PodSpec).containers[0]!.image).toBe(reference)
  })
})

describeRendered('every pod', () => {
  const pods = () => [podOf(render()).spec, specOf(render(), 'Pod') as PodSpec]

  test('is what the Pod Security Standard `restricted` asks for', () => {
    for (const pod of pods()) {
      expect(pod.securityContext).toEqual({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } })
      for (const { securityContext } of pod.containers)
        expect(securityContext).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        })
    }
  })

  test('has bounded memory', () => {
    for (const { containers } of pods())
      expect(containers[0]).toMatchObject({ resources: { requests: {}, limits: { memory: expect.any(String) } } })
  })
})

describeRendered('the NetworkPolicy', () => {
  const policy = (values: object = {}) =>
    specOf(render({ values: { networkPolicy: { enabled: true }, ...values } }), 'NetworkPolicy') as {
      ingress: object[]
      egress: { ports: object[]; to?: object[] }[]
    }

  test('is there when it is asked for', () => {
    expect(ofKind(render(), 'NetworkPolicy')).toEqual([])
    expect(policy()).toBeDefined()
  })

  test('lets the operator ask brokers, in the namespaces that it looks after', () => {
    const rule = policy().egress.find(({ ports }) => JSON.stringify(ports).includes(String(adminPort)))!
    const { podSelector } = rule.to![0] as { podSelector: { matchLabels: object } }
    expect(childLabels('orders')).toMatchObject(podSelector.matchLabels)
    expect(rule.to).toMatchObject([{ namespaceSelector: {} }])
    expect(policy({ watchNamespaces: ['shop'] }).egress[1]!.to).toMatchObject([
      { namespaceSelector: { matchExpressions: [{ operator: 'In', values: ['shop'] }] } },
    ])
  })

  test('takes peers that are said', () => {
    const peer = { ipBlock: { cidr: '10.0.0.1/32' } }
    const { ingress, egress } = policy({
      networkPolicy: {
        enabled: true,
        ingressFrom: [peer],
        apiServer: { to: [peer], ports: [6443] },
        extraEgress: [{}],
      },
    })
    expect(ingress).toEqual([{ ports: [{ port: 'health', protocol: 'TCP' }], from: [peer] }])
    expect(egress[0]).toEqual({ ports: [{ port: 6443, protocol: 'TCP' }], to: [peer] })
    expect(egress.at(-1)).toEqual({})
  })
})

describeRendered('`helm test`', () => {
  test('asks the Service whether the operator is ready, without a shell', () => {
    const objects = render({ name: 'brokers' })
    const { command } = (specOf(objects, 'Pod') as PodSpec).containers[0]!
    expect(command![0]).toBe('node')
    const { name, namespace } = ofKind(objects, 'Service')[0]!.metadata
    expect(command![2]).toContain(`http://${name}.${namespace}.svc:8081/readyz`)
  })

  test('is not taken for an operator by what finds those by labels', () => {
    const objects = render()
    const { selector } = specOf(objects, 'Service') as { selector: Record<string, string> }
    expect(ofKind(objects, 'Pod')[0]!.metadata.labels).not.toMatchObject(selector)
  })
})
