// The broker process. Exit codes:
//
//   0  stopped by SIGTERM or SIGINT      1  could not start, or failed      2  wrong arguments or configuration
//   3  had to step down (lock or store lost) and leaves the restart to its supervisor
//
// Compiled code is kept between starts, because a member that restarts quickly is a standby quickly; where that folder
// cannot be written (in a container) the code is compiled each time. Everything else is loaded after that was set up, and
// this file is JavaScript: what makes JavaScript of TypeScript takes long to load, and is not needed for what was kept.
// Node keeps it when a process ends in order; many brokers end otherwise, so it is done as soon as they have started.
// A Node that is too old for all that gets as far as project-node.mjs.
import nodeModule from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const flushDelayMs = 1000

if (process.features.typescript) await run()
else (await import('./project-node.mjs')).runWithProjectNode(fileURLToPath(import.meta.url))

async function run() {
  nodeModule.enableCompileCache(join(import.meta.dirname, '../node_modules/.cache/compiled'))
  setTimeout(nodeModule.flushCompileCache, flushDelayMs).unref()
  const { adaptHeapGrowth } = await import('./base/heap-growth.ts')
  adaptHeapGrowth()
  const { runBrokerProcess } = await import('./run.ts')
  await runBrokerProcess()
}
