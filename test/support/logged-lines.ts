// A logger that keeps what it is told.
import type { LogFields, Logger } from '../../broker/base/logger.ts'

type Level = 'debug' | 'info' | 'warn' | 'error'

export class LoggedLines implements Logger {
  readonly #lines: { readonly level: Level; readonly message: string; readonly fields: LogFields | undefined }[] = []

  debug(message: string, fields?: LogFields): void {
    this.#lines.push({ level: 'debug', message, fields })
  }

  info(message: string, fields?: LogFields): void {
    this.#lines.push({ level: 'info', message, fields })
  }

  warn(message: string, fields?: LogFields): void {
    this.#lines.push({ level: 'warn', message, fields })
  }

  error(message: string, fields?: LogFields): void {
    this.#lines.push({ level: 'error', message, fields })
  }

  child(): Logger {
    return this
  }

  /** Each with its fields. */
  of(level: Level): readonly (readonly [message: string, fields: LogFields | undefined])[] {
    return this.#lines.filter((line) => line.level === level).map(({ message, fields }) => [message, fields] as const)
  }
}
