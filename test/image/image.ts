// The image as it was built, without a container engine: its archive (hack/image/build --archive) unpacked, layer on layer.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

export interface ImageConfig {
  readonly User: string
  readonly Env: readonly string[]
  readonly Entrypoint: readonly string[]
  readonly WorkingDir: string
  readonly StopSignal: string
  readonly ExposedPorts: Readonly<Record<string, object>>
  readonly Labels: Readonly<Record<string, string>>
}

export interface Image {
  /** Its root file system. */
  readonly root: string
  readonly config: ImageConfig
}

const project = join(import.meta.dirname, '..', '..')

/** Takes the image that the project's own script makes; what that says is shown. */
export function buildImage(directory: string): Image {
  const archive = join(directory, 'image.tar')
  execFileSync(join(project, 'hack', 'image', 'build'), ['--archive', archive, '--engine', 'buildah'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  return unpackImage(archive, directory)
}

function unpackImage(archive: string, directory: string): Image {
  const [layers, root] = [join(directory, 'layers'), join(directory, 'root')]
  for (const one of [layers, root]) mkdirSync(one)
  execFileSync('tar', ['--extract', '--file', archive, '--directory', layers])
  const [manifest] = JSON.parse(readFileSync(join(layers, 'manifest.json'), 'utf8')) as [
    { readonly Config: string; readonly Layers: readonly string[] },
  ]
  // No layer takes away what one below it has: they come from stages, and nothing is deleted in the last one.
  for (const layer of manifest.Layers)
    execFileSync('tar', [
      '--extract',
      '--same-permissions',
      '--same-owner',
      '--file',
      join(layers, layer),
      '--directory',
      root,
    ])
  const { config } = JSON.parse(readFileSync(join(layers, manifest.Config), 'utf8')) as { readonly config: ImageConfig }
  return { root, config }
}

/** Paths of what is not a folder, below the root. */
export const filesOf = (image: Image): string[] =>
  readdirSync(image.root, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(image.root.length))

export const bytesOf = (image: Image, files: readonly string[]): number =>
  files.reduce((sum, file) => sum + (statSync(join(image.root, file), { throwIfNoEntry: false })?.size ?? 0), 0)
