// The stock ActiveMQ Java clients that the interop runs use, unchanged: 5.17 as Debian packages it, newer ones from
// Maven Central; fetched once into a cache outside the repository, and our Java sources compiled against each.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'

export interface JavaClient {
  readonly version: string
  /** Stock client, its dependencies, and our compiled classes. */
  readonly classpath: string
}

const cache = process.env.FLOTILLA_INTEROP_CACHE ?? join(homedir(), '.cache', 'flotilla-interop')
const sources = join(import.meta.dirname, 'java')
const debianFolder = '/usr/share/java'
const debianJars = [
  'activemq-client',
  'geronimo-jms_1.1_spec',
  'geronimo-j2ee-management-1.1-spec',
  'hawtbuf',
  'slf4j-api',
  'slf4j-nop',
]

export const clientVersions = ['5.17.2', '5.19.9', '6.3.1'] as const

/** Makes one client ready to run; throws with what is missing and how to get it. */
export function prepareJavaClient(version: (typeof clientVersions)[number]): JavaClient {
  const jars = version === '5.17.2' ? debianClient() : mavenClient(version)
  const classes = compile(version, jars)
  return { version, classpath: [classes, ...jars].join(delimiter) }
}

function debianClient(): string[] {
  const jars = debianJars.map((name) => join(debianFolder, `${name}.jar`))
  const missing = jars.filter((jar) => !existsSync(jar))
  if (missing.length > 0)
    throw new Error(
      `Cannot use the 5.17 client: ${missing.join(', ')} missing; "apt-get install libactivemq-java" brings them`,
    )
  return jars
}

function mavenClient(version: string): string[] {
  const folder = join(cache, version)
  const done = join(folder, '.complete')
  if (!existsSync(done)) {
    run('mvn', [
      '-q',
      '-B',
      '-f',
      join(sources, 'pom.xml'),
      `-Dclient.version=${version}`,
      'dependency:copy-dependencies',
      '-DincludeScope=runtime',
      `-DoutputDirectory=${folder}`,
    ])
    writeFileSync(done, '')
  }
  return readdirSync(folder)
    .filter((name) => name.endsWith('.jar'))
    .map((name) => join(folder, name))
}

/** Compiles once per version and state of the sources. */
function compile(version: string, jars: readonly string[]): string {
  const jakarta = version.startsWith('6.')
  const texts = readdirSync(sources)
    .filter((name) => name.endsWith('.java'))
    .map((name) => ({ name, text: readFileSync(join(sources, name), 'utf8') }))
  const hash = createHash('sha256').update(JSON.stringify(texts)).digest('hex').slice(0, 12)
  const folder = join(cache, `classes-${version}-${hash}`)
  if (existsSync(join(folder, '.complete'))) return folder
  const generated = join(folder, 'src')
  mkdirSync(generated, { recursive: true })
  for (const { name, text } of texts)
    writeFileSync(join(generated, name), jakarta ? text.replaceAll('javax.jms', 'jakarta.jms') : text)
  const files = texts.map(({ name }) => join(generated, name))
  run('javac', ['-nowarn', '-d', folder, '-cp', jars.join(delimiter), ...files])
  writeFileSync(join(folder, '.complete'), '')
  return folder
}

function run(command: string, args: readonly string[]): void {
  const result = spawnSync(command, args, { encoding: 'utf8' })
  if (result.status !== 0)
    throw new Error(
      `Cannot run ${command} ${args.join(' ')}: ${result.error?.message ?? `ended with ${result.status}`}\n${result.stdout}${result.stderr}`,
    )
}
