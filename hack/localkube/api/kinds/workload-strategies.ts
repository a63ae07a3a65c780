// Pods, StatefulSets and Jobs: defaults that depend on other fields, and what of them must not change.
import { arrayOrEmpty, cloneJson, equalJson, isObject, objectOrEmpty, valueAt, type JsonObject } from '../json-value.ts'
import { matchesSelector, parseSelectorObject } from '../selectors.ts'
import type { LocalObject } from '../registry.ts'
import type { Strategy } from './resource-kind.ts'
import { fieldErrors, type FieldError } from '../status-error.ts'
import { labelErrors } from './metadata-rules.ts'
import { labelFault } from '../name-rules.ts'

const statefulSetMutable =
  "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
const podMutable =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)'

export const pod: Strategy = {
  complete(object) {
    fillPodSpec(object['spec'])
    if (!isObject(object['spec'])) return
    object['spec']['enableServiceLinks'] ??= true
    for (const container of containersOf(object['spec'])) requestsFromLimits(container)
  },
  prepareCreate(object) {
    object['status'] = { phase: 'Pending', qosClass: qosClassOf(objectOrEmpty(object['spec'])) }
    const spec = objectOrEmpty(object['spec'])
    spec['serviceAccountName'] ??= 'default'
    spec['serviceAccount'] ??= spec['serviceAccountName']
  },
  validate: (object) => podSpecErrors(object['spec'], 'spec'),
  validateUpdate(object, old) {
    return equalJson(fixedPodSpec(object), fixedPodSpec(old)) ? [] : [fieldErrors.forbidden('spec', podMutable)]
  },
}

export const statefulSet: Strategy = {
  complete(object) {
    fillPodSpec(valueAt(object, ['spec', 'template', 'spec']))
    const strategy = valueAt(object, ['spec', 'updateStrategy'])
    if (isObject(strategy) && strategy['type'] === 'RollingUpdate') strategy['rollingUpdate'] ??= { partition: 0 }
    for (const claim of arrayOrEmpty(valueAt(object, ['spec', 'volumeClaimTemplates'])).filter(isObject)) {
      claim['apiVersion'] ??= 'v1'
      claim['kind'] ??= 'PersistentVolumeClaim'
      claim['status'] ??= { phase: 'Pending' }
    }
  },
  prepareCreate(object) {
    object['status'] = { replicas: 0, availableReplicas: 0 }
  },
  validate: (object) => replicatedErrors(object, 'statefulset'),
  validateUpdate(object, old) {
    const fixed = (one: LocalObject): JsonObject => {
      const {
        replicas: _r,
        template: _t,
        updateStrategy: _u,
        ordinals: _o,
        minReadySeconds: _m,
        ...rest
      } = objectOrEmpty(one['spec'])
      const { revisionHistoryLimit: _h, persistentVolumeClaimRetentionPolicy: _p, ...others } = rest
      return others
    }
    return equalJson(fixed(object), fixed(old)) ? [] : [fieldErrors.forbidden('spec', statefulSetMutable)]
  },
}

export const job: Strategy = {
  complete(object) {
    const spec = objectOrEmpty(object['spec'])
    // A Job that says neither is one pod, once; with parallelism alone it is a work queue.
    if (spec['completions'] === undefined && spec['parallelism'] === undefined) spec['completions'] = 1
    spec['parallelism'] ??= 1
    spec['podReplacementPolicy'] ??= spec['podFailurePolicy'] === undefined ? 'TerminatingOrFailed' : 'Failed'
    fillPodSpec(valueAt(spec, ['template', 'spec']))
  },
  prepareCreate(object) {
    object['status'] = {}
    const spec = objectOrEmpty(object['spec'])
    if (spec['manualSelector'] === true) return
    const template = objectOrEmpty(spec['template'])
    const metadata = objectOrEmpty(template['metadata'])
    const owner = {
      'batch.kubernetes.io/controller-uid': object.metadata.uid,
      'batch.kubernetes.io/job-name': object.metadata.name,
      'controller-uid': object.metadata.uid,
      'job-name': object.metadata.name,
    }
    spec['template'] = {
      ...template,
      metadata: { ...metadata, labels: { ...objectOrEmpty(metadata['labels']), ...owner } },
    }
    object.metadata.labels = { ...object.metadata.labels, ...owner }
    spec['selector'] ??= { matchLabels: { 'batch.kubernetes.io/controller-uid': object.metadata.uid } }
  },
  validate(object) {
    const template = valueAt(object, ['spec', 'template', 'spec'])
    const errors = podSpecErrors(template, 'spec.template.spec')
    const policy = objectOrEmpty(template)['restartPolicy']
    if (policy === 'Always')
      errors.push(fieldErrors.required('spec.template.spec.restartPolicy', 'valid values: "OnFailure", "Never"'))
    return errors
  },
  validateUpdate(object, old) {
    const errors: FieldError[] = []
    for (const field of ['completions', 'selector', 'template', 'completionMode'])
      if (!equalJson(valueAt(object, ['spec', field]), valueAt(old, ['spec', field])))
        errors.push(fieldErrors.invalid(`spec.${field}`, valueAt(object, ['spec', field]), 'field is immutable'))
    return errors
  },
}

/** Computed while decoding, for pods and templates alike: an image without a tag, or with `latest`, is always pulled. */
export function fillPodSpec(spec: unknown): void {
  if (!isObject(spec)) return
  for (const container of containersOf(spec)) {
    const image = typeof container['image'] === 'string' ? container['image'] : ''
    const tag = /[:@]([^/:@]*)$/.exec(image)?.[1]
    container['imagePullPolicy'] ??=
      (tag === undefined || tag === 'latest') && !image.includes('@') ? 'Always' : 'IfNotPresent'
  }
  for (const volume of arrayOrEmpty(spec['volumes']))
    if (isObject(volume) && Object.keys(volume).length === 1) volume['emptyDir'] = {}
}

const containersOf = (spec: JsonObject): JsonObject[] =>
  [...arrayOrEmpty(spec['initContainers']), ...arrayOrEmpty(spec['containers'])].filter(isObject)

function requestsFromLimits(container: JsonObject): void {
  const resources = container['resources']
  if (isObject(resources) && isObject(resources['limits']))
    resources['requests'] = { ...resources['limits'], ...objectOrEmpty(resources['requests']) }
}

function qosClassOf(spec: JsonObject): string {
  const resources = arrayOrEmpty(spec['containers']).map((container) =>
    objectOrEmpty(objectOrEmpty(container)['resources']),
  )
  const used = resources.some((one) => one['limits'] !== undefined || one['requests'] !== undefined)
  if (!used) return 'BestEffort'
  const fixed = resources.every((one) => {
    const limits = objectOrEmpty(one['limits'])
    return (
      limits['cpu'] !== undefined &&
      limits['memory'] !== undefined &&
      equalJson(limits, { ...limits, ...objectOrEmpty(one['requests']) })
    )
  })
  return fixed ? 'Guaranteed' : 'Burstable'
}

function podSpecErrors(spec: unknown, path: string): FieldError[] {
  if (!isObject(spec)) return []
  const containers = arrayOrEmpty(spec['containers'])
  const errors: FieldError[] = containers.length === 0 ? [fieldErrors.required(`${path}.containers`)] : []
  const volumes = new Set(arrayOrEmpty(spec['volumes']).map((volume) => objectOrEmpty(volume)['name']))
  for (const list of ['initContainers', 'containers'])
    for (const [index, container] of arrayOrEmpty(spec[list]).entries())
      errors.push(...containerErrors(objectOrEmpty(container), `${path}.${list}[${index}]`, volumes))
  return errors
}

function containerErrors(container: JsonObject, path: string, volumes: ReadonlySet<unknown>): FieldError[] {
  const errors: FieldError[] = []
  const { name, image } = container
  const fault = typeof name === 'string' && name !== '' ? labelFault(name) : undefined
  if (name === '') errors.push(fieldErrors.required(`${path}.name`))
  if (fault !== undefined) errors.push(fieldErrors.invalid(`${path}.name`, name, fault))
  if (typeof image !== 'string' || image === '') errors.push(fieldErrors.required(`${path}.image`))
  for (const [index, mount] of arrayOrEmpty(container['volumeMounts']).entries()) {
    const volume = objectOrEmpty(mount)['name']
    if (!volumes.has(volume) && !path.startsWith('spec.template'))
      errors.push({
        field: `${path}.volumeMounts[${index}].name`,
        reason: 'FieldValueNotFound',
        detail: `Not found: ${JSON.stringify(volume)}`,
      })
  }
  for (const [index, port] of arrayOrEmpty(container['ports']).entries()) {
    const number = objectOrEmpty(port)['containerPort']
    if (typeof number === 'number' && (number < 1 || number > 65535))
      errors.push(
        fieldErrors.invalid(`${path}.ports[${index}].containerPort`, number, 'must be between 1 and 65535, inclusive'),
      )
  }
  return errors
}

/** What all kinds with replicas of a template are held to. */
export function replicatedErrors(object: LocalObject, kind: string): FieldError[] {
  const spec = objectOrEmpty(object['spec'])
  const template = objectOrEmpty(spec['template'])
  const errors = [...templateErrors(spec, template, kind), ...podSpecErrors(template['spec'], 'spec.template.spec')]
  const policy = valueAt(template, ['spec', 'restartPolicy'])
  if (policy !== undefined && policy !== 'Always')
    errors.push(fieldErrors.unsupported('spec.template.spec.restartPolicy', policy, ['Always']))
  if (typeof spec['replicas'] === 'number' && spec['replicas'] < 0)
    errors.push(fieldErrors.invalid('spec.replicas', spec['replicas'], 'must be greater than or equal to 0'))
  return errors
}

function templateErrors(spec: JsonObject, template: JsonObject, kind: string): FieldError[] {
  const selector = objectOrEmpty(spec['selector'])
  const labels = objectOrEmpty(objectOrEmpty(template['metadata'])['labels'])
  const errors = labelErrors(labels, 'spec.template.metadata.labels')
  if (Object.keys(selector).length === 0)
    errors.push(fieldErrors.invalid('spec.selector', selector, `empty selector is invalid for ${kind}`))
  else if (!matchesSelector(parseSelectorObject(selector), labels as Record<string, string>))
    errors.push(
      fieldErrors.invalid('spec.template.metadata.labels', labels, '`selector` does not match template `labels`'),
    )
  return errors
}

/** The part of a pod's spec that no update may touch. */
function fixedPodSpec(object: LocalObject): JsonObject {
  const spec = cloneJson(objectOrEmpty(object['spec']))
  for (const container of containersOf(spec)) delete container['image']
  for (const field of [
    'activeDeadlineSeconds',
    'tolerations',
    'terminationGracePeriodSeconds',
    'nodeName',
    'schedulingGates',
  ])
    delete spec[field]
  return spec
}
