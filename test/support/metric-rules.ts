// The rules by which `promtool check metrics` finds fault with the text of metrics, for machines that have no promtool; those
// that have it (PROMTOOL, or in the PATH) are asked as well.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Names of all metrics, as their TYPE lines say. */
export const metricNames = (text: string): string[] => [...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name!)

/** What is wrong, each with the name of its metric. */
export function metricProblems(text: string): string[] {
  const families = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => ({ name: name!, type: type! }))
  return [...families.flatMap((family) => problemsOf(family, text)), ...askPromtool('metrics', text)]
}

/** As client_golang's promlint has them. */
function problemsOf({ name, type }: { name: string; type: string }, text: string): string[] {
  const labels = new Set(
    [...text.matchAll(new RegExp(`^${name}(?:_bucket|_sum|_count)?\\{(.*)\\} `, 'gm'))].flatMap(([, all]) =>
      [...all!.matchAll(/([a-zA-Z_]\w*)="/g)].map(([, label]) => label!),
    ),
  )
  const has = (condition: boolean, problem: string): string[] => (condition ? [`${name}: ${problem}`] : [])
  return [
    ...has(!new RegExp(`^# HELP ${name} \\S`, 'm').test(text), 'has no help'),
    ...has(type === 'counter' && !name.endsWith('_total'), 'a counter ends in _total'),
    ...has(type !== 'counter' && name.endsWith('_total'), 'only a counter ends in _total'),
    ...has(
      type !== 'histogram' && type !== 'summary' && /_(count|sum|bucket)$/.test(name),
      'is not part of a histogram',
    ),
    ...has(type !== 'histogram' && labels.has('le'), 'le is the label of a histogram'),
    ...has(type !== 'summary' && labels.has('quantile'), 'quantile is the label of a summary'),
    ...has(/_(counter|gauge|histogram|summary)(_|$)/.test(name), 'its name says its type'),
    ...has(/[A-Z:]/.test(name) || [...labels].some((label) => /[A-Z]/.test(label)), 'names are snake_case'),
    ...has(/_(milliseconds|ms|minutes|hours|days|kilobytes|megabytes|kb|mb|percent)(_|$)/.test(name), 'no base unit'),
  ]
}

/** What promtool says is wrong with a file of this text: nothing when all is well, or where there is no promtool. */
export function askPromtool(check: 'metrics' | 'rules', text: string): string[] {
  const promtool = process.env['PROMTOOL'] ?? 'promtool'
  const folder = mkdtempSync(join(tmpdir(), 'flotilla-promtool-'))
  const file = join(folder, 'rules.yaml')
  writeFileSync(file, text)
  // Metrics it reads from its standard input only.
  const args = ['check', check, ...(check === 'rules' ? [file] : [])]
  const { error, status, stderr, stdout } = spawnSync(promtool, args, { input: text, encoding: 'utf8' })
  rmSync(folder, { recursive: true })
  return error || status === 0 ? [] : [`promtool: ${stderr}${stdout}`]
}
