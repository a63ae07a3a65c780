import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { writePayload } from '../../../../hack/localkube/kubelet/payload-directory.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'payload-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const write = (files: Record<string, string>, mode = 0o644) =>
  writePayload(
    directory,
    new Map(Object.entries(files).map(([path, text]) => [path, { data: Buffer.from(text), mode }])),
  )
const visible = () =>
  readdirSync(directory)
    .filter((name) => !name.startsWith('..'))
    .sort()
const read = (name: string) => readFileSync(join(directory, name), 'utf8')

test('files are seen by their names, with their modes', () => {
  write({ 'a.json': '{}', 'sub/b': 'b' }, 0o600)
  expect(visible()).toEqual(['a.json', 'sub'])
  expect([read('a.json'), read('sub/b')]).toEqual(['{}', 'b'])
  expect(statSync(join(directory, 'a.json')).mode & 0o777).toBe(0o600)
})

test('an update swaps everything at once: through ..data, without touching the names', () => {
  write({ a: '1', b: '1' })
  const before = readlinkSync(join(directory, '..data'))
  expect(write({ a: '2', c: '2' })).toBe(true)
  expect(readlinkSync(join(directory, '..data'))).not.toBe(before)
  expect(readlinkSync(join(directory, 'a'))).toBe(join('..data', 'a'))
  expect(visible()).toEqual(['a', 'c'])
  expect(read('a')).toBe('2')
  expect(readdirSync(directory)).not.toContain(before)
})

test('nothing is written when nothing changes', () => {
  write({ a: '1' })
  const before = readlinkSync(join(directory, '..data'))
  expect(write({ a: '1' })).toBe(false)
  expect(readlinkSync(join(directory, '..data'))).toBe(before)
})
