// Ports of which nobody else gets one meanwhile.
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from '@jest/globals'
import { freePorts } from '../../../hack/ports/free-ports.ts'

const root = join(import.meta.dirname, '..', '..', '..')
const source = join(root, 'hack', 'ports', 'free-ports.ts')

test('none is given twice, also when many ask at once and more than a block', async () => {
  const ports = (await Promise.all(Array.from({ length: 20 }, () => freePorts(6)))).flat()
  expect(ports).toHaveLength(120)
  expect(new Set(ports).size).toBe(120)
})

test('they are below the range that the kernel takes ports for outgoing connections from', async () => {
  for (const port of await freePorts(10)) {
    expect(port).toBeGreaterThan(10_000)
    expect(port).toBeLessThan(32_768)
  }
})

test('one that somebody listens on is left out', async () => {
  const [port] = (await freePorts(1)) as [number]
  const server = createServer()
  await once(server.listen(port + 1, '127.0.0.1'), 'listening')
  try {
    expect(await freePorts(1)).not.toContain(port + 1)
  } finally {
    server.close()
  }
})

test('another process gets others', async () => {
  const program = `import { freePorts } from ${JSON.stringify(source)}; console.log((await freePorts(60)).join(' '))`
  const given = await freePorts(60)
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program])
  const others = stdout.trim().split(' ').map(Number)
  expect(others).toHaveLength(60)
  expect(others.filter((port) => given.includes(port))).toEqual([])
})
