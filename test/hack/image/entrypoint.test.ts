// The entry of the image with programs that only tell what they were given.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..', '..', '..')
const nodeBinary = join(root, 'node_modules', '.bin', 'node')

/** Prints its file, its arguments, and where Node looks for compiled code: the folder, and what that is. */
const teller = `
import { realpathSync } from 'node:fs'
import { getCompileCacheDir } from 'node:module'
const cache = getCompileCacheDir()
console.log(JSON.stringify({ file: process.argv[1], args: process.argv.slice(2), cache, target: cache && realpathSync(cache) }))`

interface Told {
  readonly file?: string
  readonly args: string[]
  readonly cache?: string
  readonly target?: string
}

let image: string
let temporary: string

beforeAll(() => {
  image = mkdtempSync(join(tmpdir(), 'flotilla-entry-'))
  temporary = join(image, 'tmp')
  cpSync(join(root, 'hack', 'image'), join(image, 'hack', 'image'), { recursive: true })
  writeFileSync(join(image, 'package.json'), '{"type":"module"}')
  for (const directory of ['broker', 'operator', 'tmp']) mkdirSync(join(image, directory))
  for (const file of ['broker/main.mjs', 'broker/cli.ts', 'operator/main.ts']) writeFileSync(join(image, file), teller)
})

afterAll(() => rmSync(image, { recursive: true, force: true }))

function start(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): { told: Told; code: number | null; error: string } {
  const { stdout, stderr, status } = spawnSync(nodeBinary, [join(image, 'hack', 'image', 'entrypoint.mjs'), ...args], {
    encoding: 'utf8',
    env: { TMPDIR: temporary, ...env },
  })
  return { told: stdout === '' ? { args: [] } : (JSON.parse(stdout) as Told), code: status, error: stderr }
}

test.each([
  [[], 'broker/main.mjs', []],
  [['--config', 'a.yaml'], 'broker/main.mjs', ['--config', 'a.yaml']],
  [['broker', '--help'], 'broker/main.mjs', ['--help']],
  [['operator', '--log-level', 'debug'], 'operator/main.ts', ['--log-level', 'debug']],
  [['journal', 'check', '/data'], 'broker/cli.ts', ['journal', 'check', '/data']],
])('%j runs %s', (given: string[], file: string, args: string[]) => {
  expect(start(given)).toMatchObject({ code: 0, told: { args, file: join(image, file) } })
  expect(existsSync(join(root, file))).toBe(true)
})

test.each(['sh', 'Broker', 'constructor'])('%s is no program, and refused in one sentence', (name) => {
  expect(start([name, '-c', 'id'])).toMatchObject({
    code: 2,
    error: `Cannot start: "${name}" is none of broker, operator, journal; flags alone are for the broker\n`,
  })
})

test('without compiled code it is not looked for, and nothing is written', () => {
  expect(start([]).told).not.toHaveProperty('cache')
  expect(readdirSync(temporary)).toEqual([])
})

describe('with code that was compiled when the image was made', () => {
  let compiled: string

  beforeAll(() => {
    compiled = join(image, 'compiled', 'broker')
    mkdirSync(compiled, { recursive: true })
  })

  test('Node looks there, whatever the user, and what was made for that is gone afterwards', () => {
    const { told } = start([])
    expect(told.target).toBe(compiled)
    expect(told.cache?.startsWith(temporary)).toBe(true)
    expect(readdirSync(temporary)).toEqual([])
  })

  test('each program has its own', () => {
    expect(start(['operator']).told).not.toHaveProperty('cache')
  })

  test('shared memory serves where there is no folder for temporary files', () => {
    const { told } = start([], { TMPDIR: join(image, 'missing') })
    expect(told.target).toBe(compiled)
    expect(told.cache).toMatch(/^\/dev\/shm\/flotilla-/)
  })

  test('a folder that the user has chosen stays', () => {
    const chosen = join(image, 'chosen')
    expect(start([], { NODE_COMPILE_CACHE: chosen }).told.target?.startsWith(chosen)).toBe(true)
  })
})
