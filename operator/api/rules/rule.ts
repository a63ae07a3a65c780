// What a rule of the BrokerCluster API is: CEL, which the API server enforces, and beside it the same said to the
// operator, which checks it once more for an API server whose CRD is older. One file of this folder for each subject.
//
// Where only one of the two can see it, the other is left out: a change needs the value that was there before, which
// only the API server has when it decides; arithmetic on text is the operator's.
import { parseDuration } from '../../../broker/config/duration-and-size.ts'

/** Enforced by the API server. Without optional chaining: use has(). */
interface CelRule {
  readonly rule: string
  /** Names the field and says what is accepted. */
  readonly message: string
  /** Where the refusal points to, relative to the object that has the rule: `.storage.type`. */
  readonly fieldPath?: string
}

/** What the operator finds wrong with a value. */
export interface Finding {
  /** Relative to the value: `.storage.type`; empty for the value itself. */
  readonly at: string
  readonly given: unknown
  readonly accepted: string
}

export interface Rule<T> {
  readonly cel?: CelRule
  /** Finds nothing when it accepts the value. */
  readonly check?: (value: T) => Finding | readonly Finding[] | undefined
}

/** The rules that the API server enforces, as the schema of the CRD holds them. */
export const celOf = (rules: readonly Pick<Rule<never>, 'cel'>[]) => ({
  'x-kubernetes-validations': rules.flatMap(({ cel }) => cel ?? []),
})

export const wrong = (at: string, given: unknown, accepted: string): Finding => ({ at, given, accepted })

export const moreThanNothing = (at: string, duration: string, example: string): Finding | undefined =>
  (parseDuration(duration) ?? 0) > 0 ? undefined : wrong(at, duration, `expected more than 0s, such as ${example}`)

/** What the operator finds wrong with a value that stands at `path`; paths of findings become whole ones. */
export const findingsAt = <T>(rules: readonly Rule<T>[], value: T, path: string): Finding[] =>
  rules
    .flatMap(({ check }) => check?.(value) ?? [])
    .map(({ at, ...rest }) => ({ at: `${path}${at}`.replace(/^\./, ''), ...rest }))
