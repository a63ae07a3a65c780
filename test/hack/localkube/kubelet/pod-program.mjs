// What containers run in these tests: `serve PORT` answers questions over HTTP, `exit CODE` ends, `stubborn` ignores SIGTERM.
import { spawn } from 'node:child_process'
import { lookup } from 'node:dns/promises'
import { readFileSync } from 'node:fs'
import { createServer, get } from 'node:http'
import { hostname } from 'node:os'

const [what, argument] = process.argv.slice(2)
console.log(`${what} ${argument ?? ''} in pod ${hostname()}`)

let healthy = true

const answers = {
  '/hostname': () => hostname(),
  '/env': ({ name }) => process.env[name] ?? '',
  '/args': () => process.argv.slice(2).join(' '),
  '/file': ({ path }) => readFileSync(path, 'utf8'),
  '/bytes': ({ count }) => Buffer.alloc(Number(count)),
  '/pid': () => String(process.pid),
  '/lookup': async ({ name }) =>
    lookup(name, { all: true }).then(
      (found) =>
        found
          .map(({ address }) => address)
          .sort()
          .join(),
      (error) => error.code,
    ),
  '/fetch': ({ url }) =>
    new Promise((resolve) => {
      get(url, { agent: false }, (response) => {
        let text = ''
        response.on('data', (chunk) => (text += chunk)).on('end', () => resolve(text))
      }).on('error', (error) => resolve(error.code))
    }),
  '/child': () => String(spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' }).pid),
  '/sicken': () => {
    healthy = false
    return 'ill'
  },
  '/exit': ({ code }) => {
    setImmediate(() => process.exit(Number(code)))
    return 'bye'
  },
}

async function answer(request, response) {
  const url = new URL(request.url, 'http://pod')
  if (url.pathname === '/health') return response.writeHead(healthy ? 200 : 503).end()
  response.end(await answers[url.pathname](Object.fromEntries(url.searchParams)))
}

if (what === 'exit') process.exitCode = Number(argument)
else {
  const server = createServer((request, response) => void answer(request, response))
  server.listen(Number(argument ?? 8080), () => console.log('listening', JSON.stringify(server.address())))
  process.on('SIGTERM', () => {
    console.log('got SIGTERM')
    if (what !== 'stubborn') process.exit(0)
  })
}
