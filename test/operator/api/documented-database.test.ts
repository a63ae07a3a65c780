// The manifest of docs/storage.md is accepted, also with what stands in it as comments, and that is what the defaults are.
import { expect, test } from '@jest/globals'
import { loadAll } from 'js-yaml'
import type { BrokerCluster } from '../../../operator/api/broker-cluster.ts'
import { parseSpec } from '../../../operator/api/validate.ts'
import { textOf } from '../../support/source-files.ts'

interface Document {
  readonly kind: string
  readonly metadata: { readonly name: string }
  readonly stringData?: Readonly<Record<string, string>>
  readonly spec?: unknown
}

const [, manifest = ''] = /## A database[^]*?```yaml\n([^]*?)```/.exec(textOf('docs/storage.md')) ?? []
const withComments = manifest.replaceAll(/^ {8}# /gm, '        ')

const read = (text: string) => {
  const documents = loadAll(text) as Document[]
  const of = (kind: string) => documents.find((document) => document.kind === kind)!
  return { secret: of('Secret'), cluster: of('BrokerCluster') }
}
const specOf = (text: string) => {
  const { cluster } = read(text)
  const parsed = parseSpec({
    ...cluster,
    metadata: { ...cluster.metadata, namespace: 'shop', uid: 'u' },
  } as BrokerCluster)
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  return parsed.spec
}

test('the manifest of a group on a database is accepted, and what it only mentions are the defaults', () => {
  expect(withComments).not.toBe(manifest)
  expect(specOf(withComments)).toEqual(specOf(manifest))
})

test('its Secret has the keys that the group asks for', () => {
  const { jdbc } = specOf(manifest).groupTemplate!.storage
  const { secret } = read(manifest)
  expect(secret.metadata.name).toBe(jdbc!.secretRef.name)
  expect(Object.keys(secret.stringData!).sort()).toEqual(Object.values(jdbc!.keys).sort())
})
