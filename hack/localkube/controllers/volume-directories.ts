// Directories behind PersistentVolumes. Only directories below `root` are ever created or removed.
import { mkdirSync, rmSync } from 'node:fs'
import { join, resolve, sep } from 'node:path'

export interface VolumeDirectories {
  /** Creates the directory and returns its absolute path. */
  create(name: string): string
  /** Removes a directory that `create` made; any other path is refused. */
  remove(path: string): void
}

export function createVolumeDirectories(root: string): VolumeDirectories {
  const absoluteRoot = resolve(root)
  return {
    create(name) {
      const path = join(absoluteRoot, name)
      mkdirSync(path, { recursive: true })
      return path
    },
    remove(path) {
      const absolute = resolve(path)
      if (!absolute.startsWith(absoluteRoot + sep))
        throw new Error(`Cannot remove volume directory ${absolute}: it is not below ${absoluteRoot}`)
      rmSync(absolute, { recursive: true, force: true })
    },
  }
}
