// A directory that one member has for itself.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from '@jest/globals'
import { silentLogger } from '../../../../broker/base/logger.ts'
import { claimDirectory } from '../../../../broker/lock/file/directory-claim.ts'
import { StartedProgram } from '../../../support/started-program.ts'

const holderScript = join(import.meta.dirname, '..', '..', '..', 'support', 'lock-holder.ts')
const nodeBinary = join(import.meta.dirname, '..', '..', '..', '..', 'node_modules', '.bin', 'node')
const made: string[] = []
const started: StartedProgram[] = []
afterEach(async () => {
  for (const program of started.splice(0)) await program.kill()
  for (const directory of made.splice(0)) rmSync(directory, { recursive: true })
})

function newDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'directory-claim-'))
  made.push(directory)
  return directory
}

const claim = (directory: string, makesDirectory = true): Promise<() => void> =>
  claimDirectory({ directory, makesDirectory, logger: silentLogger })

const inUse = (directory: string): string =>
  `Cannot use data directory ${directory}: another process has it; each member of a replicated store has one of its own`

test('one has it until it lets go', async () => {
  const directory = join(newDirectory(), 'data')
  const letGo = await claim(directory)
  await expect(claim(directory)).rejects.toThrow(inUse(directory))
  letGo()
  const letGoAgain = await claim(directory)
  letGoAgain()
})

test('another process has it until it dies', async () => {
  const directory = newDirectory()
  const other = new StartedProgram(nodeBinary, [holderScript, directory, 'a'])
  started.push(other)
  await other.says('1\n')
  await expect(claim(directory)).rejects.toThrow(inUse(directory))
  await other.kill()
  const letGo = await claim(directory)
  letGo()
})

test('a damaged lock is no obstacle', async () => {
  const directory = newDirectory()
  writeFileSync(join(directory, 'lock.sqlite'), 'x'.repeat(5000))
  const letGo = await claim(directory)
  await expect(claim(directory)).rejects.toThrow(inUse(directory))
  letGo()
})

test('a directory that was there before is not made anew: what is stored would be hidden', async () => {
  const directory = join(newDirectory(), 'data')
  await expect(claim(directory, false)).rejects.toThrow(`Cannot use data directory ${directory}: ENOENT`)
  expect(existsSync(directory)).toBe(false)
})
