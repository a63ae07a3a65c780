// log, eviction and binding of pods. exec and port-forward are pod-streams.ts. attach is refused with the way that there is
// instead (501); ephemeral containers are not served (404), by which kubectl knows that there are none.
import { parseCount, parseFlag, parseWriteRequest, type ApiAnswer } from './api-request.ts'
import { arrayOrEmpty, isObject, objectOrEmpty, valueAt, type JsonObject } from '../json-value.ts'
import type { LocalObject, PodName } from '../registry.ts'
import { parseDeleteOptions } from './delete-options.ts'
import { objectBody, refusedMethod, requireObject, type ResourceRequest } from './resource-request.ts'
import { matchesSelector, parseSelectorObject } from '../selectors.ts'
import { badRequest, RegistryError } from '../status-error.ts'

export function refuseAttach(name: string, subresource: string): void {
  if (subresource !== 'attach') return
  throw new RegistryError(
    501,
    'NotImplemented',
    `Cannot attach to pod "${name}": in localkube it is a process of this machine; kubectl logs -f shows its output`,
  )
}

export const podNameOf = ({ metadata: { name, namespace, uid } }: LocalObject): PodName => ({
  name,
  namespace: namespace!,
  uid,
})

export function podSubresource(target: ResourceRequest): ApiAnswer {
  const { subresource } = target.path
  if (subresource === 'log') return podLog(target)
  if (target.request.method !== 'POST') throw refusedMethod()
  return subresource === 'eviction' ? evict(target) : bind(target)
}

function podLog(target: ResourceRequest): ApiAnswer {
  const { query, method } = target.request
  if (method !== 'GET') throw refusedMethod()
  const pod = requireObject(target)
  const container = chooseContainer(pod, query.get('container') || undefined)
  const logs = target.podLogs()
  if (!logs) throw new RegistryError(503, 'ServiceUnavailable', 'Cannot read logs: this server runs without a kubelet')
  const tailLines = parseCount(query, 'tailLines')
  const sinceSeconds = parseCount(query, 'sinceSeconds')
  const limitBytes = parseCount(query, 'limitBytes')
  const options = {
    container,
    follow: parseFlag(query, 'follow'),
    previous: parseFlag(query, 'previous'),
    timestamps: parseFlag(query, 'timestamps'),
    ...(tailLines === undefined ? {} : { tailLines }),
    ...(sinceSeconds === undefined ? {} : { sinceSeconds }),
  }
  return {
    code: 200,
    stream: async (response, signal) => {
      // The first piece is fetched before the header goes out: a refusal can still be answered as one.
      const pieces = logs.read(podNameOf(pod), options, signal)[Symbol.asyncIterator]()
      let next = await pieces.next()
      response.writeHead(200, { 'Content-Type': 'text/plain' })
      let left = limitBytes ?? Infinity
      while (next.done !== true && left > 0 && !signal.aborted) {
        const piece = next.value.subarray(0, left)
        left -= piece.length
        if (!response.write(piece))
          await new Promise<void>((resolve) => {
            response.once('drain', resolve)
            signal.addEventListener('abort', () => resolve(), { once: true })
          })
        next = await pieces.next()
      }
      await pieces.return?.()
      response.end()
    },
  }
}

/** The one asked for, or the only one. Errors: 400. */
export function chooseContainer(pod: LocalObject, wanted: string | undefined): string {
  const names = ['containers', 'initContainers'].flatMap((field) =>
    arrayOrEmpty(valueAt(pod, ['spec', field])).map((container) => String(objectOrEmpty(container)['name'])),
  )
  const main = arrayOrEmpty(valueAt(pod, ['spec', 'containers'])).map((container) =>
    String(objectOrEmpty(container)['name']),
  )
  if (wanted !== undefined) {
    if (!names.includes(wanted)) throw badRequest(`container ${wanted} is not valid for pod ${pod.metadata.name}`)
    return wanted
  }
  if (main.length === 1) return main[0]!
  throw badRequest(
    `a container name must be specified for pod ${pod.metadata.name}, choose one of: [${main.join(' ')}]`,
  )
}

/** Deletes the pod unless a disruption budget forbids it. Errors: 429 with the cause DisruptionBudget. */
function evict(target: ResourceRequest): ApiAnswer {
  const { operations, kind, request } = target
  const pod = requireObject(target)
  const body = objectBody(target, parseWriteRequest(request))
  const options = isObject(body['deleteOptions']) ? body['deleteOptions'] : {}
  const budget = blockingBudget(target, pod)
  if (budget)
    throw new RegistryError(
      429,
      'TooManyRequests',
      "Cannot evict pod as it would violate the pod's disruption budget.",
      {
        causes: [
          {
            reason: 'DisruptionBudget',
            message: `The disruption budget ${budget.metadata.name} allows no further disruptions at present`,
            field: '',
          },
        ],
        retryAfterSeconds: 10,
      },
    )
  operations.delete(
    kind,
    pod.metadata.namespace,
    pod.metadata.name,
    parseDeleteOptions({ ...request, contentType: 'application/json', body: Buffer.from(JSON.stringify(options)) }),
  )
  return { code: 201, body: success() }
}

function blockingBudget({ operations }: ResourceRequest, pod: LocalObject): LocalObject | undefined {
  const phase = valueAt(pod, ['status', 'phase'])
  if (
    phase === 'Succeeded' ||
    phase === 'Failed' ||
    phase === 'Pending' ||
    pod.metadata.deletionTimestamp !== undefined
  )
    return undefined
  const budgets = operations.list(
    operations.ports.kinds.find('policy', 'poddisruptionbudgets')!,
    pod.metadata.namespace,
  )
  return budgets.find((budget) => {
    const selector = valueAt(budget, ['spec', 'selector'])
    if (!isObject(selector) || !matchesSelector(parseSelectorObject(selector), pod.metadata.labels)) return false
    return Number(valueAt(budget, ['status', 'disruptionsAllowed']) ?? 0) < 1
  })
}

/** What a scheduler does: names the node of a pod. */
function bind(target: ResourceRequest): ApiAnswer {
  const { operations, kind, version, path, request } = target
  const options = parseWriteRequest(request)
  const node = valueAt(objectBody(target, options), ['target', 'name'])
  if (typeof node !== 'string' || node === '') throw badRequest('a Binding must name a node in target.name')
  operations.update(
    kind,
    version,
    path.namespace,
    path.name!,
    (pod) => {
      const spec = objectOrEmpty(pod['spec'])
      if (spec['nodeName'])
        throw new RegistryError(
          409,
          'Conflict',
          `pod ${path.name} is already assigned to node ${JSON.stringify(spec['nodeName'])}`,
        )
      return { ...pod, spec: { ...spec, nodeName: node } }
    },
    { ...options, subresource: 'binding' },
  )
  return { code: 201, body: success() }
}

const success = (): JsonObject => ({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 })
