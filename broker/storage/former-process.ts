// Which process had a member's data before this one: <data>/instance, one line. Whoever has claimed the directory knows that the process named there is
// over, and need not wait until the election finds that out.
import { errorMessage } from '../base/errors.ts'
import type { Logger } from '../base/logger.ts'
import type { Disk } from '../disk/disk.ts'

const fileName = 'instance'

/**
 * Writes down that this process has it; the directory is claimed. Resolves with the instance of the one before; undefined: nobody knows. It is no
 * more than a short cut, so that nothing which goes wrong keeps the member from starting.
 */
export async function succeedProcess(
  disk: Disk,
  directory: string,
  instance: string,
  logger: Logger,
): Promise<string | undefined> {
  const path = `${directory}/${fileName}`
  try {
    const former = (await disk.exists(path)) ? await textOf(disk, path) : undefined
    if (former !== undefined) await disk.remove(path)
    const file = await disk.open(path, 'create')
    try {
      await file.write([Buffer.from(`${instance}\n`)], 0)
    } finally {
      await file.close()
    }
    return former || undefined
  } catch (error) {
    logger.warn('Cannot note down which process has this data directory', { directory, error: errorMessage(error) })
    return undefined
  }
}

async function textOf(disk: Disk, path: string): Promise<string> {
  const file = await disk.open(path, 'read')
  try {
    return (await file.read(0, await file.size())).toString().trim()
  } finally {
    await file.close()
  }
}
