// Text of java.util.Properties, as its methods load and store have it: how brokers tell each other the settings of a bridge.
//
//   line    = white space, then "#" or "!" comment, or key separator value
//   key     up to the first "=", ":" or white space without "\" before it
//   "\"     before t, n, r, f: tab, line feed, return, form feed; before uXXXX: that character; before the end of a line: goes on with
//           the next one, without white space at its start; before anything else: that
//
// Only ASCII is written, so that nobody's character set matters.

/** Of those with the same key the last one counts. It never fails: a \u without four digits stays as it is. */
export function parseJavaProperties(text: string): Map<string, string> {
  const entries = new Map<string, string>()
  for (const line of logicalLines(text)) {
    const [key, value] = splitEntry(line)
    entries.set(unescaped(key), unescaped(value))
  }
  return entries
}

/** As Properties.store with an empty comment: a date stands above. */
export function formatJavaProperties(entries: Iterable<readonly [string, string]>, nowMs: number): string {
  let text = `#\n#${javaDate(nowMs)}\n`
  for (const [key, value] of entries)
    text += `${escaped(key).replaceAll(' ', '\\ ')}=${escaped(value).replace(/^ /, '\\ ')}\n`
  return text
}

function* logicalLines(text: string): Generator<string> {
  let begun: string | null = null
  for (const natural of text.split(/\r\n|\r|\n/)) {
    const line: string = natural.replace(/^[ \t\f]+/, '')
    if (begun === null && (line === '' || line.startsWith('#') || line.startsWith('!'))) continue
    const goesOn = isContinued(line)
    const whole: string = (begun ?? '') + (goesOn ? line.slice(0, -1) : line)
    if (!goesOn) yield whole
    begun = goesOn ? whole : null
  }
  if (begun !== null) yield begun
}

/** An odd number of backslashes stands at its end. Strangers send such lines: it looks at each character once. */
function isContinued(line: string): boolean {
  let count = 0
  while (line[line.length - 1 - count] === '\\') count++
  return count % 2 === 1
}

function splitEntry(line: string): [string, string] {
  let end = 0
  while (end < line.length && !/[=: \t\f]/.test(line[end]!)) end += line[end] === '\\' ? 2 : 1
  return [line.slice(0, end), line.slice(end).replace(/^[ \t\f]*[=:]?[ \t\f]*/, '')]
}

const letters: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f' }

const unescaped = (text: string): string =>
  text.replace(/\\(?:u([\dA-Fa-f]{4})|(.?))/gsu, (_, code: string | undefined, character: string) =>
    code === undefined ? (letters[character] ?? character) : String.fromCharCode(Number.parseInt(code, 16)),
  )

const escapes: Readonly<Record<string, string>> = { '\t': '\\t', '\n': '\\n', '\r': '\\r', '\f': '\\f' }

/** Without flag u: what lies beyond 16 bits is written as its two halves. */
const escaped = (text: string): string =>
  // oxlint-disable-next-line require-unicode-regexp
  text.replace(/[\\=:#!]|[^ -~]/g, (character) => {
    if (character >= ' ' && character <= '~') return `\\${character}`
    return escapes[character] ?? `\\u${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`
  })

/** `Fri Nov 20 18:12:36 UTC 2026` */
function javaDate(ms: number): string {
  const [weekday, day, month, year, time] = new Date(ms).toUTCString().split(/,? /)
  return `${weekday} ${month} ${day} ${time} UTC ${year}`
}
