// The command line of `npm start`, and the manifests that it reads.
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isInMemory } from '../../../hack/start/cluster-view.ts'
import { loadManifests } from '../../../hack/start/manifests.ts'
import { parseArguments } from '../../../hack/start/options.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'flotilla-start-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

function file(name: string, text: string): string {
  const path = join(directory, name)
  writeFileSync(path, text)
  return path
}

test('without arguments a pair and a single broker are applied, and it stays up', () => {
  const parsed = parseArguments([])
  expect(parsed).toEqual({
    kind: 'options',
    options: {
      manifests: ['examples/master-slave.yaml', 'examples/standalone.yaml'],
      examples: true,
      exit: false,
      kubeconfig: undefined,
      data: '.flotilla',
      port: 16_443,
    },
  })
})

test('-f may be repeated, and replaces the examples', () => {
  const parsed = parseArguments(['-f', 'a.yaml', '--filename', 'b', '--exit', '--port', '0'])
  expect(parsed).toMatchObject({ options: { manifests: ['a.yaml', 'b'], examples: false, exit: true, port: 0 } })
})

test('--help explains every option', () => {
  const parsed = parseArguments(['--help'])
  if (parsed.kind !== 'help') throw new Error(parsed.kind)
  for (const option of ['--filename', '--exit', '--kubeconfig', '--data', '--port', '--help'])
    expect(parsed.text).toContain(option)
})

test.each([
  [['--bogus'], '--bogus'],
  [['stray'], 'argument'],
  [['-f'], '--filename'],
  [['--port', 'many'], 'port from 0 to 65535'],
  [['--port', '65536'], 'port from 0 to 65535'],
])('%j is refused, and the reason says what', (args, reason) => {
  const parsed = parseArguments(args)
  if (parsed.kind !== 'refused') throw new Error(parsed.kind)
  expect(parsed.reason).toContain(reason)
  expect(parsed.reason).toContain('--help')
})

const cluster = 'apiVersion: flotilla.dev/v1alpha1\nkind: BrokerCluster\nmetadata: {name: a}\n'

test('manifests: files and folders, YAML and JSON, several documents a file', () => {
  mkdirSync(join(directory, 'more'))
  const yaml = file('a.yaml', `---\n${cluster}---\n---\n${cluster}`)
  file('more/b.json', JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'b' } }))
  file('more/notes.txt', 'not a manifest')
  const manifests = loadManifests([yaml, join(directory, 'more')])
  expect(manifests.map(({ object }) => object.kind)).toEqual(['BrokerCluster', 'BrokerCluster', 'ConfigMap'])
})

test.each([
  ['nothing in it', '# nothing\n', 'there is no object in'],
  ['bad YAML', 'kind: {', 'Cannot read'],
  ['no kind', 'apiVersion: v1\nmetadata: {name: a}\n', 'kind is missing'],
  ['no name', 'apiVersion: v1\nkind: ConfigMap\nmetadata: {}\n', 'metadata.name is missing'],
  ['a text', 'hello\n', 'apiVersion is missing'],
])('a manifest with %s is refused by its name', (_, text, reason) => {
  const path = file('bad.yaml', text)
  expect(() => loadManifests([path])).toThrow(reason)
  expect(() => loadManifests([path])).toThrow('bad.yaml')
})

test('a file that is not there is named', () => {
  expect(() => loadManifests([join(directory, 'none.yaml')])).toThrow('none.yaml: there is no such file or folder')
})

test('a cluster whose messages are in memory is known by its storage', () => {
  const metadata = { name: 'a', namespace: 'b' }
  const storage = (type: string) => ({ storage: { type } })
  expect(isInMemory({ metadata, spec: { groupTemplate: storage('None') } })).toBe(true)
  expect(isInMemory({ metadata, spec: { groups: [storage('Volume'), storage('None')] } })).toBe(true)
  expect(isInMemory({ metadata, spec: { groupTemplate: storage('SharedVolume') } })).toBe(false)
})
