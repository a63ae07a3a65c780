// What the operator asks of a Kubernetes API server. Raw JSON objects in and out: nothing is dropped, nothing converted.
// The rim is kube-client.ts (undici over a kubeconfig); tests use it too, against the local stand-in and a real server.

export interface ObjectMeta {
  name: string
  namespace?: string
  uid?: string
  resourceVersion?: string
  generation?: number
  creationTimestamp?: string
  deletionTimestamp?: string
  deletionGracePeriodSeconds?: number
  labels?: Record<string, string>
  annotations?: Record<string, string>
  ownerReferences?: OwnerReference[]
  finalizers?: string[]
  managedFields?: unknown[]
}

export interface OwnerReference {
  apiVersion: string
  kind: string
  name: string
  uid: string
  controller?: boolean
  blockOwnerDeletion?: boolean
}

/** Any API object. Typed kinds extend it with spec and status. */
export interface KubeObject {
  apiVersion: string
  kind: string
  metadata: ObjectMeta
  [field: string]: unknown
}

/** A kind as the API server serves it. */
export interface ResourceType {
  readonly apiVersion: string
  readonly kind: string
  /** The path segment: `statefulsets`. */
  readonly plural: string
  readonly namespaced: boolean
}

export interface ObjectKey {
  readonly namespace: string
  readonly name: string
}

export interface ListOptions {
  /** Absent = all namespaces. */
  readonly namespace?: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
}

export interface KubeList<T extends KubeObject = KubeObject> {
  readonly items: T[]
  readonly resourceVersion: string
}

export type WatchEvent<T extends KubeObject = KubeObject> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: T }
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string }

export interface ApplyOptions {
  readonly fieldManager: string
  /** Takes fields over from other managers instead of failing with Conflict. */
  readonly force: boolean
  readonly dryRun?: boolean
  /** 'status' applies the status subresource. */
  readonly subresource?: 'status'
}

export interface DeleteOptions {
  readonly propagationPolicy?: 'Foreground' | 'Background' | 'Orphan'
  readonly uid?: string
  readonly resourceVersion?: string
  readonly gracePeriodSeconds?: number
}

/** Every method rejects with KubeApiError for an answer of the server and KubeUnreachableError when there was none. */
export interface KubeClient {
  get<T extends KubeObject>(type: ResourceType, key: ObjectKey): Promise<T | undefined>
  /** All pages. */
  list<T extends KubeObject>(type: ResourceType, options: ListOptions): Promise<KubeList<T>>
  /** Ends without error when the server ends the watch; rejects with code 410 when `resourceVersion` is too old. */
  watch<T extends KubeObject>(
    type: ResourceType,
    options: ListOptions & { readonly resourceVersion: string; readonly timeoutSeconds: number },
    onEvent: (event: WatchEvent<T>) => void,
    signal: AbortSignal,
  ): Promise<void>
  create<T extends KubeObject>(type: ResourceType, object: T): Promise<T>
  /** PUT: fails with Conflict unless metadata.resourceVersion is current. */
  replace<T extends KubeObject>(type: ResourceType, object: T): Promise<T>
  /** Server-side apply. */
  apply<T extends KubeObject>(type: ResourceType, object: T, options: ApplyOptions): Promise<T>
  /** JSON merge patch (RFC 7396). */
  mergePatch<T extends KubeObject>(type: ResourceType, key: ObjectKey, patch: object, fieldManager: string): Promise<T>
  /** An object that is already gone is not an error. */
  delete(type: ResourceType, key: ObjectKey, options?: DeleteOptions): Promise<void>
}
