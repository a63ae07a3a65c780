import { expect, test } from '@jest/globals'
import { ConnectionRegistry, type RegisteredConnection } from '../../../broker/session/connection-registry.ts'

function connection(id: string, clientId: string, stopped: string[] = []): RegisteredConnection {
  return {
    id,
    clientId,
    remoteAddress: `tcp://${id}:1`,
    connectorName: 'openwire',
    consumerCount: 0,
    producerCount: 0,
    network: false,
    duplexConnectorId: null,
    stop: (reason) => void stopped.push(reason),
  }
}

test('a client id belongs to one connection at a time', () => {
  const registry = new ConnectionRegistry('localhost')
  const first = connection('a', 'client')
  registry.add(first)
  expect(() => registry.add(connection('b', 'client'))).toThrow(
    'Broker: localhost - Client: client already connected from tcp://a:1',
  )
  registry.remove(first)
  registry.add(connection('b', 'client'))
  expect(registry.page(0, 10).items.map(({ id }) => id)).toEqual(['b'])
})

test('a connection that comes back takes over; the end of what it was does not matter any more', () => {
  const registry = new ConnectionRegistry('localhost')
  const stopped: string[] = []
  const former = connection('a', 'client', stopped)
  const back = connection('a', 'client')
  registry.add(former)
  registry.add(back)
  registry.remove(former)
  expect(stopped).toEqual(['connection a came back from tcp://a:1'])
  expect(registry.page(0, 10).items).toEqual([back])
})

test('a duplex bridge that comes back ends what there was of it, whatever id and client it has', () => {
  const registry = new ConnectionRegistry('localhost')
  const stopped: string[] = []
  const bridge = (id: string): RegisteredConnection => {
    const registered = { ...connection(id, `client ${id}`), network: true, duplexConnectorId: 'NC@ID:other' }
    return {
      ...registered,
      stop(reason) {
        stopped.push(reason)
        registry.remove(this)
      },
    }
  }
  registry.add(bridge('a'))
  registry.add(connection('x', 'other'))
  const back = bridge('b')
  registry.add(back)
  expect(stopped).toEqual(['duplex bridge NC@ID:other came back from tcp://b:1'])
  registry.remove(back)
  registry.add(bridge('c'))
  expect(stopped).toHaveLength(1)
  expect(registry.page(0, 10).items.map(({ id }) => id)).toEqual(['x', 'c'])
})

test('nobody takes the connection id of another client', () => {
  const registry = new ConnectionRegistry('localhost')
  registry.add(connection('a', 'client'))
  expect(() => registry.add(connection('a', 'thief'))).toThrow('connection a belongs to another client')
  expect(registry.size).toBe(1)
})
