import { expect, test } from '@jest/globals'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { loadUriList } from '../../../../broker/client/transport/load-uri-list.ts'

test('a list in a file, separated by commas or lines', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'flotilla-uris-'))
  try {
    const file = join(folder, 'brokers')
    writeFileSync(file, 'tcp://a:1,tcp://b:2\ntcp://c:3')
    expect(await loadUriList(file)).toBe('tcp://a:1,tcp://b:2,tcp://c:3')
    expect(await loadUriList(pathToFileURL(file).href)).toBe('tcp://a:1,tcp://b:2,tcp://c:3')
    await expect(loadUriList(join(folder, 'missing'))).rejects.toThrow('ENOENT')
  } finally {
    rmSync(folder, { recursive: true })
  }
})
