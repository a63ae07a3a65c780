// The project's own source as text: its files, what they import, and what they export.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

export const root = join(import.meta.dirname, '..', '..')

/** Folders of source; tests are not among them. */
export const sourceFolders = ['broker', 'operator', 'hack'] as const

export interface Import {
  readonly specifier: string
  /** Path of the imported file below the root; undefined for a package. */
  readonly file: string | undefined
  /** `*` for all of it. */
  readonly names: readonly string[]
}

/** Paths of all files below `folder` whose names match, with forward slashes. */
export function filesBelow(folder: string, pattern = /\.ts$/): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && pattern.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .filter((file) => !file.includes('node_modules'))
}

export const textOf = (file: string): string => readFileSync(join(root, file), 'utf8')

const importPattern =
  /^(?:import|export)\s+(?:type\s+)?([^'"`;]*?)\s*from\s+'([^']+)'|^import\s+'([^']+)'|\bimport\(\s*'([^']+)'\s*\)/gm

/** Static and dynamic ones, those of types only, and what is exported again. */
export function importsOf(file: string): Import[] {
  return [...textOf(file).matchAll(importPattern)].map((match) => {
    const specifier = (match[2] ?? match[3] ?? match[4])!
    const target = specifier.startsWith('.') ? join(dirname(file), specifier).replaceAll('\\', '/') : undefined
    return { specifier, file: target, names: namesIn(match[1]) }
  })
}

function namesIn(clause: string | undefined): string[] {
  if (!clause?.startsWith('{')) return ['*']
  return clause
    .replace(/[{}]/g, '')
    .split(',')
    .map(
      (part) =>
        part
          .trim()
          .replace(/^type\s+/, '')
          .split(/\s+as\s+/)[0]!,
    )
    .filter((name) => name !== '')
}

export interface Export {
  readonly name: string
  readonly isType: boolean
}

const exportPattern =
  /^export\s+(?:declare\s+)?(?:abstract\s+)?(?:async\s+)?(const|let|function\*?|class|interface|type|enum)\s+([\w$]+)/gm

/** What a file declares and exports; not what it exports again. */
export const exportsOf = (file: string): Export[] =>
  [...textOf(file).matchAll(exportPattern)].map(([, kind, name]) => ({
    name: name!,
    isType: kind === 'interface' || kind === 'type',
  }))

/** Groups of files that import each other in a circle, each sorted. */
export function importCycles(files: readonly string[]): string[][] {
  const search = new CycleSearch(
    new Map(files.map((file) => [file, importsOf(file).flatMap((found) => found.file ?? [])])),
  )
  return search.run()
}

/** Tarjan's strongly connected components. */
class CycleSearch {
  readonly #graph: ReadonlyMap<string, readonly string[]>
  readonly #index = new Map<string, number>()
  readonly #lowest = new Map<string, number>()
  readonly #stack: string[] = []
  readonly #cycles: string[][] = []

  constructor(graph: ReadonlyMap<string, readonly string[]>) {
    this.#graph = graph
  }

  run(): string[][] {
    for (const file of this.#graph.keys()) if (!this.#index.has(file)) this.#visit(file)
    return this.#cycles
  }

  #visit(file: string): void {
    const index = this.#index.size
    this.#index.set(file, index)
    this.#lowest.set(file, index)
    this.#stack.push(file)
    for (const next of this.#graph.get(file) ?? []) {
      if (!this.#graph.has(next)) continue
      if (!this.#index.has(next)) this.#visit(next)
      if (this.#stack.includes(next)) this.#lowest.set(file, Math.min(this.#lowest.get(file)!, this.#lowest.get(next)!))
    }
    if (this.#lowest.get(file) !== index) return
    const component = this.#stack.splice(this.#stack.indexOf(file))
    if (component.length > 1) this.#cycles.push(component.sort())
  }
}
