// The rim of updateURIsURL: a comma list of broker URIs in a file, or behind http(s).
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { LoadUriList } from './channel.ts'
import { maxUriListBytes, uriListTimeoutMs } from './limits.ts'

export const loadUriList: LoadUriList = async (location) => {
  const text = /^https?:/.test(location) ? await download(location) : await readFile(pathOf(location), 'utf8')
  return text.slice(0, maxUriListBytes).replaceAll(/\s+/g, ',')
}

const pathOf = (location: string): string => (location.startsWith('file:') ? fileURLToPath(location) : location)

async function download(url: string): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.timeout(uriListTimeoutMs) })
  if (!response.ok) throw new Error(`Cannot load ${url}: the server answered ${response.status}`)
  return response.text()
}
