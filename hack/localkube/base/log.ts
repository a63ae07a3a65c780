// What the stand-in tells its embedder. Messages are constant text, what varies goes into fields.

type LogLevel = 'debug' | 'info' | 'warn' | 'error'

export type Log = (level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>) => void

/** The message of anything that can be thrown (errors of another realm included). */
export function messageOf(error: unknown): string {
  if (typeof error === 'object' && error !== null && 'message' in error) return String(error.message)
  return String(error)
}
