// The image brings its code compiled (compile.ts), because compiling it is half of a start. Node looks for such code in a
// folder that is named after its version, the processor and the user, and neither processor nor user are known when the image
// is made: so that folder is made for each start where something may be written, as a link to what the image has. Whether
// the code fits (version, flags, source) V8 checks for each file that it reads; what does not is compiled.
import { existsSync, mkdtempSync, rmdirSync, rmSync, symlinkSync } from 'node:fs'
import nodeModule from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** What a container has that nobody has given a folder for temporary files. */
const sharedMemory = '/dev/shm'

/** `compiled` is a folder; where it is missing, or where nothing can be written, nothing is done. */
export function useCompiledCode(compiled) {
  if (!existsSync(compiled) || nodeModule.getCompileCacheDir() !== undefined) return
  for (const place of [tmpdir(), sharedMemory]) if (linkIn(place, compiled)) return
}

function linkIn(place, compiled) {
  let directory
  try {
    // A new name: nobody else can have put code there.
    directory = mkdtempSync(join(place, 'flotilla-'))
    process.on('exit', () => remove(directory))
    nodeModule.enableCompileCache(directory)
    const named = nodeModule.getCompileCacheDir()
    rmdirSync(named)
    symlinkSync(compiled, named)
    return true
  } catch {
    return false
  }
}

/** Nobody misses it, and nothing can be done about it. */
function remove(directory) {
  try {
    rmSync(directory, { recursive: true, force: true })
  } catch {}
}
