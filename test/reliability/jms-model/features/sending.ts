// Sends to queues, topics, composites, virtual topics and lists of them; in transactions and outside.
import type { Destination } from '../../../../broker/message/destination.ts'
import type { ModelClient, SendChoice } from '../client.ts'
import type { Feature } from '../feature.ts'
import type { JmsModel } from '../model.ts'
import { sentTo } from '../universe.ts'

/** More of them would make every step slow and find nothing else. */
const mostMessages = 250

export const sending: Feature = {
  commands: {
    send: { weight: 34, run: (client, model) => withRoom(client, model, () => client.send(chosen(model))) },
    transact: {
      weight: 14,
      run: (client, model) => withRoom(client, model, () => client.sendInTransaction(chosen(model))),
    },
    end: {
      weight: 9,
      run: (client, model) => (model.chance(0.75) ? client.commit() : client.rollBack()),
    },
  },
}

/** Unless there are enough. */
export function withRoom(client: ModelClient, model: JmsModel, send: () => void): void {
  if (!client.paused && model.waiting < mostMessages) send()
}

export function chosen(model: JmsModel, from: readonly Destination[] = sentTo): SendChoice {
  const destination = model.pick(from)
  const persistent = model.chance(0.65)
  // What is put off begins its time to live anew; the model does not go there.
  const mayExpire = !destination.name.includes('R.') && model.chance(0.1)
  return {
    destination,
    persistent,
    expiration: mayExpire ? model.world.clock.nowMs() + model.pick([-5, 1, 150, 1500, 20_000]) : 0,
    bodyBytes: model.chance(0.92) ? model.below(60) : model.below(persistent ? 6000 : 30_000),
  }
}
