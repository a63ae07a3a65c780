// The Java programs that record, compiled against the stock ActiveMQ 5.17 whose classes they call.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { activemqJars } from '../../support/activemq-broker.ts'
import { compileJava } from '../../support/java-clients.ts'
import { startJava, type JavaProcess } from '../../support/java-process.ts'
import { fieldTable } from './field-table.ts'

/** It has the marshallers of all versions from 1 on. */
export const recordedActivemq = '5.17.2'

const cache = process.env.FLOTILLA_INTEROP_CACHE ?? join(homedir(), '.cache', 'flotilla-interop')
/** Ids begin with the name of the machine, which is nobody's business. */
const options = ['-Xmx512m', '-Dactivemq.idgenerator.hostname=recorder']

export interface RecorderJava {
  /** The table of fields, for programs that want it. */
  readonly table: string
  /** For what they put on disk meanwhile. */
  readonly scratch: string
  start(...args: readonly string[]): JavaProcess
}

/** Throws with what is missing to compile or run them. */
export async function withRecorderJava<T>(body: (java: RecorderJava) => Promise<T>): Promise<T> {
  const jars = activemqJars(recordedActivemq)
  const sources = join(import.meta.dirname, '..', 'java', 'recorder')
  const classpath = [compileJava(sources, jars, join(cache, `recorder-${recordedActivemq}`)), ...jars].join(delimiter)
  const scratch = mkdtempSync(join(tmpdir(), 'flotilla-recorder-'))
  const table = join(scratch, 'fields.txt')
  writeFileSync(table, fieldTable())
  try {
    return await body({ table, scratch, start: (...args) => startJava(classpath, args, { options }) })
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}
