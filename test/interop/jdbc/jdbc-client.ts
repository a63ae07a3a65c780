// The Java program that fills brokers and empties them (java/jdbc/JdbcClient.java).
import { jdbcClasspath } from '../../support/activemq-on-jdbc.ts'
import { startJava } from '../../support/java-process.ts'

export interface ClientOptions {
  /** Durable subscribers of topics that go by priority. */
  readonly durableByPriority: boolean
}

/** Obeys the commands in turn; resolves with what it said besides. Throws when it failed in one. */
export async function runClient(
  url: string,
  commands: readonly string[],
  { durableByPriority }: ClientOptions,
): Promise<readonly string[]> {
  const client = startJava(jdbcClasspath(), ['JdbcClient', url, `durable-by-priority=${durableByPriority}`], {
    options: ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'],
  })
  try {
    for (const command of commands) {
      client.write(`${command}\n`)
      const end = await client.line((line) => /^(done|failed .*)$/.test(line))
      if (end !== 'done') throw new Error(`${command} of ${url} ${end}`)
    }
  } finally {
    client.kill()
    await client.ended
  }
  return client.lines.filter((line) => line !== 'done')
}
