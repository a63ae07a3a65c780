// The shared directory itself: made once, and looked at before anybody waits for what is in it.
import { access, constants, mkdir, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { errorCode, errorMessage, FlotillaError } from '../../base/errors.ts'

/** Rejects, at once, with what keeps the directory from being used. */
export async function makeDataDirectory(directory: string): Promise<void> {
  await makeDirectory(resolve(directory))
  await access(directory, constants.W_OK | constants.X_OK)
}

/** What a member that cannot use its directory says before it ends. */
export const unusable = (directory: string, cause: unknown): FlotillaError =>
  new FlotillaError('DATA_DIRECTORY', `Cannot use data directory ${directory}: ${errorMessage(cause)}`, {
    fields: { directory },
    cause,
  })

/** Not with Node's `recursive`: where a directory is there but takes no other (/proc), that tries again for ever. */
async function makeDirectory(path: string): Promise<void> {
  if (await isDirectory(path)) return
  await makeDirectory(dirname(path))
  try {
    await mkdir(path, { mode: 0o750 })
  } catch (error) {
    // Another member may have been faster.
    if (errorCode(error) !== 'EEXIST') throw error
  }
}

/** False when nothing is there. */
async function isDirectory(path: string): Promise<boolean> {
  try {
    if ((await stat(path)).isDirectory()) return true
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false
    throw error
  }
  throw new FlotillaError('NO_DIRECTORY', 'it is no directory')
}
