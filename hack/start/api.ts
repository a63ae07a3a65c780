// The few requests that `npm start` makes to the API server of the stand-in: apply, get, list. Plain HTTP, no client library.
import { StartProblem } from './problem.ts'
import type { ManifestObject } from './manifests.ts'

const fieldManager = 'flotilla-start'
const answerWithinMs = 30_000

/** The namespace that an object asks for does not exist. */
export class NamespaceMissing extends StartProblem {
  readonly namespace: string

  constructor(message: string, namespace: string) {
    super(message)
    this.namespace = namespace
  }
}

interface ApiResource {
  readonly name: string
  readonly kind: string
  readonly namespaced: boolean
}

export class Api {
  readonly #server: string
  readonly #signal: AbortSignal | undefined
  readonly #resources = new Map<string, Promise<readonly ApiResource[]>>()

  /** `signal` ends requests that are under way, and lets no more begin. */
  constructor(server: string, signal?: AbortSignal) {
    this.#server = server
    this.#signal = signal
  }

  /**
   * Server-side apply, as `kubectl apply --server-side --force-conflicts`; what the server refuses becomes one sentence.
   * Errors: StartProblem, NamespaceMissing.
   */
  async apply(object: ManifestObject, where: string): Promise<void> {
    const path = await this.#pathOf(object, where)
    const answer = await this.#request(`${path}?fieldManager=${fieldManager}&force=true&fieldValidation=Strict`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/apply-patch+yaml' },
      body: JSON.stringify(object),
    })
    if (answer.ok) return
    const status = (await answer.json().catch(() => ({}))) as {
      message?: string
      details?: { kind?: string; name?: string }
    }
    const message = `Cannot apply ${where}: ${status.message ?? `the API server answered ${answer.status}`}`
    const { kind, name } = status.details ?? {}
    if (answer.status === 404 && kind === 'namespaces' && name !== undefined) throw new NamespaceMissing(message, name)
    throw new StartProblem(message)
  }

  async get<T>(path: string): Promise<T | undefined> {
    const answer = await this.#request(path, {})
    if (answer.status === 404) return undefined
    if (!answer.ok) throw new Error(`GET ${path} was answered with ${answer.status}: ${await answer.text()}`)
    return (await answer.json()) as T
  }

  /** What is gone already is fine. */
  async delete(path: string): Promise<void> {
    const answer = await this.#request(path, { method: 'DELETE' })
    if (!answer.ok && answer.status !== 404)
      throw new Error(`DELETE ${path} was answered with ${answer.status}: ${await answer.text()}`)
  }

  async text(path: string): Promise<string> {
    const answer = await this.#request(path, {})
    return answer.ok ? answer.text() : ''
  }

  async #pathOf(object: ManifestObject, where: string): Promise<string> {
    const base = object.apiVersion.includes('/') ? `/apis/${object.apiVersion}` : `/api/${object.apiVersion}`
    let resources = this.#resources.get(base)
    if (!resources) {
      resources = this.get<{ resources: ApiResource[] }>(base).then((list) => list?.resources ?? [])
      this.#resources.set(base, resources)
    }
    const resource = (await resources).find(({ kind, name }) => kind === object.kind && !name.includes('/'))
    if (!resource) {
      this.#resources.delete(base)
      throw new StartProblem(`Cannot apply ${where}: there is no kind ${object.kind} in ${object.apiVersion}.`)
    }
    const namespace = resource.namespaced ? `/namespaces/${object.metadata.namespace ?? 'default'}` : ''
    return `${base}${namespace}/${resource.name}/${object.metadata.name}`
  }

  #request(path: string, init: RequestInit): Promise<Response> {
    const timeout = AbortSignal.timeout(answerWithinMs)
    const signal = this.#signal ? AbortSignal.any([this.#signal, timeout]) : timeout
    return fetch(`${this.#server}${path}`, { ...init, signal })
  }
}
