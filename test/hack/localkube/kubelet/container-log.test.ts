import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ManualClock } from '../../../../broker/base/manual-clock.ts'
import { ContainerLog, type LogReadOptions } from '../../../../hack/localkube/kubelet/container-log.ts'

let directory: string
let clock: ManualClock
let log: ContainerLog
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'log-'))
  clock = new ManualClock(Date.parse('2026-01-01T00:00:00Z'))
  log = new ContainerLog(join(directory, '0.log'), clock, 2000)
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

async function read(options: Partial<LogReadOptions> = {}, signal = new AbortController().signal): Promise<string> {
  let text = ''
  for await (const chunk of log.read({ follow: false, timestamps: false, ...options }, signal)) text += chunk.toString()
  return text
}
const append = (text: string, stream: 'stdout' | 'stderr' = 'stdout') => log.append(stream, Buffer.from(text))

test('chunks become lines again, of both streams', async () => {
  append('one\ntw')
  append('error\n', 'stderr')
  append('o\nrest')
  expect(await read()).toBe('one\nerror\ntwo\n')
  log.end()
  expect(await read()).toBe('one\nerror\ntwo\nrest\n')
})

test('tail, since and timestamps', async () => {
  append('old\n')
  clock.advance(60_000)
  append('new\nnewest\n')
  expect(await read({ tailLines: 1 })).toBe('newest\n')
  expect(await read({ tailLines: 0 })).toBe('')
  expect(await read({ sinceSeconds: 10 })).toBe('new\nnewest\n')
  expect(await read({ tailLines: 1, timestamps: true })).toBe('2026-01-01T00:01:00.000Z newest\n')
})

test('a follower gets what comes and ends with the container', async () => {
  append('before\n')
  const text = read({ follow: true })
  await Promise.resolve()
  append('after\n')
  log.end()
  expect(await text).toBe('before\nafter\n')
})

test('a follower ends when its reader goes', async () => {
  const leaving = new AbortController()
  const text = read({ follow: true }, leaving.signal)
  leaving.abort()
  expect(await text).toBe('')
})

test('the file is rotated when it is full: the newest lines stay', async () => {
  for (let index = 0; index < 200; index += 1) append(`line ${index}\n`)
  expect(statSync(join(directory, '0.log')).size).toBeLessThanOrEqual(2000)
  expect(existsSync(join(directory, '0.log.2'))).toBe(false)
  const lines = (await read()).trim().split('\n')
  expect(lines.length).toBeLessThan(150)
  expect(lines.at(-1)).toBe('line 199')
})

test('an endless line is broken off in the file, not in what is read', async () => {
  const long = 'x'.repeat(40_000)
  log = new ContainerLog(join(directory, '1.log'), clock)
  append(`${long}\nnext\n`)
  expect(await read()).toBe(`${long}\nnext\n`)
})
