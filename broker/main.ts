// The broker process. Exit codes:
//
//   0  stopped by SIGTERM or SIGINT      1  could not start, or failed      2  wrong arguments or configuration
//   3  had to step down (lock or store lost) and leaves the restart to its supervisor
//
// V8 collects the whole heap whenever 64 MiB of buffers were made, however short they lived: with messages of 100 KiB that is
// half of the work. With these flags buffers count like everything else, so that more of them make the next collection later:
// by a tenth, because a large backlog has hundreds of megabytes of them.
// An older V8 does not know them.
//
// Compiled code is kept between starts, because a member that restarts quickly is a standby quickly; where that folder
// cannot be written (in a container) the code is compiled each time. Everything else is loaded after that was set up.
import { enableCompileCache } from 'node:module'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'

if (Number.parseInt(process.versions.v8, 10) >= 14) {
  setFlagsFromString('--external-memory-accounted-in-global-limit')
  setFlagsFromString('--external-memory-max-growing-factor=1.1')
}
enableCompileCache(join(import.meta.dirname, '../node_modules/.cache/compiled'))
const { runBrokerProcess } = await import('./run.ts')
await runBrokerProcess()
