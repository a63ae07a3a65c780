// The configured memory limit in bytes: a size, or a share of what the process may use.
import { parseSize } from './duration-and-size.ts'

/** `text` as the schema accepts it: `60%` or `512Mi`. */
export function memoryLimitBytes(text: string, availableBytes: number): number {
  const percent = /^(\d+)%$/.exec(text)?.[1]
  if (percent !== undefined) return Math.floor((availableBytes * Number(percent)) / 100)
  const bytes = parseSize(text)
  if (bytes === undefined) throw new RangeError(`Cannot use memory limit ${text}: the schema accepts no such value`)
  return bytes
}
