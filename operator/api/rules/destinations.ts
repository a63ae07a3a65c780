// Destinations in spec.broker: each entry says one thing, and nothing is forwarded in a circle.
import { forwardingCircles } from '../../../broker/config/forwarding-circles.ts'
import { deadLetterStrategyKinds } from '../../../broker/config/dead-letter-schema.ts'
import { recoveryPolicyKinds } from '../../../broker/config/recovery-schema.ts'
import { type Rule, wrong } from './rule.ts'

/** Exactly one of these fields. */
const exactlyOne = (what: string, fields: readonly string[]): Rule<object> => ({
  cel: {
    rule: `[${fields.map((field) => `has(self.${field})`).join(', ')}].filter(given, given).size() == 1`,
    message: `${what}: exactly one of ${fields.join(', ')} must be given`,
  },
  check: (value) => {
    const given = fields.filter((field) => (value as Record<string, unknown>)[field] !== undefined)
    return given.length === 1 ? undefined : wrong('', value, `exactly one of ${fields.join(', ')} must be given`)
  },
})

const queueOrTopic = ['queue', 'topic'] as const

export const startupDestinationRules = [exactlyOne('startupDestinations[]', queueOrTopic)]
export const destinationPolicyRules = [exactlyOne('destinationPolicies[]', queueOrTopic)]
export const deadLetterStrategyRules = [exactlyOne('destinationPolicies[].deadLetterStrategy', deadLetterStrategyKinds)]
export const subscriptionRecoveryPolicyRules = [
  exactlyOne('destinationPolicies[].subscriptionRecoveryPolicy', recoveryPolicyKinds),
]
export const forwardToRules = [
  exactlyOne('virtualDestinations[].forwardTo[]', [...queueOrTopic, 'filteredDestination']),
]
export const filteredDestinationRules = [
  exactlyOne('virtualDestinations[].forwardTo[].filteredDestination', queueOrTopic),
]
export const virtualDestinationRules = [
  exactlyOne('virtualDestinations[]', ['virtualTopic', 'compositeQueue', 'compositeTopic']),
]

/** Of the list. CEL cannot compare wildcards. */
export const virtualDestinationListRules: readonly Rule<Parameters<typeof forwardingCircles>[0]>[] = [
  {
    check: (entries) =>
      forwardingCircles(entries).map(({ at, given }) =>
        wrong(at, given, 'expected destinations from which nothing is forwarded back to its own name'),
      ),
  },
]
