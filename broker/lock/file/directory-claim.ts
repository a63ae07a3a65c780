// A data directory that is one member's alone: of two processes that were started on it by mistake one is refused, or each would undo
// what the other one writes, and one member would promise twice.
//
// It is claimed with lock.sqlite, as a shared directory is: the operating system frees that the instant its holder dies.
import type { Logger } from '../../base/logger.ts'
import { FlotillaError } from '../../base/errors.ts'
import { makeDataDirectory, unusable } from './data-directory.ts'
import { takeLock, type HeldLock } from './lock-files.ts'

export interface DirectoryClaimOptions {
  readonly directory: string
  /** Whether it is made if it is not there. */
  readonly makesDirectory: boolean
  readonly logger: Logger
}

/** Resolves with what lets go of it. Rejects with DATA_DIRECTORY when it cannot be used, or another process has it. */
export async function claimDirectory({
  directory,
  makesDirectory,
  logger,
}: DirectoryClaimOptions): Promise<() => void> {
  let held: HeldLock | undefined
  try {
    if (makesDirectory) await makeDataDirectory(directory)
    held = await takeLock(directory, logger)
    // A damaged file was put aside: the next attempt makes another one.
    held ??= await takeLock(directory, logger)
  } catch (error) {
    throw unusable(directory, error)
  }
  if (held) return () => held.database.close()
  throw unusable(
    directory,
    new FlotillaError(
      'DIRECTORY_IN_USE',
      'another process has it; each member of a replicated store has one of its own',
    ),
  )
}
