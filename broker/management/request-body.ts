// The body of a request, up to a length: those of the admin port are a line of JSON.
import type { Readable } from 'node:stream'
import { maxBodyBytes } from './limits.ts'

/** null: it is longer than it may be. */
export async function readBody(request: Readable): Promise<string | null> {
  const pieces: Buffer[] = []
  let length = 0
  // Whoever sends too much is still to be answered.
  for await (const piece of request.iterator({ destroyOnReturn: false })) {
    length += (piece as Buffer).length
    if (length > maxBodyBytes) return null
    pieces.push(piece as Buffer)
  }
  return Buffer.concat(pieces).toString('utf8')
}
