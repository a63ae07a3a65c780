// Kinds of values that stand in several places of the configuration, and of BrokerCluster.
import { z } from 'zod'
import { selectorLimits } from '../selector/limits.ts'
import { problemOfSelector } from '../selector/selector.ts'
import { durationHint } from './duration-and-size.ts'

/** Shorter than what the broker takes from clients: the schema of BrokerCluster has many of them. */
const maxNameLength = 255

const nameHint = `expected 1 to ${maxNameLength} characters without ",", "?", control characters, and space at either end`
// oxlint-disable-next-line no-control-regex
const namePattern = /^[^,?\x00-\x20\x7f]([^,?\x00-\x1f\x7f]*[^,?\x00-\x20\x7f])?$/
export const name = z.string().max(maxNameLength).regex(namePattern, { error: nameHint })
export const concreteName = z
  .string()
  .max(maxNameLength)
  // oxlint-disable-next-line no-control-regex
  .regex(/^[^,?*>\x00-\x20\x7f]([^,?*>\x00-\x1f\x7f]*[^,?*>\x00-\x20\x7f])?$/, {
    error: `${nameHint}, and without wildcards`,
  })
/** Beside the name of a topic in that of a queue. */
export const affix = z
  .string()
  .max(maxNameLength)
  // oxlint-disable-next-line no-control-regex
  .regex(/^[^,?>\x00-\x1f\x7f]*$/, { error: 'expected a text without ",", "?", ">" and control characters' })
export const duration = z
  .string()
  .max(20)
  .regex(/^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$/, { error: `expected ${durationHint}` })

/** What the broker would refuse later is refused with the rest, saying where and what was expected. */
export const selector = z
  .string()
  .min(1)
  .max(selectorLimits.maximumSelectorLength)
  .refine((text) => problemOfSelector(text) === null, {
    error: ({ input }) => `expected a selector: ${problemOfSelector(input as string)}`,
  })

/** Known by name, so that who brings one along from ActiveMQ learns why it is not there. */
export const notThere = (reason: string) =>
  z
    .unknown()
    .optional()
    .refine((given) => given === undefined, { error: reason })

/** Of an object of which exactly one field says what it is. */
export const oneOf = (...fields: readonly string[]) =>
  [
    (value: object): boolean =>
      fields.filter((field) => (value as Record<string, unknown>)[field] !== undefined).length === 1,
    { error: `expected exactly one of ${fields.join(', ')}` },
  ] as const
