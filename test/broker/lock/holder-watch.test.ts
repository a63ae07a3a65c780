import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, test } from '@jest/globals'
import { HolderWatch } from '../../../broker/lock/holder-watch.ts'
import { openWatch } from '../../../broker/lock/open-watch.ts'
import { FakeWatches } from '../../support/fake-watches.ts'

describe('a watch of the holder', () => {
  const watches = (): { fake: FakeWatches; watch: HolderWatch; ends: number[] } => {
    const fake = new FakeWatches()
    const ends: number[] = []
    return { fake, ends, watch: new HolderWatch('b', fake.openWatch, () => ends.push(1)) }
  }

  test('is kept as long as the holder stays, and goes over to the next one', () => {
    const { fake, watch, ends } = watches()
    watch.follow({ member: 'a', term: 1, watchUrl: 'http://a' })
    watch.follow({ member: 'a', term: 1, watchUrl: 'http://a' })
    expect(fake.open).toMatchObject([{ url: 'http://a' }])
    watch.follow({ member: 'c', term: 2, watchUrl: 'http://c' })
    expect(fake.open).toMatchObject([{ url: 'http://c' }])
    watch.stop()
    expect([fake.open, fake.givenUp, ends]).toEqual([[], ['http://a', 'http://c'], []])
  })

  test('tells of an end only if somebody was there, and is opened anew afterwards', () => {
    const { fake, watch, ends } = watches()
    const holder = { member: 'a', term: 1, watchUrl: 'http://a' }
    watch.follow(holder)
    fake.open[0]!.end(false)
    expect(ends).toEqual([])
    watch.follow(holder)
    fake.open[0]!.end(true)
    expect(ends).toEqual([1])
    watch.follow(holder)
    expect(fake.open).toHaveLength(1)
  })

  test('nobody is watched who cannot be, and no member watches its own earlier life', () => {
    const { fake, watch } = watches()
    watch.follow(undefined)
    watch.follow({ member: 'a', term: 1 })
    watch.follow({ member: 'b', term: 1, watchUrl: 'http://b' })
    expect(fake.open).toEqual([])
  })
})

describe('over HTTP', () => {
  const endOf = (url: string): Promise<boolean> => new Promise((resolve) => void openWatch(url, resolve))

  /** A holder that answers with this status and headers only. */
  async function holder(status: number): Promise<{ server: Server; url: string; asked: Promise<unknown> }> {
    const server = createServer((_, response) => response.writeHead(status).flushHeaders())
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/watch`
    return { server, url, asked: once(server, 'request') }
  }

  test('it ends when the holder does', async () => {
    const { server, url, asked } = await holder(200)
    const end = endOf(url)
    await asked
    server.close()
    server.closeAllConnections()
    expect(await end).toBe(true)
  })

  test('nobody there, or somebody who does not know what is asked, is no end', async () => {
    const { server, url } = await holder(404)
    expect(await endOf(url)).toBe(false)
    server.close()
    await once(server, 'close')
    expect(await endOf(url)).toBe(false)
  })

  test('what was given up says nothing any more', async () => {
    const { server, url, asked } = await holder(200)
    let ends = 0
    const giveUp = openWatch(url, () => ends++)
    await asked
    giveUp()
    const closed = once(server, 'close')
    server.close()
    await closed
    expect(ends).toBe(0)
  })
})
