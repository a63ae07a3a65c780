// Command line: runs the stand-in for Kubernetes alone, until SIGINT or SIGTERM.
//   npm run localkube -- --data DIR --port N --kubeconfig FILE [--images FILE]
// Exit codes: 0 stopped on request, 1 could not start or stop, 130 on a second signal.
import { Command } from 'commander'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Images, startLocalKube } from './localkube.ts'
import { type Log, messageOf } from './base/log.ts'

const command = new Command('localkube')
  .description('A local stand-in for Kubernetes whose pods are processes of this machine.')
  .option('--data <directory>', 'where everything is kept', join('data', 'localkube'))
  .option('--port <number>', 'port of the API server on 127.0.0.1; 0 = any free one', parsePort, 0)
  .option('--kubeconfig <file>', 'where to write the kubeconfig (default: kubeconfig in the data directory)')
  .option(
    '--images <file>',
    'JSON: {"image/reference": {"command": ["node", "main.ts"], "args": [], "cwd": "/dir", "env": {}}}; image "node" is always there',
  )

interface Arguments {
  readonly data: string
  readonly port: number
  readonly kubeconfig?: string
  readonly images?: string
}

const log: Log = (level, message, fields) => {
  if (level !== 'debug') process.stderr.write(`${level}: ${message} ${fields ? JSON.stringify(fields) : ''}\n`)
}

function parsePort(text: string): number {
  const port = Number(text)
  if (/^\d+$/.test(text) && port <= 65_535) return port
  throw new Error(`Cannot read --port ${text}: expected a number from 0 to 65535`)
}

function loadImages(file: string | undefined): Images {
  const own: Images = { node: { command: ['node'], cwd: process.cwd() } }
  if (file === undefined) return own
  const given = JSON.parse(readFileSync(file, 'utf8')) as Images
  for (const [name, image] of Object.entries(given))
    if (!Array.isArray(image.command) || image.command.length === 0 || typeof image.cwd !== 'string')
      throw new Error(`Cannot read images ${file}: "${name}" needs "command" (a list) and "cwd" (a directory)`)
  return { ...own, ...given }
}

async function run(): Promise<void> {
  const given = command.parse().opts<Arguments>()
  const kube = await startLocalKube({
    dataDirectory: given.data,
    apiPort: given.port,
    images: loadImages(given.images),
    kubeconfigPath: given.kubeconfig ?? join(given.data, 'kubeconfig'),
    log,
  })
  process.stdout.write(`export KUBECONFIG=${kube.kubeconfigPath}\n`)
  let stopping = false
  const stop = () => {
    if (stopping) process.exit(130)
    stopping = true
    kube.stop().then(() => process.exit(0), fail)
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
}

function fail(error: unknown): never {
  process.stderr.write(`${messageOf(error)}\n`)
  process.exit(1)
}

run().catch(fail)
