// Ports of 127.0.0.1 for servers that are started a moment later, or again and again.
//
// Not by listening on port 0: the kernel gives the same port to the next outgoing connection, and whoever starts on it fails. So they
// come from below the ranges of outgoing connections (Linux from 32768, others from 49152), and a process has a block of them for
// itself for as long as it lives: it listens on the first of the block, which nobody else can do meanwhile.
import { once } from 'node:events'
import { createServer, type Server } from 'node:net'

/** From here; those of hack/kube come after them. */
const firstBlock = 10_000
const blockCount = 200
const blockSize = 50

let left: number[] = []
let last: Promise<unknown> = Promise.resolve()

/** So many, different from all that this or another process was given; free a moment ago. */
export function freePorts(count: number): Promise<number[]> {
  const taken = last.then(() => take(count))
  last = taken.catch(() => {})
  return taken
}

async function take(count: number): Promise<number[]> {
  const ports: number[] = []
  while (ports.length < count) {
    if (left.length === 0) left = await claimBlock()
    const port = left.shift()!
    const probe = await listen(port)
    if (probe === undefined) continue
    probe.close()
    await once(probe, 'close')
    ports.push(port)
  }
  return ports
}

async function claimBlock(): Promise<number[]> {
  const start = Math.floor(Math.random() * blockCount)
  for (let step = 0; step < blockCount; step++) {
    const guard = firstBlock + ((start + step) % blockCount) * blockSize
    const claim = await listen(guard)
    if (claim === undefined) continue
    claim.unref()
    return Array.from({ length: blockSize - 1 }, (_, index) => guard + 1 + index)
  }
  throw new Error(
    `Cannot find free ports: all blocks from ${firstBlock} to ${firstBlock + blockCount * blockSize} are taken`,
  )
}

async function listen(port: number): Promise<Server | undefined> {
  const server = createServer()
  try {
    await once(server.listen(port, '127.0.0.1'), 'listening')
    return server
  } catch {
    return undefined
  }
}
