// Volumes of a pod as directories below its own: configMap, secret, downwardAPI and projected ones are written there,
// emptyDir is made there, persistentVolumeClaim and hostPath lead elsewhere. What is missing is said as a mount failure.
// Not here: other volume types, service account tokens, sizes (emptyDir sizeLimit, medium), read-only mounts.
import { join } from 'node:path'
import type { LocalObject, Registry } from '../api/registry.ts'
import { configMaps, persistentVolumeClaims, persistentVolumes, secrets } from '../controllers/resource-names.ts'
import { messageOf } from '../base/log.ts'
import { makeDirectory } from '../base/make-directory.ts'
import { type Container, expand, resolveField, resolveResource } from './environment.ts'
import type { Mount } from './path-rewriting.ts'
import { type Payload, writePayload } from './payload-directory.ts'

/** Why a volume cannot be mounted yet (or ever); the text is that of a FailedMount event. */
export class MountError extends Error {}

interface Item {
  key: string
  path: string
  mode?: number
}

interface Source {
  name?: string
  secretName?: string
  items?: Item[] | DownwardItem[]
  optional?: boolean
  defaultMode?: number
}

interface DownwardItem {
  path: string
  mode?: number
  fieldRef?: { fieldPath: string }
  resourceFieldRef?: { containerName?: string; resource: string; divisor?: string }
}

interface Volume {
  name: string
  // oxlint-disable-next-line typescript/no-explicit-any -- one field per volume type
  [type: string]: any
}

export type VolumePaths = ReadonlyMap<string, string>

type Files = Map<string, { data: Buffer; mode: number }>

const defaultFileMode = 0o644

/** Makes or refreshes every volume of the pod. Returns where each is. Throws MountError. */
export function mountVolumes(registry: Registry, pod: LocalObject, podDirectory: string): VolumePaths {
  const paths = new Map<string, string>()
  for (const volume of (pod['spec'].volumes ?? []) as Volume[]) {
    try {
      paths.set(volume.name, mountVolume(registry, pod, volume, join(podDirectory, 'volumes', volume.name)))
    } catch (error) {
      throw new MountError(`MountVolume.SetUp failed for volume "${volume.name}" : ${messageOf(error)}`)
    }
  }
  return paths
}

function mountVolume(registry: Registry, pod: LocalObject, volume: Volume, directory: string): string {
  if (volume['emptyDir']) {
    makeDirectory(directory)
    return directory
  }
  if (volume['hostPath']) return volume['hostPath'].path
  if (volume['persistentVolumeClaim']) return claimPath(registry, pod, volume['persistentVolumeClaim'].claimName)
  const files: Files = new Map()
  if (volume['projected']) {
    for (const source of volume['projected'].sources ?? [])
      addSource(registry, pod, source, volume['projected'].defaultMode, files)
  } else addSource(registry, pod, volume, undefined, files)
  writePayload(directory, files satisfies Payload)
  return directory
}

function claimPath(registry: Registry, pod: LocalObject, claimName: string): string {
  const claim = registry.get(persistentVolumeClaims, pod.metadata.namespace, claimName)
  if (!claim) throw new Error(`persistentvolumeclaim "${claimName}" not found`)
  if (claim['status']?.phase !== 'Bound') throw new Error(`persistentvolumeclaim "${claimName}" is not bound`)
  const volume = registry.get(persistentVolumes, undefined, claim['spec'].volumeName)
  const path: string | undefined = volume?.['spec'].hostPath?.path
  if (path === undefined) throw new Error(`volume "${claim['spec'].volumeName}" is not a directory of this machine`)
  makeDirectory(path)
  return path
}

function addSource(
  registry: Registry,
  pod: LocalObject,
  source: Volume | Record<string, unknown>,
  defaultMode: number | undefined,
  files: Files,
): void {
  const { configMap, secret, downwardAPI } = source as Record<string, Source | undefined>
  const given = configMap ?? secret ?? downwardAPI
  const type = Object.keys(source).find((field) => field !== 'name') ?? 'without a source'
  if (!given) throw new Error(`the local stand-in does not support volumes of type ${type}`)
  const mode = given.defaultMode ?? defaultMode ?? defaultFileMode
  if (downwardAPI) return addDownward(pod, downwardAPI.items ?? [], mode, files)
  const name = configMap?.name ?? secret?.secretName ?? secret?.name ?? ''
  const resource = configMap ? configMaps : secrets
  const object = registry.get(resource, pod.metadata.namespace, name)
  if (!object) {
    if (given.optional === true) return
    throw new Error(`${configMap ? 'configmap' : 'secret'} "${name}" not found`)
  }
  addKeys(dataOf(object), given, mode, files, `${object.kind} "${name}"`)
}

function addKeys(data: Map<string, Buffer>, source: Source, mode: number, files: Files, what: string): void {
  if (!source.items) {
    for (const [key, value] of data) files.set(key, { data: value, mode })
    return
  }
  for (const item of source.items as Item[]) {
    const value = data.get(item.key)
    if (item.path.split('/').includes('..')) throw new Error(`path "${item.path}" leads out of the volume`)
    if (value) files.set(item.path, { data: value, mode: item.mode ?? mode })
    else if (source.optional !== true) throw new Error(`${what} has no key "${item.key}"`)
  }
}

function addDownward(pod: LocalObject, items: DownwardItem[], mode: number, files: Files): void {
  for (const item of items) {
    const text = item.fieldRef
      ? resolveField(pod, item.fieldRef.fieldPath)
      : resolveResource(pod, undefined, item.resourceFieldRef!)
    files.set(item.path, { data: Buffer.from(text), mode: item.mode ?? mode })
  }
}

/** Keys and bytes of a ConfigMap (data, binaryData) or Secret (data, which is base64). */
export function dataOf(object: LocalObject): Map<string, Buffer> {
  const data = new Map<string, Buffer>()
  const plain = object.kind === 'ConfigMap'
  for (const [key, value] of Object.entries<string>(object['data'] ?? {}))
    data.set(key, Buffer.from(value, plain ? 'utf8' : 'base64'))
  for (const [key, value] of Object.entries<string>(object['binaryData'] ?? {}))
    data.set(key, Buffer.from(value, 'base64'))
  return data
}

/** The mounts of one container as pairs of paths; directories for subPaths are made. */
export function buildMounts(
  container: Container,
  paths: VolumePaths,
  environment: Readonly<Record<string, string>>,
): Mount[] {
  return (container.volumeMounts ?? []).flatMap(({ name, mountPath, subPath, subPathExpr }) => {
    const volume = paths.get(name)
    if (volume === undefined) return []
    const below = subPathExpr === undefined ? (subPath ?? '') : expand(subPathExpr, environment)
    if (below.split('/').includes('..')) throw new MountError(`subPath "${below}" leads out of the volume`)
    const hostPath = join(volume, below)
    return [{ mountPath, hostPath }]
  })
}
