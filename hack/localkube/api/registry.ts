// The stand-in's API as its own controllers see it: the same objects, admission and versions as over HTTP, without HTTP.
// storage/local-registry.ts implements it; the controllers and the kubelet of the stand-in use nothing else.
import type { Duplex, Readable, Writable } from 'node:stream'

export interface LocalObjectMeta {
  name: string
  namespace?: string
  generateName?: string
  uid: string
  resourceVersion: string
  generation?: number
  creationTimestamp: string
  deletionTimestamp?: string
  deletionGracePeriodSeconds?: number
  labels?: Record<string, string>
  annotations?: Record<string, string>
  ownerReferences?: {
    apiVersion: string
    kind: string
    name: string
    uid: string
    controller?: boolean
    blockOwnerDeletion?: boolean
  }[]
  finalizers?: string[]
  managedFields?: unknown[]
}

export interface LocalObject {
  apiVersion: string
  kind: string
  metadata: LocalObjectMeta
  // oxlint-disable-next-line typescript/no-explicit-any -- objects of any kind; controllers know their shapes
  [field: string]: any
}

/** An object to be created: the server fills in the rest of the metadata. */
export interface NewLocalObject {
  apiVersion: string
  kind: string
  metadata: Partial<LocalObjectMeta>
  [field: string]: unknown
}

/** Names a served kind: `{group: '', plural: 'pods'}`, `{group: 'apps', plural: 'statefulsets'}`. */
export interface ResourceName {
  readonly group: string
  readonly plural: string
}

export interface RegistryEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly object: LocalObject
}

/** Methods throw RegistryError, whose code and reason are those of the HTTP answer (409 Conflict, 404 NotFound, 422 Invalid …). */
export interface Registry {
  get(resource: ResourceName, namespace: string | undefined, name: string): LocalObject | undefined
  list(resource: ResourceName, namespace?: string): LocalObject[]
  /** Calls `onEvent` for every existing object (as ADDED) and then for each change, asynchronously and in order. */
  watch(resource: ResourceName, onEvent: (event: RegistryEvent) => void): { close(): void }
  create(resource: ResourceName, object: NewLocalObject): LocalObject
  /** Reads, changes (in place), writes; tries again on a conflict. Status is not changed. Returns undefined if the object is gone. */
  update(
    resource: ResourceName,
    namespace: string | undefined,
    name: string,
    change: (object: LocalObject) => void,
  ): LocalObject | undefined
  /** As `update`, of the status subresource only. */
  updateStatus(
    resource: ResourceName,
    namespace: string | undefined,
    name: string,
    change: (object: LocalObject) => void,
  ): LocalObject | undefined
  /** Deletes, or marks for deletion when finalizers or a grace period ask for it. Gone already is not an error. */
  delete(
    resource: ResourceName,
    namespace: string | undefined,
    name: string,
    options?: { gracePeriodSeconds?: number; uid?: string; propagationPolicy?: 'Foreground' | 'Background' | 'Orphan' },
  ): void
}

export interface PodName {
  readonly namespace: string
  readonly name: string
  readonly uid: string
}

/** A command that runs in a pod. */
export interface RemoteProcess {
  readonly stdin: Writable | undefined
  readonly stdout: Readable
  /** With a terminal there is none: both are one. */
  readonly stderr: Readable | undefined
  /** The exit code, once all output was read. */
  readonly ended: Promise<number>
  /** Ends it and what it has started. */
  kill(): void
}

/** What the API server asks of the kubelet for `kubectl exec`, `cp` and `port-forward`. */
export interface PodStreams {
  /** Throws RegistryError when the container does not run. */
  requireRunning(pod: PodName, container: string): void
  /** Rejects with RegistryError when the command cannot be started. */
  exec(
    pod: PodName,
    options: { container: string; command: readonly string[]; stdin: boolean; tty: boolean },
  ): Promise<RemoteProcess>
  connect(pod: PodName, port: number): Promise<Duplex>
}

/** What the API server asks of the kubelet for `kubectl logs`. */
export interface PodLogs {
  /** Lines so far and, with `follow`, those to come, until the container ends or `signal` aborts. */
  read(
    pod: PodName,
    options: {
      container?: string
      follow: boolean
      previous: boolean
      tailLines?: number
      sinceSeconds?: number
      timestamps: boolean
    },
    signal: AbortSignal,
  ): AsyncIterable<Buffer>
}
