// Texts in a queue: sent one after the other, each with its answer, and looked at without taking them.
import { createConnectionFactory, type Connection } from '../../broker/client/index.ts'

const queue = 'queue://TEXTS'

/** Resolves once all of them are answered; rejects when the connection is lost before. */
export const sendTexts = (url: string, ...texts: readonly string[]): Promise<void> =>
  withConnection(url, async (connection) => {
    const session = await connection.createSession('auto')
    const producer = await session.createProducer(queue)
    for (const text of texts) await producer.send(text)
  })

/** In the order of the queue. */
export const textsAt = (url: string): Promise<string[]> =>
  withConnection(url, async (connection) => {
    connection.start()
    const session = await connection.createSession('auto')
    const texts: string[] = []
    for await (const message of session.browse(queue)) texts.push(message.text ?? '')
    return texts
  })

async function withConnection<T>(url: string, body: (connection: Connection) => Promise<T>): Promise<T> {
  const connection = await createConnectionFactory(url).createConnection()
  try {
    return await body(connection)
  } finally {
    await connection.close().catch(() => {})
  }
}
