// Takes the dead letters of all actors, each into the history of the actor that sent it.
import { createConnectionFactory, type Connection } from '../../../broker/client/index.ts'
import { pause, type Actor } from './actor.ts'
import { deadLetterQueues } from './actors.ts'
import { textOf, type World } from './client.ts'

const quietMs = 1500

export class LetterReader {
  readonly #connection: Connection
  #lastAtMs = Date.now()

  private constructor(connection: Connection) {
    this.#connection = connection
  }

  static async open({ url }: World, actors: readonly Actor[]): Promise<LetterReader> {
    const connection = await createConnectionFactory(url()).createConnection()
    const reader = new LetterReader(connection)
    const session = await connection.createSession('auto')
    for (const queue of deadLetterQueues) {
      const consumer = await session.createConsumer(`queue://${queue}`)
      consumer.setListener(({ properties: { id, actor, dlqDeliveryFailureCause: cause } }) => {
        reader.#lastAtMs = Date.now()
        const history = actors.find(({ name }) => name === actor)?.history
        history?.add({ what: 'letter', id: textOf(id), queue, cause: textOf(cause) })
      })
    }
    connection.start()
    return reader
  }

  /** When no more have come for a while. */
  async close(): Promise<void> {
    while (Date.now() - this.#lastAtMs < quietMs) await pause(100)
    await this.#connection.close()
  }
}
