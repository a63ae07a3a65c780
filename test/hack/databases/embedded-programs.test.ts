import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { preparePrograms } from '../../../hack/databases/embedded-programs.ts'

let directory: string
let native: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'flotilla-programs-'))
  chmodSync(directory, 0o755)
  native = join(directory, 'package', 'native')
  for (const folder of ['bin', 'lib']) mkdirSync(join(native, folder), { recursive: true })
  writeFileSync(join(native, 'bin', 'postgres'), '')
  writeFileSync(join(native, 'lib', 'libpq.so.5.18'), '')
  const links = [{ source: 'native/lib/libpq.so.5.18', target: 'native/lib/libpq.so.5' }]
  writeFileSync(join(native, 'pg-symlinks.json'), JSON.stringify(links))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

test('the links that npm leaves out are made where the programs are', () => {
  expect(preparePrograms(native, true, join(directory, 'copy'))).toBe(join(native, 'bin'))
  expect(readlinkSync(join(native, 'lib', 'libpq.so.5'))).toBe('libpq.so.5.18')
  expect(preparePrograms(native, true, join(directory, 'copy'))).toBe(join(native, 'bin'))
  expect(existsSync(join(directory, 'copy'))).toBe(false)
})

test('programs that the user of the server cannot reach are copied', () => {
  chmodSync(join(directory, 'package'), 0o700)
  const copy = join(directory, 'copy', 'programs')
  expect(preparePrograms(native, true, join(directory, 'copy'))).toBe(join(copy, 'bin'))
  expect(readlinkSync(join(copy, 'lib', 'libpq.so.5'))).toBe('libpq.so.5.18')
  expect(existsSync(join(native, 'lib', 'libpq.so.5'))).toBe(false)
  expect(preparePrograms(native, false, join(directory, 'other'))).toBe(join(native, 'bin'))
})
