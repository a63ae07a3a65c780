// Lists over HTTP: pages, versions, selectors.
import { beforeEach, expect, test } from '@jest/globals'
import { configMap, mapsPath, type Answer, ServedApi } from '../served-api.ts'

const api = new ServedApi()
const { call } = api

const names = (answer: Answer): string[] =>
  answer.body.items.map((item: { metadata: { name: string } }) => item.metadata.name)

beforeEach(async () => {
  for (const name of ['a', 'b', 'c']) await call('POST', mapsPath, configMap(name))
})

test('pages show the state of the first page', async () => {
  const first = await call('GET', `${mapsPath}?limit=2`)
  expect(first.body.metadata).toMatchObject({ remainingItemCount: 1 })
  await call('DELETE', `${mapsPath}/c`)
  await call('POST', mapsPath, configMap('d'))
  const second = await call('GET', `${mapsPath}?limit=2&continue=${first.body.metadata.continue}`)
  expect([...names(first), ...names(second)]).toEqual(['a', 'b', 'c'])
  expect(second.body.metadata).toEqual({ resourceVersion: first.body.metadata.resourceVersion })
})

test('an exact version is served while it is remembered; then 410', async () => {
  const { resourceVersion } = (await call('GET', mapsPath)).body.metadata
  await call('DELETE', `${mapsPath}/a`)
  const exact = `${mapsPath}?resourceVersion=${resourceVersion}&resourceVersionMatch=Exact`
  expect(names(await call('GET', exact))).toEqual(['a', 'b', 'c'])
  api.server.forgetHistory()
  expect(await call('GET', exact)).toMatchObject({ status: 410, body: { reason: 'Expired' } })
  expect((await call('GET', `${mapsPath}?resourceVersion=999999`)).status).toBe(504)
})

test('selectors', async () => {
  expect(names(await call('GET', `${mapsPath}?labelSelector=${encodeURIComponent('name in (a,c)')}`))).toEqual([
    'a',
    'c',
  ])
  expect(names(await call('GET', `${mapsPath}?fieldSelector=metadata.name%3Db`))).toEqual(['b'])
})
