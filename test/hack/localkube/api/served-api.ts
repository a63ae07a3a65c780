// An API server for each test, with the fleets of sample-definition.ts, and requests to it over HTTP.
import { afterEach, beforeEach } from '@jest/globals'
import { createApiServer, type ApiServer } from '../../../../hack/localkube/api-server.ts'
import type { Faults } from '../../../../hack/localkube/api/http/http-server.ts'
import { fleetDefinition } from './sample-definition.ts'

export const fleetsPath = '/apis/example.dev/v1/namespaces/default/fleets'
export const mapsPath = '/api/v1/namespaces/default/configmaps'
export const podsPath = '/api/v1/namespaces/default/pods'
export const definitionsPath = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
/** What kubectl accepts for printing. */
export const table = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json'

// oxlint-disable-next-line typescript/no-explicit-any -- answers of any shape, compared as a whole
export type Answer = { status: number; body: any; headers: Headers }

export class ServedApi {
  server!: ApiServer
  url!: string
  fault: Faults | undefined

  /** At the top of a test file. */
  constructor() {
    beforeEach(async () => {
      this.fault = undefined
      this.server = createApiServer({ historyLimit: 50, faults: (request) => this.fault?.(request) })
      this.server.registry.create(
        { group: 'apiextensions.k8s.io', plural: 'customresourcedefinitions' },
        fleetDefinition,
      )
      this.url = (await this.server.listen()).url
    })
    afterEach(() => this.server.close())
  }

  readonly call = async (
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> => {
    const sent = body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }
    const response = await fetch(this.url + path, {
      method,
      headers: { ...(body === undefined ? {} : { 'Content-Type': 'application/json' }), ...headers },
      ...sent,
    })
    const text = await response.text()
    const json = (response.headers.get('content-type') ?? '').includes('json')
    return { status: response.status, body: json ? JSON.parse(text) : text, headers: response.headers }
  }

  readonly patch = (path: string, type: string, body: unknown): Promise<Answer> =>
    this.call('PATCH', path, body, { 'Content-Type': `application/${type}` })
}

export const configMap = (name: string): Record<string, unknown> => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, labels: { name } },
  data: {},
})

/** The one container of the pod `p`. */
export const pod = (labels: Record<string, string> = {}): Record<string, unknown> => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', labels },
  spec: { containers: [{ name: 'c', image: 'i' }] },
})
