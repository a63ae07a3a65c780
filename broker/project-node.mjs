// `node broker/main.mjs` with a Node that cannot read TypeScript, as the `node` of a shell may be: the same program runs with
// the Node that the npm package `node` has put into node_modules, and this process stands for it: signals go there, the exit
// code comes back, and if this process is killed the other one ends, too. Must run on Node 20.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const projectNode = fileURLToPath(new URL('../node_modules/.bin/node', import.meta.url))
const endWithParent = new URL('end-with-parent.mjs', import.meta.url).href
const forwardedSignals = ['SIGTERM', 'SIGINT', 'SIGHUP']
const cannotStart = 1

export function runWithProjectNode(program) {
  // The second time this is that Node.
  if (process.execArgv.includes(endWithParent)) return refuse('told not to read TypeScript')
  if (!existsSync(projectNode)) return refuse('too old to read TypeScript')
  // In a group of its own: a Ctrl-C comes here only, and is passed on once.
  const child = spawn(projectNode, ['--import', endWithParent, program, ...process.argv.slice(2)], {
    stdio: ['inherit', 'inherit', 'inherit', 'pipe'],
    detached: true,
  })
  for (const signal of forwardedSignals) process.on(signal, () => child.kill(signal))
  child.on('error', (error) =>
    refuse(`too old to read TypeScript, and ${projectNode} does not start (${error.message})`),
  )
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code)
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  })
}

function refuse(what) {
  process.stderr.write(
    `Cannot start the broker: Node ${process.versions.node} is ${what}; "npm run broker" installs and takes the right one.\n`,
  )
  process.exit(cannotStart)
}
