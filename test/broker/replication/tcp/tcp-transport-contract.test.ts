import { replicationTransportContract } from '../../../contract/replication-transport.ts'
import { MemoryHub } from '../../../support/memory-transport.ts'
import { createTcpTransport } from '../../../support/tcp-transport.ts'

replicationTransportContract('TcpTransport', () => ({
  create: (member) => createTcpTransport(member),
  dispose() {},
}))

replicationTransportContract('What tests have in its place', () => {
  const hub = new MemoryHub()
  return { create: (member) => hub.transport(member), dispose() {} }
})
