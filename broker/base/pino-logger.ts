// The logger of a process: pino's JSON lines for machines, or readable lines when a person is looking at a terminal.
//
//   {"level":"info","time":"2026-11-21T02:30:00.000Z","msg":"Became active","term":4}
//   02:30:00.000 INFO  Became active  term=4
//
// Nothing is buffered: the last line before a crash is the one that matters.
import { pino, type Logger as PinoLogger } from 'pino'
import { errorMessage, isError } from './errors.ts'
import type { LogFields, Logger } from './logger.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

export interface LoggerOptions {
  readonly level: LogLevel
  /** True for lines that a person reads. */
  readonly readable: boolean
  /** Where lines go; each call is one whole line with its line end. Default: standard output. */
  readonly write?: (line: string) => void
}

export function createLogger({ level, readable, write }: LoggerOptions): Logger {
  const sink = write ?? ((line: string) => void process.stdout.write(line))
  const destination = { write: readable ? (line: string) => sink(readableLine(line)) : sink }
  return wrap(
    pino(
      {
        level,
        base: null,
        timestamp: () => `,"time":"${new Date().toISOString()}"`,
        formatters: { level: (label) => ({ level: label }) },
      },
      destination,
    ),
  )
}

function wrap(logger: PinoLogger): Logger {
  return {
    debug: (message, fields) => logger.debug(plain(fields), message),
    info: (message, fields) => logger.info(plain(fields), message),
    warn: (message, fields) => logger.warn(plain(fields), message),
    error: (message, fields) => logger.error(plain(fields), message),
    child: (fields) => wrap(logger.child(plain(fields))),
  }
}

/** Errors become their text: an operator searches for the sentence, not for a stack. Unexpected ones keep the stack. */
function plain(fields: LogFields | undefined): Record<string, unknown> {
  const result: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(fields ?? {})) result[key] = isError(value) ? errorText(value) : value
  return result
}

const errorText = (error: Error): string =>
  'code' in error || error.stack === undefined ? errorMessage(error) : error.stack

function readableLine(json: string): string {
  const { level, time, msg, ...fields } = JSON.parse(json) as { level: string; time: string; msg: string }
  const values = Object.entries(fields)
    .map(([key, value]) => ` ${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join('')
  return `${time.slice(11, 23)} ${level.toUpperCase().padEnd(5)} ${msg}${values === '' ? '' : ` ${values}`}\n`
}
