// `npm run crds`: writes crds/, the copy of the Helm chart, and the reference. With --check it writes nothing and
// fails when a file is not what it should be.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { generatedFiles } from './generated-files.ts'

const root = join(import.meta.dirname, '..', '..')
const check = process.argv.includes('--check')
let outdated = 0
for (const [path, text] of Object.entries(generatedFiles())) {
  const file = join(root, path)
  if (!check) writeFileSync(file, text)
  else if (readFileSync(file, 'utf8') !== text) {
    process.stderr.write(`${path} is outdated: run npm run crds\n`)
    outdated++
  }
}
process.exitCode = outdated > 0 ? 1 : 0
