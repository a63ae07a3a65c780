// The jars of the ActiveMQ brokers that ours is compared with: 5.17 as Debian packages it, 6 from Maven Central.
import { homedir } from 'node:os'
import { join } from 'node:path'
import { debianJars, mavenJars } from './java-clients.ts'

const cache = process.env.FLOTILLA_BENCH_CACHE ?? join(homedir(), '.cache', 'flotilla-bench')
const pom = join(import.meta.dirname, '..', 'bench', 'java', 'activemq-pom.xml')

export const activemqVersions = ['5.17.2', '6.3.1'] as const
export type ActivemqVersion = (typeof activemqVersions)[number]

const debianBroker = [
  'activemq-broker',
  'activemq-client',
  'activemq-jaas',
  'activemq-kahadb-store',
  'activemq-openwire-legacy',
  'activemq-protobuf',
  'geronimo-jms_1.1_spec',
  'geronimo-j2ee-management-1.1-spec',
  'hawtbuf',
  'jackson-annotations',
  'jackson-core',
  'jackson-databind',
  'slf4j-api',
  'slf4j-nop',
]

/** Fetched unless they are there; throws with what is missing. The client is among them. */
export const activemqJars = (version: ActivemqVersion): string[] =>
  version === '5.17.2'
    ? debianJars(debianBroker)
    : mavenJars(pom, { 'broker.version': version }, join(cache, `activemq-broker-${version}`))
