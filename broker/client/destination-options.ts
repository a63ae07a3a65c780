// Options behind a destination's name: `QUEUE?consumer.prefetchSize=10&consumer.exclusive=true`. They never reach the broker: as in
// ActiveMQ's client (ActiveMQDestination, ActiveMQMessageConsumer, ActiveMQMessageProducer) those that begin with `consumer.` are
// for consumers, those with `producer.` for producers, each refused there when it is not known; all others are passed over.
import { aBoolean, aNonEmptyText, aText, aWholeNumber, refused, type Accepted } from './given.ts'
import type { JmsErrorClass } from './jms-error.ts'

export type DestinationOptions = ReadonlyMap<string, string>

/** Name and options of a destination's text. Throws JmsError for what is not encoded as in a URL. */
export function splitOptions(
  text: string,
  what: string,
): { readonly name: string; readonly options: DestinationOptions } {
  const at = text.indexOf('?')
  if (at < 0) return { name: text, options: none }
  const options = new Map<string, string>()
  for (const part of text.slice(at + 1).split('&')) {
    const [name = '', ...rest] = part.split('=')
    if (name !== '') options.set(decoded(name, what), decoded(rest.join('='), what))
  }
  return { name: text.slice(0, at), options }
}

/** What consumers may be told in the name of their destination. */
export interface ConsumerNameOptions {
  readonly prefetchSize?: number
  readonly exclusive?: boolean
  readonly priority?: number
  readonly noLocal?: boolean
  readonly retroactive?: boolean
  readonly selector?: string
  readonly subscriptionName?: string
  readonly dispatchAsync?: boolean
  readonly maximumPendingMessageLimit?: number
}

export interface ProducerNameOptions {
  readonly dispatchAsync?: boolean
}

const anInteger = 2 ** 31 - 1

const consumerOptions: Readonly<Record<keyof ConsumerNameOptions, Accepted>> = {
  prefetchSize: aWholeNumber(0, anInteger),
  exclusive: aBoolean,
  priority: aWholeNumber(-128, 127),
  noLocal: aBoolean,
  retroactive: aBoolean,
  selector: aText,
  subscriptionName: aNonEmptyText,
  dispatchAsync: aBoolean,
  maximumPendingMessageLimit: aWholeNumber(-1, anInteger),
}

const producerOptions: Readonly<Record<keyof ProducerNameOptions, Accepted>> = { dispatchAsync: aBoolean }

export const consumerOptionsOf = (options: DestinationOptions, what: string): ConsumerNameOptions =>
  optionsWith('consumer.', options, what, consumerOptions)

export const producerOptionsOf = (options: DestinationOptions, what: string): ProducerNameOptions =>
  optionsWith('producer.', options, what, producerOptions)

const none: DestinationOptions = new Map()
const className: JmsErrorClass = 'org.apache.activemq.ConfigurationException'

function optionsWith(
  prefix: string,
  options: DestinationOptions,
  what: string,
  known: Readonly<Record<string, Accepted>>,
): Record<string, unknown> {
  const values: Record<string, unknown> = {}
  for (const [name, text] of options) {
    if (!name.startsWith(prefix)) continue
    // A bean's property, in Java.
    const property = name.charAt(prefix.length).toLowerCase() + name.slice(prefix.length + 1)
    const accepted = Object.hasOwn(known, property) ? known[property] : undefined
    if (!accepted) throw refused(what, `option ${name}`, text, Object.keys(known).join(', '), className)
    const value = valueOf(text, accepted)
    if (!accepted.test(value)) throw refused(what, `option ${name}`, text, accepted.accepts, className)
    values[property] = value
  }
  return values
}

function valueOf(text: string, accepted: Accepted): unknown {
  if (accepted.test(text)) return text
  if (/^(true|false)$/i.test(text)) return text.toLowerCase() === 'true'
  return /^-?\d+$/.test(text) ? Number(text) : text
}

function decoded(text: string, what: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    throw refused(
      what,
      'destination',
      text,
      'options that are encoded as in a URL',
      'javax.jms.InvalidDestinationException',
    )
  }
}
