// Watches over HTTP: what comes, in which order, and when it ends.
import { expect, test } from '@jest/globals'
import { configMap, mapsPath, table, ServedApi } from '../served-api.ts'

const api = new ServedApi()
const { call, patch } = api

interface Event {
  type: string
  // oxlint-disable-next-line typescript/no-explicit-any -- objects, tables and Status
  object: any
}

/** The events of a watch; ends when `count` have come or the server ends it. */
async function watch(
  query: string,
  count: number,
  during: () => Promise<unknown> = () => Promise.resolve(),
  headers: Record<string, string> = {},
): Promise<Event[]> {
  const abort = new AbortController()
  const response = await fetch(`${api.url}${mapsPath}?watch=1&${query}`, { signal: abort.signal, headers })
  await during()
  const events: Event[] = []
  let rest = ''
  for await (const piece of response.body!.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + piece).split('\n')
    rest = lines.pop()!
    events.push(...lines.map((line) => JSON.parse(line) as Event))
    if (events.length >= count) break
  }
  abort.abort()
  return events
}

const summary = (events: Event[]): string[] =>
  events.map(({ type, object }) => `${type} ${object.metadata.name ?? ''}`.trim())

test('from a version, in order', async () => {
  const { resourceVersion } = (await call('GET', mapsPath)).body.metadata
  await call('POST', mapsPath, configMap('a'))
  const events = await watch(`resourceVersion=${resourceVersion}`, 3, async () => {
    await patch(`${mapsPath}/a`, 'merge-patch+json', { data: { x: '1' } })
    await call('DELETE', `${mapsPath}/a`)
  })
  expect(summary(events)).toEqual(['ADDED a', 'MODIFIED a', 'DELETED a'])
})

test('an object that begins or ceases to match is added or deleted for the watcher', async () => {
  await call('POST', mapsPath, configMap('a'))
  const events = await watch('labelSelector=on', 2, async () => {
    await patch(`${mapsPath}/a`, 'merge-patch+json', { metadata: { labels: { on: 'yes' } } })
    await patch(`${mapsPath}/a`, 'merge-patch+json', { metadata: { labels: { on: null } } })
  })
  expect(summary(events)).toEqual(['ADDED a', 'DELETED a'])
})

test('initial events end with a bookmark that says so', async () => {
  await call('POST', mapsPath, configMap('a'))
  const events = await watch('sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true', 2)
  expect(summary(events)).toEqual(['ADDED a', 'BOOKMARK'])
  expect(events[1]!.object.metadata.annotations).toEqual({ 'k8s.io/initial-events-end': 'true' })
})

test('a version that is forgotten is an ERROR event with 410', async () => {
  const { resourceVersion } = (await call('GET', mapsPath)).body.metadata
  await call('POST', mapsPath, configMap('a'))
  api.server.forgetHistory()
  const [event] = await watch(`resourceVersion=${resourceVersion}`, 1)
  expect(event).toMatchObject({ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } })
})

test('the history is bounded', async () => {
  const { resourceVersion } = (await call('GET', mapsPath)).body.metadata
  for (let count = 0; count < 60; count++) await call('POST', mapsPath, configMap(`n${count}`))
  expect((await watch(`resourceVersion=${resourceVersion}`, 1))[0]).toMatchObject({ type: 'ERROR' })
})

test('timeoutSeconds ends it', async () => {
  expect(await watch('timeoutSeconds=1&resourceVersion=1', 99)).toEqual([])
})

test('as a table', async () => {
  await call('POST', mapsPath, configMap('a'))
  const [event] = await watch('', 1, undefined, { Accept: table })
  expect(event!.object).toMatchObject({ kind: 'Table', rows: [{ cells: ['a', '0', expect.any(String)] }] })
})
