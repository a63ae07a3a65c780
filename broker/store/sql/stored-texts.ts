// What texts the columns take: 250 characters (ActiveMQ: VARCHAR(250)), that are Unicode, and without what one of the databases refuses
// or takes for something else. Asked when the call comes: in a batch one bad text would fail what others wrote.
import { createHash } from 'node:crypto'
import type { MessageHolder, SubscriptionHolder } from '../held-message.ts'
import { destinationOfHolder } from '../priority-holder.ts'
import { tableLimits } from './limits.ts'

/** What forbids to store messages of this queue or topic, as a sentence. */
export function problemOfHolder({ kind, name }: MessageHolder): string | undefined {
  const destination = destinationOfHolder(name)
  return problemOf(`the name of ${kind} ${shown(destination)}`, `${kind}://${destination}`)
}

/** What the name of a destination can be in the tables, as near to this one as possible: for names that the broker makes itself. */
export function storableName(name: string): string {
  const room = tableLimits.columnCharacters - 'queue://'.length
  const characters = Array.from(name.toWellFormed().replaceAll('\u0000', '?'))
  return characters.slice(0, room).join('').trimEnd()
}

/** What forbids to store this durable subscription, as a sentence. */
export function problemOfSubscription({ topic, clientId, name }: SubscriptionHolder): string | undefined {
  const container = `topic://${destinationOfHolder(topic)}`
  return (
    problemOf(`the name of topic ${shown(destinationOfHolder(topic))}`, container) ??
    problemOf(`client id ${shown(clientId)}`, clientId) ??
    problemOf(`subscription name ${shown(name)}`, name) ??
    problemOfKey(container + clientId + name)
  )
}

/** What forbids to store this selector, as a sentence. */
export const problemOfSelector = (selector: string): string | undefined => problemOfCharacters('the selector', selector)

/** As ActiveMQ's column takes it. Its clients get too much of a longer one, not too little. */
export const selectorColumn = (selector: string | null): string | null =>
  selector === null || characterCount(selector) > tableLimits.columnCharacters ? null : selector

/** The id of a producer as the tables have it: that of most as it is, any other one shortened, with a hash that tells it from others. */
export function storedProducerId(id: string): string {
  if (id.length <= tableLimits.columnCharacters && isStorable(id)) return id
  const hash = createHash('sha256').update(id, 'utf16le').digest('base64url')
  const start = id.slice(0, tableLimits.columnCharacters - hash.length - 1).replaceAll('\u0000', '?')
  return `${start.toWellFormed()}#${hash}`
}

const isStorable = (text: string): boolean => text.isWellFormed() && !text.includes('\u0000') && !text.endsWith(' ')

function problemOf(what: string, text: string): string | undefined {
  const characters = characterCount(text)
  if (characters > tableLimits.columnCharacters)
    return `${what} takes ${characters} characters in the database, the most is ${tableLimits.columnCharacters}`
  // MySQL compares as if the shorter text had spaces behind it (PAD SPACE).
  if (text.endsWith(' ')) return `${what} ends with a space, which databases ignore`
  return problemOfCharacters(what, text)
}

const characterCount = (text: string): number =>
  text.length > tableLimits.columnCharacters ? Array.from(text).length : text.length

function problemOfCharacters(what: string, text: string): string | undefined {
  if (text.includes('\u0000')) return `${what} contains the character NUL, which databases refuse`
  if (!text.isWellFormed()) return `${what} is no Unicode: it contains half of a surrogate pair`
  return undefined
}

function problemOfKey(text: string): string | undefined {
  const bytes = Buffer.byteLength(text)
  return bytes > tableLimits.subscriptionKeyBytes
    ? `topic, client id and subscription name take ${bytes} bytes in the database, the most is ${tableLimits.subscriptionKeyBytes}`
    : undefined
}

/** Within an error's text. */
const shown = (text: string): string => JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text)
