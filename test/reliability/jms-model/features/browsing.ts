// Browsers: they come, look through a queue while others work with it, and go when they have seen the end, or before.
import { acknowledgementNamed } from '../../../support/acknowledgement.ts'
import { check } from '../../queue-book.ts'
import { Browse } from '../browse.ts'
import type { ModelClient } from '../client.ts'
import type { Feature } from '../feature.ts'
import type { JmsModel } from '../model.ts'
import { queueNames, wishes } from '../universe.ts'

const mostBrowsers = 4

export const browsing: Feature = {
  commands: {
    browse: {
      weight: 2,
      run: (client, model) => {
        if (model.browses.size >= mostBrowsers) return
        const asked = { kind: 'queue', name: model.pick(queueNames) } as const
        const prefetch = model.pick([1, 3, 30, 500])
        const wish = model.chance(0.2) ? model.pick(wishes) : null
        // What it may see is there before it comes.
        model.listen()
        const place = model.book.queue(asked.name)
        const id = client.browse({ asked, prefetch, wish, noLocal: false })
        model.browses.set(id, new Browse({ id, client, place, wish, prefetch }))
      },
    },
    browseOn: {
      weight: 6,
      run: (client, model) => {
        const browse = browseOf(client, model)
        const last = browse?.unacknowledged.at(-1)
        if (!browse || !last) return
        const type = model.pick(['standard', 'standard', 'poison', 'expired'] as const)
        model.note(`${browse.id} ${type}, all of ${browse.unacknowledged.length} that it sees`)
        const { message, sequence } = last
        const range = { messageId: message.messageId, sequence }
        const { length: messageCount } = browse.unacknowledged
        browse.unacknowledged = []
        client.connection.acknowledge(
          acknowledgementNamed(type, { consumerId: browse.id, last: range, messageCount })!,
          () => {},
        )
      },
    },
    stopBrowsing: {
      weight: 1.5,
      run: (client, model) => {
        const browse = browseOf(client, model)
        if (!browse) return
        model.note(`${browse.id} has looked enough`)
        model.browses.delete(browse.id)
        client.connection.removeConsumer(browse.id, 'unknown')
      },
    },
  },
  checkRest: ({ browses }) => {
    for (const browse of browses.values())
      check(browse.hasEnded || !browse.hasRoom, () => `${browse.id} is not shown what comes next, nor the end`)
  },
}

const browseOf = (client: ModelClient, { browses }: JmsModel): Browse | undefined =>
  [...browses.values()].find((one) => one.client === client)
