// Makes `npm start` and `npm test` work from a fresh clone: installs the locked dependencies when they are
// missing or when package-lock.json changed since. No dependencies of its own; must run on Node 20.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const oldestNodeMajor = 20
const root = fileURLToPath(new URL('..', import.meta.url))
const stampFile = `${root}node_modules/.flotilla-installed`

const major = Number(process.versions.node.split('.')[0])
if (major < oldestNodeMajor)
  fail(`Cannot run on Node ${process.versions.node}: Flotilla needs Node ${oldestNodeMajor} or newer.`)

const wanted = createHash('sha256')
  .update(readFileSync(`${root}package-lock.json`))
  .digest('hex')
const installed = existsSync(stampFile) ? readFileSync(stampFile, 'utf8') : ''
if (installed !== wanted) install()

function install() {
  const startedAt = Date.now()
  process.stderr.write('Installing dependencies (once, about a minute) … ')
  const npm = process.env.npm_execpath
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error']
  const options = { cwd: root, encoding: 'utf8', env: { ...process.env, npm_config_yes: 'true' } }
  const result = npm
    ? spawnSync(process.execPath, [npm, ...args], options)
    : spawnSync('npm', args, { ...options, shell: process.platform === 'win32' })
  if (result.status !== 0) {
    process.stderr.write('failed.\n')
    fail(
      `Cannot install dependencies: "npm ci" ended with ${result.status ?? result.error}.\n${result.stdout ?? ''}${result.stderr ?? ''}`,
    )
  }
  writeFileSync(stampFile, wanted)
  process.stderr.write(`done in ${((Date.now() - startedAt) / 1000).toFixed(0)} s.\n`)
}

function fail(message) {
  process.stderr.write(`${message}\n`)
  process.exit(1)
}
