// Our client in the place of the stock Java client: with the recorded answers of the broker it sends the same commands.
import { afterEach, describe, expect, test } from '@jest/globals'
import { once } from 'node:events'
import { systemClock } from '../../../broker/base/clock.ts'
import { silentLogger } from '../../../broker/base/logger.ts'
import { seededRandom } from '../../../broker/base/random.ts'
import { Connection } from '../../../broker/client/connection.ts'
import { FailoverTransport } from '../../../broker/client/transport/failover-transport.ts'
import { parseConnectionUrl } from '../../../broker/client/parse-connection-url.ts'
import { SingleTransport } from '../../../broker/client/transport/single-transport.ts'
import { tcpDial } from '../../../broker/client/transport/tcp-transport.ts'
import type { Command } from '../../../broker/wire/openwire/commands.ts'
import type { TranscriptFrame } from '../wire/openwire/spec-vectors.ts'
import { loadTranscript, valueOf, vectorsPresent } from '../wire/openwire/spec-vectors.ts'
import type { ScriptedPeer } from './scripted-peer.ts'
import { startScriptedPeer } from './scripted-peer.ts'

let peer: ScriptedPeer | undefined
afterEach(() => peer?.close())

const isWireFormat = ({ summary }: TranscriptFrame): boolean => summary === 'WireFormatInfo'

/** The frames of each socket. */
const scriptsOf = (frames: readonly TranscriptFrame[]): TranscriptFrame[][] =>
  [...new Set(frames.map(({ conn }) => conn))].map((conn) => frames.filter((frame) => frame.conn === conn))

/** What the Java client sent on each socket after its wire format. */
const sentIn = (scripts: TranscriptFrame[][]): Command[][] =>
  scripts.map((frames) =>
    frames
      .filter((frame) => frame.dir === 'C>B' && !isWireFormat(frame))
      .map(({ fields }) => valueOf(fields) as Command),
  )

/** The clock is the only thing in which two runs may differ. */
const withoutTime = (commands: Command[]): unknown[] =>
  commands.map((command) => ('timestamp' in command ? { ...command, timestamp: 0 } : command))

async function connect(scripts: TranscriptFrame[][], url: (port: number) => string): Promise<Connection> {
  peer = await startScriptedPeer(scripts)
  const { broker: brokerUrl, options } = parseConnectionUrl(url(peer.port))
  const info = sentIn(scripts)[0]!.find((command) => command.kind === 'ConnectionInfo')!
  const dial = tcpDial(systemClock)
  const ports = { clock: systemClock, random: seededRandom(1), logger: silentLogger, dial, loadUriList: async () => '' }
  const transport = brokerUrl.failover
    ? new FailoverTransport(brokerUrl, brokerUrl.failover, ports)
    : new SingleTransport(brokerUrl.endpoints[0]!, dial)
  const connection = new Connection(
    {
      connectionId: info.connectionId!.value!,
      clientId: info.clientId!,
      userName: null,
      password: null,
      options,
      clock: systemClock,
      random: seededRandom(1),
    },
    transport,
  )
  await connection.open()
  connection.start()
  return connection
}

const describeWithVectors = vectorsPresent ? describe : describe.skip

describeWithVectors('the same commands as the Java client', () => {
  test('persistent and non-persistent send, auto acknowledge', async () => {
    const scripts = scriptsOf(loadTranscript('queue-auto-ack.json'))
    const connection = await connect(scripts, (port) => `tcp://127.0.0.1:${port}`)
    const session = await connection.createSession('auto')
    const producer = await session.createProducer('T.AUTO')
    const texts = bodiesIn(scripts)
    await producer.send(texts[0]!)
    await producer.send(texts[1]!, { deliveryMode: 'non-persistent' })
    const consumer = await session.createConsumer('T.AUTO')
    expect((await consumer.receive())!.text).toBe(texts[0])
    expect((await consumer.receive())!.text).toBe(texts[1])
    await consumer.close()
    await producer.close()
    await session.close()
    await connection.close()
    await peer!.finished(0)
    expect(withoutTime(peer!.received[0]!)).toEqual(withoutTime(sentIn(scripts)[0]!))
  })

  test('client acknowledge for two of four messages, then individual acknowledge', async () => {
    const scripts = scriptsOf(loadTranscript('client-and-individual-ack.json'))
    const connection = await connect(scripts, (port) => `tcp://127.0.0.1:${port}`)
    const session = await connection.createSession('client')
    const producer = await session.createProducer('T.CLIENT')
    for (const text of bodiesIn(scripts)) await producer.send(text)
    const consumer = await session.createConsumer('T.CLIENT')
    await consumer.receive()
    await (await consumer.receive())!.acknowledge()
    await consumer.close()
    await session.close()
    const individual = await connection.createSession('individual')
    const second = await individual.createConsumer('T.CLIENT')
    await second.receive()
    await (await second.receive())!.acknowledge()
    await connection.close()
    await peer!.finished(0)
    expect(withoutTime(peer!.received[0]!)).toEqual(withoutTime(sentIn(scripts)[0]!))
  })

  test('pulls of a consumer without prefetch', async () => {
    const scripts = scriptsOf(loadTranscript('pull-prefetch-0.json'))
    const connection = await connect(scripts, (port) => `tcp://127.0.0.1:${port}?jms.prefetchPolicy.all=0`)
    const session = await connection.createSession('auto')
    const consumer = await session.createConsumer('T.PULL')
    expect(await consumer.receiveNoWait()).toBeNull()
    expect(await consumer.receive(300)).toBeNull()
    const producer = await session.createProducer('T.PULL')
    await producer.send(bodiesIn(scripts)[0]!)
    expect((await consumer.receive(1000))!.text).toBe(bodiesIn(scripts)[0])
    await connection.close()
    await peer!.finished(0)
    expect(withoutTime(peer!.received[0]!)).toEqual(withoutTime(sentIn(scripts)[0]!))
  })

  test('a browser sees the snapshot to its end', async () => {
    const scripts = scriptsOf(loadTranscript('browser.json'))
    const connection = await connect(scripts, (port) => `tcp://127.0.0.1:${port}`)
    const session = await connection.createSession('auto')
    const producer = await session.createProducer('T.BROWSE')
    for (const text of bodiesIn(scripts)) await producer.send(text)
    const seen: (string | null)[] = []
    for await (const { text } of session.browse('T.BROWSE')) seen.push(text)
    expect(seen).toEqual(bodiesIn(scripts))
    const sent = peer!.received[0]!.find((command) => command.kind === 'ConsumerInfo' && command.browser)
    const recorded = sentIn(scripts)[0]!.find((command) => command.kind === 'ConsumerInfo' && command.browser)
    expect(sent).toEqual(recorded)
  })

  test('the state is restored after the connection was cut, in the same order', async () => {
    const scripts = scriptsOf(loadTranscript('failover-reconnect.json'))
    const connection = await connect(scripts, (port) => `failover:(tcp://127.0.0.1:${port})`)
    const consuming = await connection.createSession('auto')
    const transacted = await connection.createSession('transacted')
    const consumer = await consuming.createConsumer('T.FO')
    await consuming.createTemporaryQueue()
    const producer = await consuming.createProducer('T.FO')
    const transactedProducer = await transacted.createProducer('T.FO')
    const [before, inside, after] = bodiesIn(scripts.slice(0, 1)).concat(bodiesIn(scripts.slice(1)).slice(1))
    await producer.send(before!)
    expect((await consumer.receive())!.text).toBe(before)
    await transactedProducer.send(inside!)
    await peer!.finished(0)

    const resumed = once(connection, 'transportResumed')
    peer!.cut(0)
    expect(await resumed).toEqual([`tcp://127.0.0.1:${peer!.port}`])
    await transacted.commit()
    // The transcript acknowledges after it has sent.
    await producer.send(after!)
    expect((await consumer.receive())!.text).toBe(inside)
    expect((await consumer.receive())!.text).toBe(after)
    await connection.close()
    await peer!.finished(1)
    const [first, second] = sentIn(scripts)
    expect(withoutTime(peer!.received[0]!)).toEqual(withoutTime(first!))
    expect(withoutTime(restoredSorted(peer!.received[1]!))).toEqual(withoutTime(restoredSorted(second!)))
  })
})

/** The texts that the client sent, in order. */
const bodiesIn = (scripts: TranscriptFrame[][]): string[] =>
  scripts.flatMap((frames) =>
    frames
      .filter((frame) => frame.dir === 'C>B' && frame.fields._type === 'ActiveMQTextMessage')
      .map(({ fields }) => fields['$body'] as string),
  )

/**
 * In which order sessions are restored, and consumers get their prefetch back, carries no meaning: the Java client takes
 * it from hash tables.
 */
function restoredSorted(commands: Command[]): Command[] {
  const first = commands.findIndex(({ kind }) => kind === 'SessionInfo')
  const behind = commands.findIndex((command, index) => index > first && sessionOf(command) === null)
  const restored = commands.slice(first, behind)
  const controls = commands.filter(({ kind }) => kind === 'ConsumerControl')
  for (const part of [restored, controls]) part.sort((left, right) => sessionOf(left)! - sessionOf(right)!)
  return [...commands.slice(0, first), ...restored, ...commands.slice(behind)].map((command) =>
    command.kind === 'ConsumerControl' ? controls.shift()! : command,
  )
}

/** The session that a command restores; null when it is none of those. */
function sessionOf(command: Command): number | null {
  if (command.kind === 'SessionInfo') return Number(command.sessionId!.value)
  if (command.kind === 'ProducerInfo') return Number(command.producerId!.sessionId)
  if (command.kind === 'ConsumerInfo' || command.kind === 'ConsumerControl')
    return Number(command.consumerId!.sessionId)
  return null
}
