// Our TypeScript client and the stock Java client read what the other has written: every kind of body with every type of
// property, compressed or not on either side. The Java client makes each message anew out of what it has read
// (MessageMirror.java), so that a message which comes back as it went has been understood by both.
import type { OutgoingMessage, SendOptions } from '../../broker/client/index.ts'
import { createConnectionFactory, type ReceivedMessage } from '../../broker/client/index.ts'
import type { MessageValue } from '../../broker/client/message-value.ts'
import { startJava, type JavaProcess } from '../support/java-process.ts'
import type { JavaClient } from '../support/java-clients.ts'
import { describeMessage } from './message-description.ts'

type Report = (ok: boolean, name: string, detail?: string) => void

/** Two-byte and three-byte characters, one beyond the BMP, a zero, half a pair. */
const oddText = 'größe € 🚀 \u0000 \ud800 end'
/**
 * What the Java client reads in properties and map entries, also of its own: no zeros and no surrogates in texts that are not
 * big (hawtbuf's UTF8Buffer takes them for plain UTF-8).
 */
const plainText = 'größe €'
/** From here on the Java client writes another type for it. */
const bigText = 'ä'.repeat(8191)

const values: Readonly<Record<string, MessageValue>> = {
  boolean: true,
  byte: { type: 'byte', value: -128 },
  short: { type: 'short', value: -32_768 },
  int: -(2 ** 31),
  long: 2n ** 63n - 1n,
  longOfNumber: 2 ** 40,
  float: { type: 'float', value: 0.1 },
  double: Math.PI,
  infinite: -Infinity,
  notANumber: NaN,
  char: { type: 'char', value: '€' },
  text: plainText,
  bigText,
  emptyText: '',
  nothing: null,
}

const nested: Readonly<Record<string, MessageValue>> = {
  list: { type: 'list', value: [1, 'two', { type: 'list', value: [true, null] }] },
  map: {
    type: 'map',
    value: { 'a b': { type: 'short', value: 1 }, deep: { type: 'map', value: { text: plainText } } },
  },
}

/** A java.lang.String, as the Java client serializes it. */
const serialized = Buffer.from('aced00057400066f626a65637479', 'hex')

const bodies: Readonly<Record<string, OutgoingMessage>> = {
  'no body': {},
  text: { body: oddText },
  'empty text': { body: '' },
  'null text': { kind: 'text', body: null },
  'big text': { body: bigText.repeat(3) },
  bytes: { body: Buffer.from(Array.from({ length: 5000 }, (_, index) => index & 255)) },
  'no bytes': { kind: 'bytes', body: null },
  'empty bytes': { body: Buffer.alloc(0) },
  map: { body: { ...values, ...nested, bytes: Buffer.from([0, 255]) } },
  'empty map': { body: {} },
  stream: { body: [...Object.values(values), oddText, Buffer.from([0, 255]), Buffer.alloc(0)] },
  'empty stream': { body: [] },
  object: { kind: 'object', body: serialized },
  'no object': { kind: 'object', body: null },
  blob: { kind: 'blob', body: { url: 'http://files.example/1', mimeType: 'text/plain' } },
  'blob of the broker': { kind: 'blob', body: { url: 'http://files.example/2', deletedByBroker: true } },
}

const properties: Readonly<Record<string, MessageValue>> = { ...values, ...nested, bytes: Buffer.from([0, 255]) }

const compressing = 'jms.useCompression=true'
const ours = ['', compressing, `${compressing}&wireFormat.tightEncodingEnabled=true&wireFormat.cacheEnabled=true`]
const theirs = ['', compressing]
const longestWaitMs = 20_000

/** `broker` is a URL without options. */
export async function checkMessages(client: JavaClient, broker: string, report: Report): Promise<void> {
  for (const [run, query] of ours.entries())
    for (const mirrorQuery of theirs) {
      const queue = `MIRROR.${run}.${mirrorQuery.length}`
      const mirror = startJava(client.classpath, ['MessageMirror', `${broker}?${mirrorQuery}`, queue, `${queue}.BACK`])
      try {
        await mirror.line((line) => line === 'mirroring')
        const wire = query.includes('tight') ? 'tight and cached' : 'loose'
        const sides = `${compression(query)} here, ${compression(mirrorQuery)} there, ${wire}`
        const compressed = await exchange(`${broker}?${query}`, queue, mirror, (ok, body, detail) =>
          report(ok, `${client.version} ${body}, ${sides}`, detail),
        )
        report(compressed === (mirrorQuery === compressing), `${client.version} Java compresses as asked, ${sides}`)
      } finally {
        mirror.kill()
        await mirror.ended
      }
    }
}

const compression = (query: string): string => (query.includes(compressing) ? 'compressed' : 'plain')

/** Sends all there is, and holds what Java said of it, and what came back, against what was sent. True when some came compressed. */
async function exchange(url: string, queue: string, mirror: JavaProcess, report: Report): Promise<boolean> {
  const connection = await createConnectionFactory(url).createConnection()
  connection.start()
  const session = await connection.createSession('auto')
  const producer = await session.createProducer(`queue://${queue}`)
  const direct = await session.createProducer(`queue://${queue}.DIRECT`)
  const received = await session.createConsumer(`queue://${queue}.DIRECT`)
  const replies = await session.createConsumer(`queue://${queue}.BACK`)
  let compressed = false
  try {
    for (const [name, body] of Object.entries(bodies)) {
      const types = Object.keys(properties)
      await Promise.all(
        types.flatMap((type, index) => {
          const message = { ...body, ...headers(index), properties: { [type]: properties[type]! } }
          return [direct.send(message, sendOptions(index)), producer.send(message, sendOptions(index))]
        }),
      )
      const wrong: string[] = []
      for (const type of types) {
        const sent = (await received.receive(longestWaitMs))!
        const told = await mirror.line((line) => /^(got|failed) /.test(line))
        const back = told.startsWith('got ') ? await replies.receive(longestWaitMs) : null
        wrong.push(...differences(type, sent, told, back))
        compressed ||= back?.command.compressed ?? false
      }
      report(wrong.length === 0, `${name} with ${types.length} types of property`, wrong[0])
    }
    return compressed
  } finally {
    await connection.close()
  }
}

function differences(type: string, sent: ReceivedMessage, told: string, back: ReceivedMessage | null): string[] {
  const wanted = describeMessage(sent)
  if (told !== `got ${wanted}`) return [`property ${type}: Java ${difference(`got ${wanted}`, told)}`]
  if (back === null) return [`property ${type}: nothing came back`]
  // Java reads bytes as a property, but sets none; and it compresses as its own connection says.
  const comparable = (text: string): string =>
    (type === 'bytes' ? text.replace(/ \{[^}]*=bytes:00ff\}/, ' {}') : text).replace(/ (compressed|plain)$/, '')
  const [went, came] = [comparable(wanted), comparable(describeMessage(back))]
  return came === went ? [] : [`property ${type}: back ${difference(went, came)}`]
}

function difference(wanted: string, got: string): string {
  let at = 0
  while (wanted[at] === got[at]) at++
  const around = (text: string): string => text.slice(Math.max(0, at - 60), at + 60)
  return `wanted …${around(wanted)}…, got …${around(got)}…`
}

/** Every second message has none. */
const headers = (index: number): OutgoingMessage =>
  index % 2 === 0
    ? {}
    : { correlationId: oddText, type: 'kind', replyTo: 'topic://R', groupId: 'group', groupSequence: index }

const sendOptions = (index: number): SendOptions => ({
  priority: index % 10,
  deliveryMode: index % 3 === 0 ? 'persistent' : 'non-persistent',
  timeToLive: index % 2 === 0 ? 0 : 3_600_000,
})
