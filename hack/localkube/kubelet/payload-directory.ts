// Files of a ConfigMap, Secret or downward API volume, replaced all at once: they live in a dated directory, `..data` is a
// link to it that is renamed into place, and each file's name is a link through `..data`. Readers see the old set or the
// new one, never a mixture; programs that watch for the renaming of `..data` work as on a real node.
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'

/** Path below the volume → contents and mode. */
export type Payload = ReadonlyMap<string, { readonly data: Buffer; readonly mode: number }>

/** Makes `directory` show exactly `payload`. Returns false when it did already. */
export function writePayload(directory: string, payload: Payload): boolean {
  mkdirSync(directory, { recursive: true })
  const before = currentData(directory)
  if (before !== undefined && isSame(join(directory, before), payload)) return false
  const dated = mkdtempSync(join(directory, `..${new Date().toISOString().slice(0, 19).replaceAll(/[-:T]/g, '_')}.`))
  for (const [path, { data, mode }] of payload) {
    mkdirSync(dirname(join(dated, path)), { recursive: true })
    writeFileSync(join(dated, path), data, { mode })
  }
  const temporary = join(directory, '..data_tmp')
  rmSync(temporary, { force: true })
  symlinkSync(dated.slice(directory.length + 1), temporary)
  renameSync(temporary, join(directory, '..data'))
  linkNames(directory, payload)
  if (before !== undefined) rmSync(join(directory, before), { recursive: true, force: true })
  return true
}

function currentData(directory: string): string | undefined {
  try {
    return readlinkSync(join(directory, '..data'))
  } catch {
    return undefined
  }
}

function isSame(data: string, payload: Payload): boolean {
  try {
    const files = readdirSync(data, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    return (
      files.length === payload.size &&
      [...payload].every(([path, file]) => readFileSync(join(data, path)).equals(file.data))
    )
  } catch {
    return false
  }
}

function linkNames(directory: string, payload: Payload): void {
  const wanted = new Set([...payload.keys()].map((path) => path.split('/')[0]!))
  const present = readdirSync(directory).filter((name) => !name.startsWith('..'))
  for (const name of present) if (!wanted.has(name)) rmSync(join(directory, name), { recursive: true, force: true })
  for (const name of wanted) if (!present.includes(name)) symlinkSync(join('..data', name), join(directory, name))
}
