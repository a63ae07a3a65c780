// Volumes and claims: their phases at birth, and what of a claim may change later.
import { cloneJson, equalJson, objectOrEmpty, valueAt, type JsonObject } from '../json-value.ts'
import { compareQuantities, parseQuantity } from '../../base/quantity.ts'
import type { Strategy } from './resource-kind.ts'
import { fieldErrors } from '../status-error.ts'

const claimImmutable =
  'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims'

export const persistentVolumeClaim: Strategy = {
  prepareCreate(object) {
    object['status'] = { phase: 'Pending' }
  },
  validate(object) {
    const spec = objectOrEmpty(object['spec'])
    const errors = []
    if (!Array.isArray(spec['accessModes']) || spec['accessModes'].length === 0)
      errors.push(fieldErrors.required('spec.accessModes', 'at least 1 access mode is required'))
    if (valueAt(spec, ['resources', 'requests', 'storage']) === undefined)
      errors.push(fieldErrors.required('spec.resources[storage]'))
    return errors
  },
  validateUpdate(object, old) {
    const spec = cloneJson(objectOrEmpty(object['spec']))
    const before = cloneJson(objectOrEmpty(old['spec']))
    const wanted = storageRequest(spec)
    const present = storageRequest(before)
    for (const one of [spec, before]) {
      delete one['resources']
      delete one['volumeAttributesClassName']
    }
    // A claim is bound by naming its volume, once; a class may be filled in once.
    for (const field of ['volumeName', 'storageClassName'])
      if (before[field] === undefined || before[field] === '') {
        delete spec[field]
        delete before[field]
      }
    if (!equalJson(spec, before)) return [fieldErrors.forbidden('spec', claimImmutable)]
    const [to, from] = [parseQuantity(wanted), parseQuantity(present)]
    if (to && from && compareQuantities(to, from) < 0)
      return [fieldErrors.forbidden('spec.resources.requests.storage', 'field can not be less than status.capacity')]
    return []
  },
}

export const persistentVolume: Strategy = {
  prepareCreate(object) {
    object['status'] = { phase: 'Pending' }
  },
}

const storageRequest = (spec: JsonObject): string => {
  const request = valueAt(spec, ['resources', 'requests', 'storage'])
  return typeof request === 'string' ? request : ''
}
