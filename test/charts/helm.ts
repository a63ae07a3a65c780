// The chart as Helm renders it. Needs the program: HELM names it; without it there is nothing to run.
import { describe } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { loadAll } from 'js-yaml'

export const chart = join(import.meta.dirname, '..', '..', 'charts', 'flotilla')
const helm = process.env['HELM']

/** `describe`, skipped where there is no Helm. */
export const describeRendered = helm === undefined ? describe.skip : describe

export interface Rendered {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly labels?: Record<string, string>
    readonly annotations?: Record<string, string>
  }
  readonly [field: string]: unknown
}

interface Release {
  readonly name?: string
  readonly namespace?: string
  /** As after `--set`. */
  readonly set?: readonly string[]
  /** What stands in a file of values. */
  readonly values?: object
}

/** Throws what Helm says when it refuses. */
export function render({
  name = 'flotilla',
  namespace = 'operators',
  set = [],
  values = {},
}: Release = {}): Rendered[] {
  const { status, stdout, stderr } = spawnSync(
    helm!,
    [
      'template',
      name,
      chart,
      '--namespace',
      namespace,
      '--kube-version',
      '1.36.0',
      '--values',
      '-',
      ...set.flatMap((value) => ['--set', value]),
    ],
    { encoding: 'utf8', input: JSON.stringify(values), maxBuffer: 2 ** 24 },
  )
  if (status !== 0) throw new Error(stderr)
  return loadAll(stdout).filter((document) => document !== null && document !== undefined) as Rendered[]
}

export const ofKind = (objects: readonly Rendered[], kind: string): Rendered[] =>
  objects.filter((object) => object.kind === kind)
