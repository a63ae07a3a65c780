// Go-style durations and Kubernetes quantities as text in configuration and manifests.

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }
const durationPattern = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h))+$/

export const durationHint = 'a duration such as 250ms, 2s, 1m30s'
export const sizeHint = 'a size such as 512Ki, 64Mi, 2Gi'

/** Milliseconds of `1m30s`, `250ms`, `0s`; undefined if it is not a duration. */
export function parseDuration(text: string): number | undefined {
  if (!durationPattern.test(text)) return undefined
  let totalMs = 0
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g))
    totalMs += Number(amount) * (unitMs[unit!] ?? 0)
  return totalMs
}

const unitBytes: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
}

/** Bytes of a Kubernetes quantity such as `64Mi` or `1G`; undefined if it is not one or not a whole number of bytes. */
export function parseSize(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(k|M|G|T|Ki|Mi|Gi|Ti)?$/.exec(text)
  if (!match) return undefined
  const bytes = Number(match[1]) * (unitBytes[match[2] ?? ''] ?? Number.NaN)
  return Number.isSafeInteger(bytes) ? bytes : undefined
}

/** Whether a limit of the temp store means that there is none. */
export const isNoTempLimit = (text: string): boolean => text === '0' || text === '0B'
