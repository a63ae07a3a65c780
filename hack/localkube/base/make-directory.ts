// Makes a directory and those above it that are missing. Not with mkdir's own `recursive`: where nothing can be made, as in
// /proc, the answer is that the parent does not exist, and Node makes the parent and asks again, for ever.
import { mkdirSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

/** Errors: those of the system for the first directory that cannot be made. */
export function makeDirectory(path: string, mode = 0o777): void {
  const absolute = resolve(path)
  if (isDirectory(absolute)) return
  if (dirname(absolute) !== absolute) makeDirectory(dirname(absolute), mode)
  try {
    mkdirSync(absolute, { mode })
  } catch (error) {
    // Somebody else may have made it meanwhile.
    if (!isDirectory(absolute)) throw error
  }
}

const isDirectory = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
