// ActiveMQ 5.17 with its store and its lock in a database, as a process (../interop/java/jdbc/JdbcBroker.java); with the drivers and the pool that
// Debian packages.
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { activemqJars } from './activemq-broker.ts'
import { compileJava, debianJars } from './java-clients.ts'
import { startJava, type JavaProcess } from './java-process.ts'

const cache = process.env.FLOTILLA_INTEROP_CACHE ?? join(homedir(), '.cache', 'flotilla-interop')
const sources = join(import.meta.dirname, '..', 'interop', 'java')
const version = '5.17.2'

/** With the packages that bring them, but for libactivemq-java. */
const jdbcJars = [
  'activemq-jdbc-store',
  'commons-dbcp2', // libcommons-dbcp2-java
  'commons-pool2',
  'commons-logging',
  'postgresql', // libpostgresql-jdbc-java
  'mariadb-java-client', // libmariadb-java
  'jaxb-api', // libjaxb-api-java: prepared branches need its javax.xml.bind.DatatypeConverter
]

export interface ActivemqOnJdbcOptions {
  /** JDBC, with user and password. */
  readonly url: string
  readonly port: number
  readonly name?: string
  /** Arguments of the program besides these: NAME=VALUE. */
  readonly settings?: readonly string[]
}

/** It starts faster so, and works for seconds only. */
const quickStart = ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1']

/** Of the Java programs of this suite, with the broker, its client and all drivers; throws with what is missing. */
export function jdbcClasspath(): string {
  const jars = [...activemqJars(version), ...debianJars(jdbcJars)]
  const clients = compileJava(sources, jars, join(cache, `comparison-jdbc-${version}`))
  const programs = compileJava(join(sources, 'jdbc'), [clients, ...jars], join(cache, `jdbc-${version}`))
  return [programs, clients, ...jars].join(delimiter)
}

/** MariaDB's driver has a name that ActiveMQ does not know; as its documentation has it for that. */
export const knownAdapter = (url: string): readonly string[] =>
  url.startsWith('jdbc:postgresql:') ? [] : ['adapter=MySqlJDBCAdapter']

export class ActivemqOnJdbc {
  readonly url: string
  readonly #java: JavaProcess

  /** Waits for the lock when another broker has it. */
  constructor({ url, port, name = 'activemq', settings = [] }: ActivemqOnJdbcOptions, options = quickStart) {
    this.url = `tcp://127.0.0.1:${port}`
    this.#java = startJava(jdbcClasspath(), ['JdbcBroker', `name=${name}`, `port=${port}`, `url=${url}`, ...settings], {
      options,
    })
  }

  get pid(): number {
    return this.#java.pid
  }

  get lines(): readonly string[] {
    return this.#java.lines
  }

  /** Its lock is had and clients can connect. */
  async started(): Promise<this> {
    await this.#java.line((line) => line === 'started')
    return this
  }

  /** As an operator stops it, so that the next one has the lock at once. */
  async stop(): Promise<void> {
    this.#java.end()
    await this.#java.ended
  }

  async kill(): Promise<void> {
    this.#java.kill()
    await this.#java.ended
  }
}
