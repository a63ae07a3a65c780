// Custom resources of several versions.
import { expect, test } from '@jest/globals'
import { definitionsPath, ServedApi } from '../served-api.ts'

const api = new ServedApi()
const { call, patch } = api

const definition = (served: boolean): unknown => {
  const schema = {
    openAPIV3Schema: {
      type: 'object',
      properties: { spec: { type: 'object', properties: { a: { type: 'string', default: 'x' } } } },
    },
  }
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'boats.example.dev' },
    spec: {
      group: 'example.dev',
      scope: 'Cluster',
      names: { plural: 'boats', kind: 'Boat' },
      versions: [
        { name: 'v1alpha1', served, storage: false, deprecated: true, deprecationWarning: 'use v1', schema },
        { name: 'v1', served: true, storage: true, schema },
      ],
    },
  }
}

test('each version shows the same object; one that is no longer served is 404', async () => {
  await call('POST', definitionsPath, definition(true))
  const created = await call('POST', '/apis/example.dev/v1alpha1/boats', {
    apiVersion: 'example.dev/v1alpha1',
    kind: 'Boat',
    metadata: { name: 'a' },
    spec: {},
  })
  expect(created.body).toMatchObject({ apiVersion: 'example.dev/v1alpha1', spec: { a: 'x' } })
  expect(created.headers.get('warning')).toBe('299 - "use v1"')
  expect((await call('GET', '/apis/example.dev/v1/boats/a')).body.apiVersion).toBe('example.dev/v1')
  expect((await call('GET', '/apis/example.dev')).body.preferredVersion.version).toBe('v1')
  await patch(`${definitionsPath}/boats.example.dev`, 'merge-patch+json', definition(false))
  expect((await call('GET', '/apis/example.dev/v1alpha1/boats/a')).status).toBe(404)
  expect((await call('GET', `${definitionsPath}/boats.example.dev`)).body.status).toMatchObject({
    storedVersions: ['v1'],
    acceptedNames: { singular: 'boat', listKind: 'BoatList' },
  })
})

test('a definition that is not structural, or whose rules do not compile, is refused by field', async () => {
  const broken = JSON.parse(
    JSON.stringify(definition(true)).replaceAll(
      '"type":"string"',
      '"maxLength":3,"x-kubernetes-validations":[{"rule":"self.size( > 1"}]',
    ),
  ) as unknown
  const { status, body } = await call('POST', definitionsPath, broken)
  expect(status).toBe(422)
  const fields = body.details.causes.map((cause: { field: string }) => cause.field)
  const at = 'spec.versions[0].schema.openAPIV3Schema.properties[spec].properties[a]'
  expect(fields).toEqual(expect.arrayContaining([`${at}.type`, `${at}.x-kubernetes-validations[0].rule`]))
})
