// Reads manifests from files and folders: YAML or JSON, several documents a file.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { loadAll } from 'js-yaml'
import { StartProblem } from './problem.ts'

export interface Manifest {
  readonly file: string
  readonly object: ManifestObject
}

export interface ManifestObject {
  apiVersion: string
  kind: string
  metadata: { name: string; namespace?: string; [field: string]: unknown }
  [field: string]: unknown
}

const manifestName = /\.(ya?ml|json)$/

export function loadManifests(paths: readonly string[]): Manifest[] {
  const manifests = paths.flatMap(filesOf).flatMap(readManifests)
  if (manifests.length === 0) throw new StartProblem(`Cannot start: there is no object in ${paths.join(', ')}.`)
  return manifests
}

function filesOf(path: string): string[] {
  try {
    if (!statSync(path).isDirectory()) return [path]
    return readdirSync(path)
      .filter((name) => manifestName.test(name))
      .sort()
      .map((name) => join(path, name))
  } catch (error) {
    const missing = (error as { code?: string }).code === 'ENOENT'
    throw new StartProblem(
      `Cannot read ${path}: ${missing ? 'there is no such file or folder' : (error as Error).message}.`,
    )
  }
}

function readManifests(file: string): Manifest[] {
  let documents: unknown[]
  try {
    documents = loadAll(readFileSync(file, 'utf8'), { filename: file })
  } catch (error) {
    throw new StartProblem(`Cannot read ${file}: ${(error as Error).message.split('\n')[0]}.`)
  }
  return documents
    .filter((document) => document !== null && document !== undefined)
    .map((document, index) => ({ file, object: checkObject(document, `${file}, document ${index + 1}`) }))
}

function checkObject(document: unknown, where: string): ManifestObject {
  const object = document as Partial<ManifestObject>
  for (const field of ['apiVersion', 'kind'] as const)
    if (typeof object?.[field] !== 'string')
      throw new StartProblem(
        `Cannot apply ${where}: ${field} is ${JSON.stringify(object?.[field]) ?? 'missing'}, expected a text such as ${field === 'kind' ? 'BrokerCluster' : 'flotilla.dev/v1alpha1'}.`,
      )
  if (typeof object.metadata?.name !== 'string')
    throw new StartProblem(`Cannot apply ${where}: metadata.name is missing.`)
  return object as ManifestObject
}
