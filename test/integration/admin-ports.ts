// The admin ports of brokers that a PodPlayer plays, for operators that are processes of their own and ask over HTTP: a
// loopback address for each pod, as far as Linux has them.
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { adminPort } from '../../operator/api/limits.ts'
import type { BrokerAdmin } from '../../operator/broker-admin/broker-admin.ts'

const mostAddresses = 250

export class AdminPorts {
  /** Answers for all of them. */
  brokers: BrokerAdmin | undefined
  readonly #namespace: string
  readonly #servers = new Map<string, Server>()
  readonly #addresses = new Map<string, string>()

  constructor(namespace: string) {
    this.#namespace = namespace
  }

  /** A pod that comes back under its name has the address that it had. */
  async addressOf(name: string): Promise<string> {
    const known = this.#addresses.get(name)
    if (known !== undefined) return known
    const count = this.#addresses.size + 1
    if (count > mostAddresses) throw new Error(`Cannot give ${name} an address: ${mostAddresses} pods have one`)
    // Apart from those of the stand-in, and of another test at the same time.
    const address = `127.${192 + (process.pid % 32)}.${(process.pid >> 5) & 255}.${count}`
    this.#addresses.set(name, address)
    const server = createServer((_, response) => {
      void this.#snapshot(name).then(
        (snapshot) => response.end(JSON.stringify(snapshot)),
        () => response.destroy(),
      )
    })
    server.listen(adminPort, address)
    await once(server, 'listening')
    this.#servers.set(name, server)
    return address
  }

  stop(): void {
    for (const server of this.#servers.values()) {
      server.close()
      server.closeAllConnections()
    }
  }

  async #snapshot(name: string): Promise<object> {
    const snapshot = await this.brokers!.snapshot({ namespace: this.#namespace, name, podIP: '', adminPort })
    return {
      ...snapshot,
      brokerId: name,
      startedAt: new Date().toISOString(),
      store: { ...snapshot.store, messages: 0, bytesUsed: 0 },
      memory: { used: 0, limit: 1 },
      transportConnectors: [],
    }
  }
}
