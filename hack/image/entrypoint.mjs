// What a container of the image runs, as process 1: the program that the first argument names, the broker when it names
// none.
//
//   [broker] …      a member of a broker group          operator …      the operator          journal …      flotilla journal
//
// Not for use outside of an image: there, each program is started by itself. JavaScript, because what loads TypeScript
// quickly is set up here.
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { useCompiledCode } from './compiled-code.mjs'
import { programOf } from './programs.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))
const wrongInput = 2

const program = programOf(process.argv.slice(2))
if (program.refused !== undefined) {
  process.stderr.write(`Cannot start: ${program.refused}\n`)
  process.exit(wrongInput)
}
useCompiledCode(join(root, 'compiled', program.name))
const { endOnEarlySignal } = await import('./early-signal.ts')
endOnEarlySignal(process)
const file = join(root, program.file)
process.argv = [process.argv[0], file, ...program.args]
await import(pathToFileURL(file).href)
