// The verbs of resources over HTTP: writing, patches, subresources, representations.
import { expect, test } from '@jest/globals'
import { fleet } from '../sample-definition.ts'
import { configMap, fleetsPath, mapsPath, table, ServedApi } from '../served-api.ts'

const api = new ServedApi()
const { call, patch } = api

test('errors of a custom resource have the form of the real server', async () => {
  const refused = await call('POST', fleetsPath, fleet('a', { replicas: 11, ships: [{ name: 'a', guns: 100 }] }))
  expect(refused).toMatchObject({
    status: 422,
    body: {
      message:
        'Fleet.example.dev "a" is invalid: [spec: Invalid value: more than ten replicas need big, spec: Forbidden: fleet of 11 has too many guns]',
      details: {
        name: 'a',
        group: 'example.dev',
        kind: 'Fleet',
        causes: [
          { reason: 'FieldValueInvalid', field: 'spec' },
          { reason: 'FieldValueForbidden', field: 'spec' },
        ],
      },
    },
  })
  const blocked = await call('POST', fleetsPath, fleet('a', { replicas: 'x' }))
  expect(blocked.body.details.causes.map((cause: { field: string }) => cause.field)).toEqual(['spec.replicas', '<nil>'])
})

test('unknown and duplicate fields: an error, a warning, or nothing', async () => {
  const text =
    '{"apiVersion":"example.dev/v1","kind":"Fleet","metadata":{"name":"a"},"spec":{"ships":[],"foo":1,"home":"x","home":"y"}}'
  const strict = await call('POST', `${fleetsPath}?fieldValidation=Strict`, text)
  expect(strict).toMatchObject({
    status: 400,
    body: { message: expect.stringContaining('strict decoding error: duplicate field "spec.home"') },
  })
  const warned = await call('POST', `${fleetsPath}?dryRun=All`, text)
  expect(warned.headers.get('warning')).toBe(
    '299 - "duplicate field \\"spec.home\\"", 299 - "unknown field \\"spec.foo\\""',
  )
  const ignored = await call('POST', `${fleetsPath}?fieldValidation=Ignore`, text)
  expect(ignored.headers.get('warning')).toBeNull()
  expect(ignored.body.spec).toEqual({ ships: [], home: 'y', replicas: 1, big: false, rank: 'A' })
})

test('PUT needs the present resourceVersion if it names one', async () => {
  const created = await call('POST', mapsPath, configMap('a'))
  expect((await call('PUT', `${mapsPath}/a`, { ...created.body, data: { x: '1' } })).body.data).toEqual({ x: '1' })
  expect(await call('PUT', `${mapsPath}/a`, { ...created.body, data: { x: '2' } })).toMatchObject({
    status: 409,
    body: {
      reason: 'Conflict',
      message: expect.stringContaining(
        'the object has been modified; please apply your changes to the latest version and try again',
      ),
    },
  })
})

test('the four patches', async () => {
  await call('POST', fleetsPath, fleet('a'))
  const path = `${fleetsPath}/a`
  expect((await patch(path, 'merge-patch+json', { spec: { replicas: 2 } })).body.spec.replicas).toBe(2)
  expect(
    (await patch(path, 'json-patch+json', [{ op: 'replace', path: '/spec/replicas', value: 3 }])).body.spec.replicas,
  ).toBe(3)
  expect((await patch(path, 'strategic-merge-patch+json', {})).status).toBe(415)
  const applied = { apiVersion: 'example.dev/v1', kind: 'Fleet', metadata: { name: 'a' }, spec: { replicas: 4 } }
  expect((await patch(`${path}?fieldManager=me`, 'apply-patch+yaml', applied)).body.message).toMatch(
    /^Apply failed with 1 conflict: conflict with "[^"]+" using example.dev\/v1: .spec.replicas$/,
  )
  expect((await patch(`${path}?fieldManager=me&force=true`, 'apply-patch+yaml', applied)).body.spec.replicas).toBe(4)
  expect((await patch(path, 'apply-patch+yaml', applied)).body.message).toContain('fieldManager: Required value')
})

test('the uid is a precondition of a replacement, and a value that a patch cannot change', async () => {
  const created = await call('POST', fleetsPath, fleet('a'))
  const another = { metadata: { ...created.body.metadata, uid: 'another' } }
  expect(await call('PUT', `${fleetsPath}/a`, { ...fleet('a'), ...another })).toMatchObject({
    status: 409,
    body: { message: expect.stringContaining('Precondition failed: UID in precondition: another') },
  })
  expect(await patch(`${fleetsPath}/a`, 'merge-patch+json', { metadata: { uid: 'another' } })).toMatchObject({
    status: 422,
    body: { details: { causes: [{ field: 'metadata.uid', message: expect.stringContaining('field is immutable') }] } },
  })
})

test('status and scale are doors of their own', async () => {
  await call('POST', fleetsPath, fleet('a'))
  const status = { status: { replicas: 1, selector: 'app=x' }, spec: { replicas: 9 } }
  expect((await patch(`${fleetsPath}/a/status`, 'merge-patch+json', status)).body).toMatchObject({
    spec: { replicas: 1 },
    status: { replicas: 1 },
  })
  const scale = await patch(`${fleetsPath}/a/scale`, 'merge-patch+json', { spec: { replicas: 5 } })
  expect(scale.body).toMatchObject({
    kind: 'Scale',
    spec: { replicas: 5 },
    status: { replicas: 1, selector: 'app=x' },
  })
  expect((await patch(`${fleetsPath}/a/scale`, 'merge-patch+json', { spec: { replicas: -1 } })).status).toBe(422)
})

test('tables, metadata only, YAML', async () => {
  await call('POST', fleetsPath, fleet('a'))
  const printed = await call('GET', fleetsPath, undefined, { Accept: table })
  expect(printed.body).toMatchObject({
    kind: 'Table',
    rows: [{ cells: ['a', 1, null, 'sea', expect.any(String)], object: { kind: 'PartialObjectMetadata' } }],
  })
  const metadata = await call('GET', fleetsPath, undefined, {
    Accept: 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1',
  })
  expect(metadata.body).toMatchObject({ kind: 'PartialObjectMetadataList', items: [{ metadata: { name: 'a' } }] })
  expect((await call('GET', `${fleetsPath}/a`, undefined, { Accept: 'application/yaml' })).body).toContain(
    'kind: Fleet\n',
  )
  expect((await call('GET', fleetsPath, undefined, { Accept: 'application/vnd.kubernetes.protobuf' })).status).toBe(406)
})

test('deleting a collection by label', async () => {
  for (const name of ['a', 'b']) await call('POST', mapsPath, configMap(name))
  await call('DELETE', `${mapsPath}?labelSelector=name%3Da`)
  expect(
    (await call('GET', mapsPath)).body.items.map((item: { metadata: { name: string } }) => item.metadata.name),
  ).toEqual(['b'])
})
