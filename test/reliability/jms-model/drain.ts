// The end of a world: everybody goes, each queue and each subscription is emptied, and nothing may be left: no message, no byte of
// memory, no timer.
import { destinationLimits } from '../../../broker/destination/limits.ts'
import { check } from '../queue-book.ts'
import { isExpired } from './book.ts'
import { ModelClient } from './client.ts'
import { acknowledge } from './features/acknowledging.ts'
import type { JmsModel } from './model.ts'

/** What a broker runs for itself: besides those of the world, the look for inactive destinations. */
const ownTimers = 1
const prefetch = 1000

export async function drain(model: JmsModel): Promise<void> {
  const { world } = model
  model.note('drain')
  if (model.isDiskFull) await model.freeDisk()
  model.listen()
  for (const client of model.clients) client.close()
  model.clients = []
  await model.rest()
  // A sweep looks into the store of one queue after the other: the second one finds what the first had not got to.
  for (let sweep = 0; sweep < 2; sweep++) {
    world.advance(destinationLimits.expirySweepMs)
    await model.rest()
  }
  checkSwept(model)
  // What has expired there becomes dead letters.
  for (const { clientId, name } of Array.from(model.durables)) await drainSubscription(model, clientId, name)
  for (const { name, kind } of world.region.destinations()) if (kind === 'queue') await drainQueue(model, name)
  const { book } = model
  check(book.size === 0, () => `${book.size} messages are left`)
  const { messages } = world.store.statistics()
  check(messages === 0, () => `The store has ${messages} messages when nothing is left`)
  const { used } = world.region.memory()
  check(used === 0, () => `${used} bytes of memory are still accounted for when nothing is left`)
  check(world.leakedTimers === ownTimers, () => `${world.leakedTimers - ownTimers} timers are left`)
}

async function drainQueue(model: JmsModel, name: string): Promise<void> {
  const client = newClient(model, 'drainer')
  client.consume({ asked: { kind: 'queue', name }, prefetch, noLocal: false, wish: null })
  await takeAll(model, client, () => model.book.queue(name).copies.size)
  client.close()
  await model.rest()
}

/** By a consumer with its own terms; then it is deleted. */
async function drainSubscription(model: JmsModel, clientId: string, name: string): Promise<void> {
  const client = newClient(model, clientId)
  const known = model.durables.find(clientId, name)!
  const { destination: asked, wish, noLocal } = known
  client.subscribe(name, { asked, wish, noLocal, prefetch })
  const left = (): number => {
    let count = 0
    for (const { copies } of known.places.values())
      for (const copy of copies.values()) if (copy.certain && !isExpired(copy, model.world.clock.nowMs())) count++
    return count
  }
  await takeAll(model, client, left)
  client.closeConsumer(client.consumers[0]!, 'nothing')
  await model.rest()
  const told = model.world.region.subscriptionsPage(0, 1000).items
  const pending = told.find((one) => one.clientId === clientId && one.subscriptionName === name)?.pending
  check(pending === 0, () => `${name} of ${clientId} has ${pending} messages when it has taken all`)
  client.unsubscribe(known)
  client.close()
  await model.rest()
}

function newClient(model: JmsModel, clientId: string): ModelClient {
  const client = new ModelClient(model, model.newConnectionId(), clientId)
  model.clients = [client]
  return client
}

async function takeAll(model: JmsModel, client: ModelClient, left: () => number): Promise<void> {
  const [consumer] = client.consumers
  await model.rest()
  while (left() > 0) {
    const before = `${model.book.deliveries} ${left()}`
    const { dispatched } = consumer!
    if (dispatched.length > 0) {
      const last = dispatched.length - 1
      acknowledge(client, model, { consumer: consumer!, kind: 'standard', first: 0, last, isTransacted: false })
    }
    await model.rest()
    check(
      before !== `${model.book.deliveries} ${left()}`,
      () => `${left()} messages of ${consumer!.asked.name} cannot be drained`,
    )
  }
}

/** What waited and had expired is gone with the sweep; there is nobody who could have given it back since. */
function checkSwept({ book, world }: JmsModel): void {
  const sweptMs = world.clock.nowMs() - destinationLimits.expirySweepMs - 1
  for (const { copies } of book.queues.values())
    for (const copy of copies.values())
      check(
        copy.state !== 'waiting' || copy.returnedMs > sweptMs || !isExpired(copy, sweptMs),
        () => `${copy.key} of ${copy.place.name} has expired and still waits`,
      )
}
