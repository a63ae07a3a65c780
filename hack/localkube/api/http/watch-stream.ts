// Watches over HTTP: one JSON document per line, from the resourceVersion that the client names, with bookmarks.
// What a watcher may still have to be sent is bounded; one that does not read is cut off and will list again.
import type { ServerResponse } from 'node:http'
import { parseCount, parseFlag, type ApiRequest } from './api-request.ts'
import type { JsonObject } from '../json-value.ts'
import { bookmarkPeriodMs, maxWatchBacklogBytes, watchTimeoutMs } from '../limits.ts'
import { parseFilter, parseRevision, type Filter } from './list-page.ts'
import type { StoreEvent } from '../storage/object-store.ts'
import { inVersion, type Operations } from '../storage/operations.ts'
import type { LocalObject } from '../registry.ts'
import {
  buildTable,
  chooseRepresentation,
  parseIncludeObject,
  partialMetadata,
  type IncludeObject,
  type Representation,
} from './representation.ts'
import { apiVersionOf, type KindVersion, type ResourceKind } from '../kinds/resource-kind.ts'
import { RegistryError } from '../status-error.ts'

interface WatchTarget {
  readonly kind: ResourceKind
  readonly version: KindVersion
  readonly namespace: string | undefined
  readonly name: string | undefined
}

/** Prepares a watch. Errors here are answered over HTTP; later ones (410) as an ERROR event. */
export function prepareWatch(
  operations: Operations,
  target: WatchTarget,
  request: ApiRequest,
): (response: ServerResponse, signal: AbortSignal) => void {
  const { query } = request
  const start = parseRevision(query.get('resourceVersion') ?? '')
  const sendInitial = query.get('sendInitialEvents')
  if (sendInitial !== null && query.get('resourceVersionMatch') !== 'NotOlderThan')
    throw new RegistryError(
      422,
      'Invalid',
      'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan',
    )
  if (sendInitial === null && query.get('resourceVersionMatch'))
    throw new RegistryError(
      422,
      'Invalid',
      'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided',
    )
  const options = {
    filter: parseFilter(target.kind, target.version, query, target.name),
    start,
    initial: sendInitial === null ? start === 0 : sendInitial === 'true',
    endMark: sendInitial === 'true',
    bookmarks: parseFlag(query, 'allowWatchBookmarks'),
    timeoutMs: (parseCount(query, 'timeoutSeconds') ?? 0) * 1000 || watchTimeoutMs,
    representation: chooseRepresentation(request.accept),
    include: parseIncludeObject(query.get('includeObject') ?? undefined),
  }
  return (response, signal) => new WatchStream(operations, target, options, response).run(signal)
}

interface WatchOptions {
  readonly filter: Filter
  readonly start: number
  readonly initial: boolean
  readonly endMark: boolean
  readonly bookmarks: boolean
  readonly timeoutMs: number
  readonly representation: Representation
  readonly include: IncludeObject
}

class WatchStream {
  readonly #operations: Operations
  readonly #target: WatchTarget
  readonly #options: WatchOptions
  readonly #response: ServerResponse
  #columnsSent = false
  #closing: (() => void)[] = []

  constructor(operations: Operations, target: WatchTarget, options: WatchOptions, response: ServerResponse) {
    this.#operations = operations
    this.#target = target
    this.#options = options
    this.#response = response
  }

  run(signal: AbortSignal): void {
    const { store } = this.#operations.ports
    const { kind, namespace } = this.#target
    this.#response.writeHead(200, {
      'Content-Type': 'application/json',
      'Cache-Control': 'no-cache, private',
      'Transfer-Encoding': 'chunked',
    })
    this.#response.flushHeaders()
    const present = store.revision
    try {
      if (this.#options.initial)
        for (const object of this.#operations.list(kind, namespace))
          if (this.#options.filter(object)) this.#send('ADDED', object)
      if (this.#options.endMark && this.#options.bookmarks) this.#bookmark(true)
      const from = this.#options.initial || this.#options.start === 0 ? present : this.#options.start
      const subscription = store.subscribe(kind.storage, from, (event) => this.#guardedEvent(event))
      this.#closing.push(() => subscription.close())
    } catch (error) {
      this.#sendError(error)
      return
    }
    const timeout = setTimeout(() => this.#end(), this.#options.timeoutMs)
    this.#closing.push(() => clearTimeout(timeout))
    if (this.#options.bookmarks) {
      const bookmarks = setInterval(() => this.#bookmark(false), bookmarkPeriodMs)
      this.#closing.push(() => clearInterval(bookmarks))
    }
    signal.addEventListener('abort', () => this.#end())
    if (signal.aborted) this.#end()
  }

  /** A watcher that cannot be served any further is cut off; whoever wrote the object must not suffer for it. */
  #guardedEvent(event: StoreEvent): void {
    try {
      this.#event(event)
    } catch {
      this.#release()
      this.#response.destroy()
    }
  }

  /** An object that begins or ceases to match is added or deleted for this watcher. */
  #event(event: StoreEvent): void {
    const { kind, namespace } = this.#target
    const view = (stored: LocalObject): LocalObject => kind.fromStored?.(stored) ?? stored
    const object = view(event.object)
    if (namespace !== undefined && object.metadata.namespace !== namespace) return
    const matches = event.type !== 'DELETED' && this.#options.filter(object)
    const matched = event.previous !== undefined && this.#options.filter(view(event.previous))
    if (matches) this.#send(matched ? 'MODIFIED' : 'ADDED', object)
    else if (matched)
      this.#send(
        'DELETED',
        event.type === 'DELETED'
          ? object
          : {
              ...view(event.previous),
              metadata: { ...event.previous.metadata, resourceVersion: String(event.revision) },
            },
      )
  }

  #send(type: string, object: LocalObject): void {
    this.#write({ type, object: this.#represented(inVersion(this.#target.kind, this.#target.version, object)) })
  }

  #represented(object: LocalObject): JsonObject {
    const { representation, include } = this.#options
    if (representation.as === 'object') return object
    if (representation.as === 'PartialObjectMetadata') return partialMetadata(object)
    const { resourceVersion } = object.metadata
    const table = buildTable(
      this.#target.version,
      [object],
      { resourceVersion },
      include,
      this.#operations.ports.now().getTime(),
      !this.#columnsSent,
    )
    this.#columnsSent = true
    return table
  }

  #bookmark(initialEventsEnd: boolean): void {
    const { kind, version } = this.#target
    const annotations = initialEventsEnd ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {}
    const metadata = {
      resourceVersion: String(this.#operations.ports.store.revision),
      creationTimestamp: null,
      ...annotations,
    }
    if (this.#options.representation.as === 'Table')
      this.#write({ type: 'BOOKMARK', object: buildTable(version, [], metadata, 'None', 0, false) })
    else
      this.#write({
        type: 'BOOKMARK',
        object: { kind: kind.kind, apiVersion: apiVersionOf(kind.group, version.name), metadata },
      })
  }

  #sendError(error: unknown): void {
    if (!(error instanceof RegistryError)) throw error
    this.#write({ type: 'ERROR', object: error.toStatus() })
    this.#end()
  }

  #write(event: JsonObject): void {
    if (this.#response.writableEnded || this.#response.destroyed) return
    this.#response.write(`${JSON.stringify(event)}\n`)
    if (this.#response.writableLength > maxWatchBacklogBytes) {
      this.#release()
      this.#response.destroy()
    }
  }

  #end(): void {
    this.#release()
    this.#response.end()
  }

  #release(): void {
    for (const close of this.#closing) close()
    this.#closing = []
  }
}
