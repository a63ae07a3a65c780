// The stock ActiveMQ Java clients that the interop and bench runs use, unchanged: 5.17 as Debian packages it, newer ones
// from Maven Central; fetched once into a cache outside the repository, and our Java sources compiled against each.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'

export interface JavaClient {
  readonly version: string
  /** Stock client, its dependencies, and our compiled classes. */
  readonly classpath: string
}

const cache = process.env.FLOTILLA_INTEROP_CACHE ?? join(homedir(), '.cache', 'flotilla-interop')
const clientPom = join(import.meta.dirname, '..', 'interop', 'java', 'pom.xml')
const debianFolder = '/usr/share/java'
const debianClient = [
  'activemq-client',
  'geronimo-jms_1.1_spec',
  'geronimo-j2ee-management-1.1-spec',
  'hawtbuf',
  'slf4j-api',
  'slf4j-nop',
]

export const clientVersions = ['5.17.2', '5.19.9', '6.3.1'] as const
export type ClientVersion = (typeof clientVersions)[number]

/** Clients that are in production since long and connect today; for them the core of JMS is tested. */
export const oldClientVersions = ['5.8.0', '5.11.4', '5.15.16'] as const
export type OldClientVersion = (typeof oldClientVersions)[number]

/** Makes one client ready to run the programs in `sources`; throws with what is missing and how to get it. */
export function prepareJavaClient(version: ClientVersion, sources: string): JavaClient {
  const jars = clientJars(version)
  const classes = compileJava(sources, jars, join(cache, `classes-${version}`), version.startsWith('6.'))
  return { version, classpath: [classes, ...jars].join(delimiter) }
}

/** The stock client and what it needs at run time; throws with what is missing and how to get it. */
export const clientJars = (version: ClientVersion | OldClientVersion): string[] =>
  version === '5.17.2'
    ? debianJars(debianClient)
    : mavenJars(clientPom, { 'client.version': version, ...logging(version) }, join(cache, version))

/** Those of before 5.17 log by SLF4J 1. */
const logging = (version: string): Readonly<Record<string, string>> =>
  oldClientVersions.some((old) => old === version) ? { 'slf4j.version': '1.7.36' } : {}

/** The jars that Debian's libactivemq-java and what it depends on have put on this machine. */
export function debianJars(names: readonly string[]): string[] {
  const jars = names.map((name) => join(debianFolder, `${name}.jar`))
  const missing = jars.filter((jar) => !existsSync(jar))
  if (missing.length > 0)
    throw new Error(
      `Cannot use ActiveMQ 5.17: ${missing.join(', ')} missing; "apt-get install libactivemq-java" brings them`,
    )
  return jars
}

/** The run-time dependencies of a pom, fetched into `folder` unless they are there. */
export function mavenJars(pom: string, properties: Readonly<Record<string, string>>, folder: string): string[] {
  const done = join(folder, '.complete')
  if (!existsSync(done)) {
    runTool('mvn', [
      '-q',
      '-B',
      '-f',
      pom,
      ...Object.entries(properties).map(([name, value]) => `-D${name}=${value}`),
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

/** Compiles the .java files of a folder, once per state of them and of the jars, into a folder that begins with `prefix`. */
export function compileJava(sources: string, jars: readonly string[], prefix: string, jakarta = false): string {
  const texts = readdirSync(sources)
    .filter((name) => name.endsWith('.java'))
    .map((name) => ({ name, text: readFileSync(join(sources, name), 'utf8') }))
  const hash = createHash('sha256')
    .update(JSON.stringify([texts, jars]))
    .digest('hex')
    .slice(0, 12)
  const folder = `${prefix}-${hash}`
  if (existsSync(join(folder, '.complete'))) return folder
  const generated = join(folder, 'src')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(generated, { recursive: true })
  for (const { name, text } of texts)
    writeFileSync(join(generated, name), jakarta ? text.replaceAll('javax.jms', 'jakarta.jms') : text)
  const files = texts.map(({ name }) => join(generated, name))
  runTool('javac', ['-nowarn', '-d', folder, '-cp', jars.join(delimiter), ...files])
  writeFileSync(join(folder, '.complete'), '')
  return folder
}

/** Runs a command to its end; throws with its output when it fails. */
export function runTool(command: string, args: readonly string[]): string {
  const result = spawnSync(command, args, { encoding: 'utf8' })
  if (result.status !== 0)
    throw new Error(
      `Cannot run ${command} ${args.join(' ')}: ${result.error?.message ?? `ended with ${result.status}`}\n${result.stdout}${result.stderr}`,
    )
  return result.stdout
}
