// Discovery and OpenAPI over HTTP: what kubectl reads before anything else.
import { expect, test } from '@jest/globals'
import { ServedApi } from '../served-api.ts'

const api = new ServedApi()
const { call } = api

test('aggregated and older form name the same resources', async () => {
  const aggregated = await call('GET', '/apis', undefined, {
    Accept: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json',
  })
  expect(aggregated.headers.get('content-type')).toContain('as=APIGroupDiscoveryList')
  const group = aggregated.body.items.find(
    (item: { metadata: { name: string } }) => item.metadata.name === 'example.dev',
  )
  expect(group.versions[0].resources[0]).toMatchObject({
    resource: 'fleets',
    shortNames: ['fl'],
    subresources: [{ subresource: 'scale' }, { subresource: 'status' }],
  })
  const older = await call('GET', '/apis/example.dev/v1')
  expect(older.body.resources.map((resource: { name: string }) => resource.name)).toEqual([
    'fleets',
    'fleets/scale',
    'fleets/status',
  ])
})

test('OpenAPI v3 has an index by hash, schemas with merge keys, and the parameters by which kubectl chooses validation', async () => {
  const index = await call('GET', '/openapi/v3')
  const document = await call('GET', index.body.paths['apis/example.dev/v1'].serverRelativeURL)
  expect(
    document.body.components.schemas['dev.example.v1.Fleet'].properties.spec.properties.ships[
      'x-kubernetes-list-map-keys'
    ],
  ).toEqual(['name'])
  expect(
    document.body.paths[`/apis/example.dev/v1/namespaces/{namespace}/fleets/{name}`].patch.parameters,
  ).toContainEqual(expect.objectContaining({ name: 'fieldValidation' }))
  expect((await call('GET', '/openapi/v2', undefined, { Accept: 'application/xml' })).status).toBe(406)
})
