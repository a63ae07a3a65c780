// The rules of CONTRIBUTING.md that can be read off the files: nothing dead, nothing too long, tests where the source is.
import { expect, test } from '@jest/globals'
import { existsSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { exportsOf, filesBelow, importsOf, root, sourceFolders, textOf } from './support/source-files.ts'

const sources = sourceFolders.flatMap((folder) => filesBelow(folder, /\.(ts|mjs)$/))
const tests = filesBelow('test', /\.(ts|mjs)$/)

/** What each file is asked for, by others: names, or `*`. */
const asked = new Map<string, Set<string>>()
for (const file of [...sources, ...tests])
  for (const { file: target, names } of importsOf(file)) {
    if (target === undefined || target === file) continue
    const known = asked.get(target) ?? new Set()
    for (const name of names) known.add(name)
    asked.set(target, known)
  }

/** Started by a command of package.json, by another process, or by Node itself. */
const entries = new Set([
  'broker/main.mjs',
  'broker/cli.ts',
  'operator/main.ts',
  'operator/api/write-crds.ts',
  'broker/end-with-parent.mjs',
  'hack/bootstrap.mjs',
  'hack/end-with-npm.mjs',
  'hack/image/entrypoint.mjs',
  'hack/image/compile.ts',
  'hack/image/sbom.ts',
  'hack/dashboard-picture/main.ts',
  'hack/databases/keep-server.ts',
  'hack/databases/services.ts',
  'hack/localkube/main.ts',
  'hack/localkube/kubelet/pod-preload.mjs',
  'hack/start/main.ts',
])

/** The whole of OpenWire, used or not. */
const isTable = (file: string): boolean => /^broker\/wire\/openwire\/(commands|schema)\.ts$/.test(file)

test('every file is imported by another one, or is started', () => {
  expect(sources.filter((file) => !asked.has(file) && !entries.has(file))).toEqual([])
  expect([...entries].filter((file) => !existsSync(join(root, file)))).toEqual([])
})

test('every function, class and constant that is exported is used elsewhere; every such type is used', () => {
  const unused = sources.flatMap((file) => {
    const names = asked.get(file)
    if (isTable(file) || names?.has('*')) return []
    const text = textOf(file)
    return exportsOf(file)
      .filter(({ name, isType }) => !names?.has(name) && !(isType && countOf(text, name) > 1))
      .map(({ name }) => `${file}: ${name}`)
  })
  expect(unused).toEqual([])
})

test('every folder of source has its folder of tests', () => {
  const folders = new Set(sources.map((file) => dirname(file)))
  expect([...folders].filter((folder) => !hasTests(folder))).toEqual([])
})

test('no file is longer than 500 lines, but for tables', () => {
  const long = [...sources, ...tests]
    .filter((file) => !isTable(file) && basename(file) !== 'package-lock.json')
    .map((file) => [file, textOf(file).split('\n').length - 1] as const)
    .filter(([, lines]) => lines > 500)
  expect(long).toEqual([])
})

test('comments cite what a reader can find: our own files, ActiveMQ classes, JMS, RFCs', () => {
  const elsewhere =
    /\bspec (?:section|openwire|broker-semantics|ha-and-networks)|\b(?:openwire|broker-semantics|ha-and-networks|design|api)\.md\b/
  const files = [...sources, ...tests].filter(
    (file) => elsewhere.test(textOf(file)) && file !== 'test/code-base.test.ts',
  )
  expect(files).toEqual([])
})

const countOf = (text: string, name: string): number => text.match(new RegExp(`\\b${name}\\b`, 'g'))?.length ?? 0

/** Below it, for a folder that only holds others. */
const hasTests = (folder: string): boolean =>
  tests.some((file) => file.startsWith(`test/${folder}/`) && file.endsWith('.test.ts'))
