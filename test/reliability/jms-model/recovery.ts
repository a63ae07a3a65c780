// After a crash: is what the store has one of the things that it may have? Goes through the book of the life before, and writes
// that of the life that begins.
import type { Message } from '../../../broker/message/message.ts'
import { StoredMessage } from '../../../broker/message/stored-message.ts'
import { subscriptionHolder } from '../../../broker/store/held-message.ts'
import type { FoundMessage, RecoveredState, RecoveredSubscription } from '../../../broker/store/message-store.ts'
import { destinationOfHolder, priorityOfHolder } from '../../../broker/store/priority-holder.ts'
import { check } from '../queue-book.ts'
import { findCopy, isExpired, nameOf, type Book, type BookTransaction, type Copy, type Place } from './book.ts'
import type { DurableSubscription, DurableSubscriptions, Terms } from './durable-subscriptions.ts'
import type { JmsModel } from './model.ts'
import { isPrioritized, wishes } from './universe.ts'

interface Before {
  readonly book: Book
  readonly durables: DurableSubscriptions
}

/** What is known of a copy that was found. */
interface Found {
  readonly copy: Copy
  readonly message: Message
  readonly sequence: number
}

export async function recover(before: Before, recovered: RecoveredState, model: JmsModel): Promise<void> {
  const found = new Map<Place, Found[]>()
  for (const { name, messageCount } of recovered.queues) {
    const place = before.book.queue(destinationOfHolder(name))
    const stored = await model.world.stored(name)
    check(
      stored.length === messageCount,
      () => `${name} recovered ${messageCount} messages, ${stored.length} can be read`,
    )
    addFound(
      found,
      place,
      stored.map((one) => known([place], one)),
      name,
    )
  }
  /** Places of which nobody can say what they have. */
  const unsure = new Set<Place>()
  const groups = groupsOf(recovered.subscriptions)
  for (const [key, group] of groups) await recoverSubscription(before, key, group, found, unsure, model)
  for (const subscription of before.durables) {
    const key = before.durables.keyOf(subscription)
    if (before.durables.versions.has(key)) for (const place of subscription.places.values()) unsure.add(place)
    else check(groups.has(key), () => `The subscription ${key} is lost`)
  }
  const copies = [...found.values()].flat().map(({ copy }) => copy)
  const present = new Set(copies)
  const twice = copies.find((copy, index) => copies.indexOf(copy) < index)
  check(!twice, () => `${nameOf(twice!)} is there twice`)
  const isSure = ({ certain, stored, place }: Copy): boolean =>
    certain && stored && place.kind !== 'subscriber' && !place.deleted && !unsure.has(place)
  const nowMs = model.world.clock.nowMs()
  const outcomes = new Map<BookTransaction, boolean>()
  for (const transaction of before.book.committing)
    if (transaction.state === 'committing') outcomes.set(transaction, outcomeOf(transaction, present, isSure, nowMs))
  for (const place of before.book.places())
    for (const copy of place.copies.values())
      if (place.kind !== 'subscriber' && !unsure.has(place)) checkPresence(copy, present, outcomes, nowMs)
  for (const sent of before.book.outstanding)
    if (!sent.transaction && sent.persistent && sent.expiration === 0)
      checkWhole(sent.copies.filter(isSure), present, model.world.hasHad(sent.producer, sent.number))
  for (const [place, messages] of found) if (place.kind === 'queue') writeDown(model.book, place, messages)
}

async function recoverSubscription(
  { durables }: Before,
  key: string,
  group: readonly RecoveredSubscription[],
  found: Map<Place, Found[]>,
  unsure: Set<Place>,
  model: JmsModel,
): Promise<void> {
  const { topic: stated, selector, noLocal, clientId, name: subscriptionName } = statedOf(group)
  const name = destinationOfHolder(stated)
  const wish = wishes.find((one) => one.selector === selector) ?? null
  const terms: Terms = { destination: { kind: 'topic', name }, wish, noLocal }
  const versions = durables.versions.get(key)
  const candidates = versions
    ? versions.flatMap(({ subscription }) => (subscription && isLike(subscription, terms) ? [subscription] : []))
    : [durables.find(clientId, subscriptionName)].filter((one) => one !== undefined && isLike(one, terms))
  check(candidates.length > 0, () => `The subscription ${key} to ${name} came back although it is gone, or another one`)
  const made = model.durables.make(clientId, subscriptionName, terms)
  model.figures.recoveredSubscriptions++
  for (const { topic } of group) {
    const places = (candidates as DurableSubscription[]).flatMap(
      ({ places: all }) => all.get(destinationOfHolder(topic)) ?? [],
    )
    if (places.length === 0) continue
    const stored = await model.world.storedFor(subscriptionHolder(topic, clientId, subscriptionName))
    const messages = stored.map((one) => known(places, one))
    if (versions) for (const place of places) unsure.add(place)
    addFound(found, places[0]!, messages, topic)
    const target = made.places.get(destinationOfHolder(topic))!
    // What was sent in a transaction before it began is stored for it, wanted or not.
    for (const one of messages) addWaiting(model.book, target, one).certain = !wish || wish.wants(one.copy.sent)
  }
}

/** What goes by priority has a holder for each. */
function addFound(found: Map<Place, Found[]>, place: Place, messages: readonly Found[], holder: string): void {
  const priority = priorityOfHolder(holder)
  if (isPrioritized(place.destination))
    for (const { copy } of messages)
      check(copy.sent.priority === priority, () => `${nameOf(copy)} came back with priority ${priority}`)
  found.set(place, [...(found.get(place) ?? []), ...messages])
}

/** The newest of those that it may belong to. */
function known(places: readonly Place[], { sequence, bytes }: FoundMessage): Found {
  const message = StoredMessage.scan(bytes)
  const { messageId, originalDestination } = message
  const copy = places.map((place) => findCopy(place, messageId, originalDestination, sequence)).findLast(Boolean)
  check(
    copy !== undefined,
    () => `${message.messageId} came back to ${places[0]!.name} although it was acknowledged (or never sent)`,
  )
  const { sent } = copy
  check(sent.persistent, () => `${nameOf(copy)} came back although it is not persistent`)
  check(sent.transaction?.state !== 'open', () => `${nameOf(copy)} came back although its transaction was open`)
  check(sent.transaction?.state !== 'rolledBack', () => `${nameOf(copy)} came back although it was rolled back`)
  const same = copy.sequence === 0 || copy.sequence === sequence || copy.dueMs > 0
  check(same, () => `${nameOf(copy)} came back with sequence ${sequence}`)
  return { copy, message, sequence }
}

/** Whether a commit that was not answered happened; as a whole. */
function outcomeOf(
  transaction: BookTransaction,
  present: ReadonlySet<Copy>,
  isSure: (copy: Copy) => boolean,
  nowMs: number,
): boolean {
  const signs: string[] = []
  const sign = (happened: boolean, copy: Copy): void => void signs.push(`${happened ? 'yes' : 'no'} (${nameOf(copy)})`)
  for (const { copies, persistent } of transaction.sends)
    for (const copy of copies) if (persistent && isSure(copy) && !isExpired(copy, nowMs)) sign(present.has(copy), copy)
  // One that was given away before it was written tells nothing by not being there.
  for (const copy of transaction.acknowledged)
    if (copy.sent.persistent && isSure(copy) && (copy.durable || present.has(copy))) sign(!present.has(copy), copy)
  const happened = signs.some((text) => text.startsWith('yes'))
  check(
    !happened || signs.every((text) => text.startsWith('yes')),
    () => `Half of ${transaction.id} was recovered: ${signs.join(', ')}`,
  )
  return happened
}

function checkPresence(
  copy: Copy,
  present: ReadonlySet<Copy>,
  outcomes: ReadonlyMap<BookTransaction, boolean>,
  nowMs: number,
): void {
  const { sent, letter, place, state, durable, certain, transaction } = copy
  const isHere = present.has(copy)
  if (letter) {
    const isBuried = present.has(letter)
    check(!(isHere && isBuried && sent.persistent), () => `${nameOf(copy)} is in its queue and a dead letter`)
    // The letter may have been taken, or given up in its turn, before anybody could say that it was durable.
    const wasTaken = letter.state === 'leaving' || letter.state === 'gone'
    if (sent.persistent && durable)
      check(isHere || isBuried || wasTaken, () => `${nameOf(copy)} is lost on its way to the letters`)
    return
  }
  if (!copy.stored || !durable || !certain || isHere) return
  if (transaction && outcomes.has(transaction)) return
  if (place.kind === 'durable' && isExpired(copy, nowMs)) return
  const isPutOff = state === 'coming' && copy.dueMs > 0
  check(state === 'leaving' || (state === 'coming' && !isPutOff), () => `${nameOf(copy)} is lost`)
}

/** All places have what was sent to them in one write; and who sends again what is known has lost nothing. */
function checkWhole(copies: readonly Copy[], present: ReadonlySet<Copy>, isKnown: boolean): void {
  const coming = copies.filter(({ state, dueMs }) => state === 'coming' && dueMs === 0)
  const missing = coming.find((copy) => !present.has(copy))
  if (!missing) return
  const there = copies.find((copy) => present.has(copy) || copy.state !== 'coming')
  check(!there || copies.length === 1, () => `${nameOf(missing)} is missing, but ${nameOf(there!)} was there`)
  check(!isKnown, () => `${nameOf(missing)} is missing, but its repetition would be a duplicate`)
}

function writeDown(book: Book, { destination }: Place, messages: readonly Found[]): void {
  const place = book.queue(destination.name)
  book.countsOf(destination.name).recovered = messages.length
  for (const one of messages) addWaiting(book, place, one)
}

function addWaiting(book: Book, place: Place, { copy: old, message, sequence }: Found): Copy {
  const sent = { ...old.sent, transaction: null, copies: [], topics: [], outstanding: false }
  const copy = book.add(sent, place, true, old.key)
  copy.state = 'waiting'
  copy.arrived = true
  copy.durable = true
  copy.sequence = sequence
  if (message.arrival === 0) return copy
  copy.redeliveries = message.redeliveryCounter
  check(copy.redeliveries <= old.redeliveries, () => `${nameOf(old)} came back with counter ${copy.redeliveries}`)
  copy.dueMs = copy.dueByMs = message.arrival
  return copy
}

function groupsOf(subscriptions: readonly RecoveredSubscription[]): Map<string, RecoveredSubscription[]> {
  const groups = new Map<string, RecoveredSubscription[]>()
  for (const one of subscriptions) {
    const key = `${one.clientId} ${one.name}`
    groups.set(key, [...(groups.get(key) ?? []), one])
  }
  return groups
}

/** One to several topics has a record of its own, under what was subscribed to. */
const statedOf = (group: readonly RecoveredSubscription[]): RecoveredSubscription =>
  group.find(({ topic }) => /[,*>]/.test(topic)) ?? group[0]!

const isLike = (known: Terms, { destination, wish, noLocal }: Terms): boolean =>
  known.destination.name === destination.name && known.wish === wish && known.noLocal === noLocal
