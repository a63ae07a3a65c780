// Deployments and ReplicaSets: defaults that depend on other fields, and what of them must not change.
import { equalJson, isObject, objectOrEmpty, valueAt } from '../json-value.ts'
import type { LocalObject } from '../registry.ts'
import type { Strategy } from './resource-kind.ts'
import { fieldErrors, type FieldError } from '../status-error.ts'
import { fillPodSpec, replicatedErrors } from './workload-strategies.ts'

function sameSelector(object: LocalObject, old: LocalObject): FieldError[] {
  const selector = valueAt(object, ['spec', 'selector'])
  return equalJson(selector, valueAt(old, ['spec', 'selector']))
    ? []
    : [fieldErrors.invalid('spec.selector', selector, 'field is immutable')]
}

export const deployment: Strategy = {
  complete(object) {
    fillPodSpec(valueAt(object, ['spec', 'template', 'spec']))
    const strategy = valueAt(object, ['spec', 'strategy'])
    if (!isObject(strategy) || strategy['type'] !== 'RollingUpdate') return
    strategy['rollingUpdate'] = { maxUnavailable: '25%', maxSurge: '25%', ...objectOrEmpty(strategy['rollingUpdate']) }
  },
  prepareCreate(object) {
    object['status'] = {}
  },
  validate(object) {
    const errors = replicatedErrors(object, 'deployment')
    const { type, rollingUpdate } = objectOrEmpty(valueAt(object, ['spec', 'strategy']))
    const path = 'spec.strategy.rollingUpdate'
    if (type === 'Recreate' && rollingUpdate !== undefined)
      errors.push(fieldErrors.forbidden(path, "may not be specified when strategy `type` is 'Recreate'"))
    const { maxUnavailable, maxSurge } = objectOrEmpty(rollingUpdate)
    const isNothing = (value: unknown): boolean => value === 0 || value === '0%'
    if (isNothing(maxUnavailable) && isNothing(maxSurge))
      errors.push(fieldErrors.invalid(`${path}.maxUnavailable`, maxUnavailable, 'may not be 0 when `maxSurge` is 0'))
    return errors
  },
  validateUpdate: sameSelector,
}

export const replicaSet: Strategy = {
  complete(object) {
    fillPodSpec(valueAt(object, ['spec', 'template', 'spec']))
  },
  prepareCreate(object) {
    object['status'] = { replicas: 0 }
  },
  validate: (object) => replicatedErrors(object, 'replicaset'),
  validateUpdate: sameSelector,
}
