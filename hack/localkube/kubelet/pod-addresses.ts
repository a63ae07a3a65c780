// One loopback address per pod, so that every broker listens on 61616. The whole of 127.0.0.0/8 is loopback on Linux; which
// part this stand-in uses follows from its data directory, so that two stand-ins seldom meet. Addresses are kept by
// namespace and name in a file: a pod that comes back, also after a restart of the stand-in, has the address it had.
import { createHash } from 'node:crypto'
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { mostRememberedAddresses } from './limits.ts'

export class PodAddresses {
  readonly #file: string
  /** `namespace/name` → address, the longest unused first. */
  readonly #addresses = new Map<string, string>()
  readonly #inUse = new Set<string>()
  readonly #first: number

  constructor(file: string, seed: string) {
    this.#file = file
    this.#first = firstAddress(seed)
    try {
      const saved = JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>
      for (const [key, address] of Object.entries(saved)) this.#addresses.set(key, address)
    } catch {
      // No file yet, or torn: addresses are given out anew.
    }
  }

  acquire(key: string): string {
    const address = this.#addresses.get(key) ?? this.#free()
    this.#addresses.delete(key)
    this.#addresses.set(key, address)
    this.#inUse.add(key)
    this.#forgetUnused()
    this.#save()
    return address
  }

  /** The pod is gone; its address stays reserved for its return. */
  release(key: string): void {
    this.#inUse.delete(key)
  }

  #free(): string {
    const taken = new Set(this.#addresses.values())
    for (let offset = 0; ; offset++) {
      const address = addressAt(this.#first + offset)
      // .0 and .255 look like network addresses to some programs.
      if (!taken.has(address) && !/\.(0|255)$/.test(address)) return address
    }
  }

  #forgetUnused(): void {
    if (this.#addresses.size <= mostRememberedAddresses) return
    for (const key of this.#addresses.keys()) {
      if (this.#inUse.has(key)) continue
      this.#addresses.delete(key)
      return
    }
  }

  #save(): void {
    writeFileSync(`${this.#file}.tmp`, JSON.stringify(Object.fromEntries(this.#addresses), undefined, 1))
    renameSync(`${this.#file}.tmp`, this.#file)
  }
}

/** One of the eight million addresses from 127.64.0.0 to 127.191.255.255: a few pods each, so that ranges seldom overlap. */
function firstAddress(seed: string): number {
  const digest = createHash('sha256').update(seed).digest()
  return ((64 + (digest[0]! % 128)) << 16) + (digest[1]! << 8) + digest[2]!
}

const addressAt = (host: number): string => `127.${(host >> 16) & 255}.${(host >> 8) & 255}.${host & 255}`

/** Whether this system has loopback addresses besides 127.0.0.1 (Linux: all; macOS: none without aliases). */
export function hasLoopbackRange(): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port: 0, host: '127.91.7.3', exclusive: true }, () => server.close(() => resolve(true)))
  })
}
