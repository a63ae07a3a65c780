// A bridge between a region here and a broker behind a socket: the whole line with real parts.
import { createConnection, createServer, type AddressInfo, type Socket } from 'node:net'
import { afterEach, expect, test } from '@jest/globals'
import { systemClock } from '../../../broker/base/clock.ts'
import { silentLogger } from '../../../broker/base/logger.ts'
import type { Broker } from '../../../broker/broker.ts'
import { createConnectionFactory } from '../../../broker/client/index.ts'
import { parseEndpoint } from '../../../broker/client/transport/parse-broker-url.ts'
import { tcpDial } from '../../../broker/client/transport/tcp-transport.ts'
import { DialledBridge, type DialledBridgeParts } from '../../../broker/network/dialled-bridge.ts'
import { NetworkDemands } from '../../../broker/network/demand/network-demands.ts'
import type { RemoteBroker } from '../../../broker/network/bridge.ts'
import { turns } from '../../support/turns.ts'
import { testMessage } from '../../support/test-message.ts'
import { startBroker } from '../../support/started-broker.ts'
import { RegionHarness } from '../region/region-harness.ts'
import { bridgeSettings } from './bridge-settings.ts'

const brokers: Broker[] = []
afterEach(() => Promise.all(brokers.splice(0).map((broker) => broker.stop())))

test('what a consumer of the other broker wants goes there, and is gone here when it has arrived', async () => {
  const { broker, port } = await startBroker()
  brokers.push(broker)
  const here = await RegionHarness.start()
  const producer = here.region.connect(
    { connectionId: 'ID:producer', clientId: 'p', failoverReconnect: false },
    { deliver() {}, deliverNothing() {}, pause() {}, resume() {} },
  )
  const started = Promise.withResolvers<RemoteBroker>()
  const bridge = new DialledBridge(partsOf(here), parseEndpoint(`tcp://127.0.0.1:${port}`), {
    started: started.resolve,
    ended: started.reject,
  })
  expect(await started.promise).toMatchObject({ brokerName: 'localhost' })
  const connection = await createConnectionFactory(`tcp://127.0.0.1:${port}`).createConnection()
  const session = await connection.createSession()
  const consumer = await session.createConsumer('queue://ORDERS')
  connection.start()
  const answers = []
  for (let number = 1; number <= 100; number++) {
    const { promise, resolve } = Promise.withResolvers<unknown>()
    answers.push(promise)
    const message = testMessage({
      destination: { kind: 'queue', name: 'ORDERS' },
      producerSequenceId: number,
      persistent: true,
      body: `order ${number}`,
    })
    producer.send(message, null, resolve)
  }
  await Promise.all(answers)
  const received: string[] = []
  while (received.length < 100) {
    const message = await consumer.receive()
    received.push(Buffer.from(message!.bytes!).toString())
  }
  expect(received).toEqual(Array.from({ length: 100 }, (_, index) => `order ${index + 1}`))
  // The answers come after the messages have gone on.
  while (bridge.statistics.forwarded < 100) await turns(1)
  expect(bridge.statistics).toEqual({ demandSubscriptions: 1, forwarded: 100, received: 0 })
  const [queue] = here.region.statistics().filter(({ name }) => name === 'ORDERS')
  expect(queue).toMatchObject({ size: 0, dequeued: 100 })
  bridge.stop()
  await connection.close()
})

test('a broker that is gone without a word is given up after its time of silence, and the bridge has ended', async () => {
  const { broker, port } = await startBroker()
  brokers.push(broker)
  const line = await openLine(port)
  const here = await RegionHarness.start()
  const started = Promise.withResolvers<RemoteBroker>()
  const ended = Promise.withResolvers<Error>()
  const silence = 'wireFormat.maxInactivityDuration=200&wireFormat.maxInactivityDurationInitalDelay=50'
  const listener = { started: started.resolve, ended: ended.resolve }
  const bridge = new DialledBridge(partsOf(here), parseEndpoint(`tcp://127.0.0.1:${line.port}?${silence}`), listener)
  await started.promise
  line.swallowEverything()
  expect((await ended.promise).message).toContain('was inactive for more than 200 ms')
  bridge.stop()
  await line.close()
})

const partsOf = ({ region }: RegionHarness): DialledBridgeParts => ({
  dial: tcpDial(systemClock),
  clock: systemClock,
  logger: silentLogger,
  region,
  local: { brokerName: 'here', brokerId: 'ID:here', brokerUrl: 'tcp://here:61616' },
  settings: bridgeSettings(),
  demands: new NetworkDemands(),
  subscribers: () => [],
  networkProperties: '',
  nextIdSeed: ({ brokerName }) => `here->${brokerName}-1`,
})

/** Between the bridge and a broker: what it swallows arrives nowhere, and both keep their connections. */
async function openLine(to: number) {
  const sockets: Socket[] = []
  const server = createServer((near) => {
    const far = createConnection(to, '127.0.0.1')
    sockets.push(near, far)
    near.pipe(far)
    far.pipe(near)
    for (const socket of [near, far]) socket.on('error', () => {})
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    swallowEverything: () => sockets.forEach((socket) => socket.unpipe().resume()),
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
