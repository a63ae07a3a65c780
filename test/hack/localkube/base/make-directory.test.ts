import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeDirectory } from '../../../../hack/localkube/base/make-directory.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'make-directory-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

test('makes what is missing, with its mode, and leaves alone what is there', () => {
  const path = join(directory, 'a', 'b')
  makeDirectory(path, 0o700)
  makeDirectory(path)
  for (const made of [path, join(directory, 'a')]) expect(statSync(made).mode & 0o777).toBe(0o700)
})

test('a file in the way is named, at the end of the path and before it', () => {
  const file = join(directory, 'file')
  writeFileSync(file, '')
  for (const path of [file, join(file, 'a')])
    expect(() => makeDirectory(path)).toThrow(`EEXIST: file already exists, mkdir '${file}'`)
})

test('where nothing can be made it says so', () => {
  expect(() => makeDirectory('/proc/x/y')).toThrow("mkdir '/proc")
})
