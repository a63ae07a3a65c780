import { expect, test } from '@jest/globals'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { programOf } from '../../../hack/image/programs.ts'

const root = join(import.meta.dirname, '..', '..', '..')

test.each([
  [[], 'broker/main.mjs', []],
  [['--config', 'a.yaml'], 'broker/main.mjs', ['--config', 'a.yaml']],
  [['broker', '--help'], 'broker/main.mjs', ['--help']],
  [['operator', '--log-level', 'debug'], 'operator/main.ts', ['--log-level', 'debug']],
  [['journal', 'check', '/data'], 'broker/cli.ts', ['journal', 'check', '/data']],
])('%j runs %s', (args: string[], file: string, given: string[]) => {
  expect(programOf(args)).toEqual({ file, args: given })
  expect(existsSync(join(root, file))).toBe(true)
})

test.each(['sh', 'Broker', 'constructor'])('%s is no program', (name) => {
  expect(programOf([name])).toEqual({
    refused: `"${name}" is none of broker, operator, journal; flags alone are for the broker`,
  })
})
