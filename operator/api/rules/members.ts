// What a member is given: memory for messages, processor time, memory and disk. The operator alone checks it: the one is
// text that CEL cannot compare, the other would be refused by Kubernetes at each pod, again and again, where nobody looks.
import { isNoTempLimit, parseSize } from '../../../broker/config/duration-and-size.ts'
import { isLarger } from '../quantity.ts'
import { type Rule, wrong } from './rule.ts'

interface BrokerToCheck {
  readonly memoryLimit: string
  readonly tempLimit: string
}

type Amounts = Readonly<Partial<Record<'cpu' | 'memory' | 'ephemeral-storage', string | number | undefined>>>

interface ResourcesToCheck {
  readonly requests?: Amounts | undefined
  readonly limits?: Amounts | undefined
}

/** Of `spec.broker`. */
export const brokerRules: readonly Rule<BrokerToCheck>[] = [
  {
    check: ({ memoryLimit }) =>
      memoryLimit.endsWith('%') || (parseSize(memoryLimit) ?? 0) >= 2 ** 20
        ? undefined
        : wrong('.memoryLimit', memoryLimit, 'expected at least 1Mi, or 1% to 90%'),
  },
  {
    check: ({ tempLimit }) =>
      isNoTempLimit(tempLimit) || (parseSize(tempLimit) ?? 0) >= 4 * 2 ** 20
        ? undefined
        : wrong('.tempLimit', tempLimit, 'expected at least 4Mi, or 0 for none'),
  },
]

/** Of `resources` of each group. */
export const resourceRules: readonly Rule<ResourcesToCheck>[] = [
  {
    check: ({ requests, limits }) =>
      (['cpu', 'memory', 'ephemeral-storage'] as const).flatMap((name) => {
        const [request, limit] = [requests?.[name], limits?.[name]]
        if (request === undefined || limit === undefined || !isLarger(request, limit)) return []
        return [wrong(`.requests.${name}`, request, `expected at most the limit, ${limit}`)]
      }),
  },
]
