// The image's bill of materials: what npm says of its packages (SPDX 2.3 on standard input), and the Debian packages that
// lay-out-system took libraries from. Written to standard output.
//
//   npm sbom --sbom-format spdx | sbom.ts DIRECTORY      with one dpkg status file for each Debian package
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { addDebianPackages, type SpdxDocument } from './spdx.ts'

const [directory] = process.argv.slice(2)
if (directory === undefined) throw new Error('Cannot write the bill of materials: no directory was given')
const document = JSON.parse(await text(process.stdin)) as SpdxDocument
const statuses = readdirSync(directory).map((name) => readFileSync(join(directory, name), 'utf8'))
process.stdout.write(`${JSON.stringify(addDebianPackages(document, statuses), undefined, 2)}\n`)
