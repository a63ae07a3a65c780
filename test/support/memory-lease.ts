// One Lease of an API server, in memory: written over the version that was read only, and out of reach when a test wants it so.
import { LeaseError, type Lease, type LeaseClient } from '../../broker/lock/election/kubernetes/lease-client.ts'

export class MemoryLease {
  lease: Lease | undefined
  /** Nobody reaches the API server. */
  isAway = false
  /** Whether members may make the Lease. */
  mayCreate = true
  /** The next write is done, but its answer does not arrive. */
  losesAnswer = false
  writes = 0
  #version = 0

  client(): MemoryLeaseClient {
    return new MemoryLeaseClient(this)
  }

  /** As somebody else does: kubectl, or another member. */
  put(lease: Omit<Lease, 'metadata'> & { readonly metadata?: Partial<Lease['metadata']> }): Lease {
    const metadata = { name: 'orders', namespace: 'shop', ...lease.metadata, resourceVersion: String(++this.#version) }
    this.lease = { ...lease, metadata }
    this.writes += 1
    return this.lease
  }
}

export class MemoryLeaseClient implements LeaseClient {
  readonly namespace = 'shop'
  readonly name = 'orders'
  isClosed = false
  readonly #server: MemoryLease

  constructor(server: MemoryLease) {
    this.#server = server
  }

  read(): Promise<Lease | undefined> {
    return this.#ask(() => this.#server.lease)
  }

  create(lease: Lease): Promise<Lease> {
    return this.#ask(() => {
      if (!this.#server.mayCreate) throw new LeaseError('Forbidden', 'leases is forbidden')
      if (this.#server.lease) throw new LeaseError('Conflict', 'already exists')
      return this.#server.put(lease)
    })
  }

  update(lease: Lease): Promise<Lease> {
    return this.#ask(() => {
      if (lease.metadata.resourceVersion !== this.#server.lease?.metadata.resourceVersion)
        throw new LeaseError('Conflict', 'the object has been modified')
      const written = this.#server.put(lease)
      if (!this.#server.losesAnswer) return written
      this.#server.losesAnswer = false
      throw new LeaseError('Unreachable', 'no answer')
    })
  }

  close(): void {
    this.isClosed = true
  }

  async #ask<Answer>(act: () => Answer): Promise<Answer> {
    await new Promise((resolve) => setImmediate(resolve))
    if (this.#server.isAway || this.isClosed) throw new LeaseError('Unreachable', 'Cannot reach the API server')
    return act()
  }
}
