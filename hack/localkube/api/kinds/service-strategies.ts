// Services: addresses, families and target ports filled in, the cluster IP fixed for life.
import { arrayOrEmpty, isObject, objectOrEmpty, type JsonObject } from '../json-value.ts'
import type { LocalObject } from '../registry.ts'
import type { Strategy, StrategyContext } from './resource-kind.ts'
import { fieldErrors, type FieldError } from '../status-error.ts'
import { labelErrors } from './metadata-rules.ts'

export const service: Strategy = {
  complete: fillFixedFields,
  prepareCreate(object, context) {
    object['status'] = { loadBalancer: {} }
    fill(object, undefined, context)
  },
  prepareUpdate(object, old, context) {
    fill(object, old, context)
  },
  validate(object) {
    const spec = objectOrEmpty(object['spec'])
    return [...portErrors(spec), ...labelErrors(spec['selector'], 'spec.selector')]
  },
  validateUpdate(object, old) {
    const spec = objectOrEmpty(object['spec'])
    const before = objectOrEmpty(old['spec'])
    if (spec['type'] === 'ExternalName' || before['type'] === 'ExternalName') return []
    if (before['clusterIP'] === undefined || spec['clusterIP'] === before['clusterIP']) return []
    const why = 'may not change once set'
    return [fieldErrors.invalid('spec.clusterIPs[0]', [spec['clusterIP']], why)]
  },
}

function fill(object: LocalObject, old: LocalObject | undefined, context: StrategyContext): void {
  const spec = objectOrEmpty(object['spec'])
  object['spec'] = spec
  const before = objectOrEmpty(old?.['spec'])
  if (spec['type'] !== 'ExternalName') {
    const holder = `${object.metadata.namespace}/${object.metadata.name}`
    // A client that knows nothing of addresses may leave them out of an update.
    const wanted = (spec['clusterIP'] as string | undefined) || (before['clusterIP'] as string | undefined)
    spec['clusterIP'] = old && wanted !== undefined ? wanted : context.allocateClusterIp(wanted, holder)
    spec['clusterIPs'] = [spec['clusterIP']]
    spec['ipFamilies'] ??= ['IPv4']
    spec['ipFamilyPolicy'] ??= 'SingleStack'
  }
  if (spec['type'] === 'NodePort' || spec['type'] === 'LoadBalancer') spec['externalTrafficPolicy'] ??= 'Cluster'
  if (spec['type'] === 'LoadBalancer') spec['allocateLoadBalancerNodePorts'] ??= true
  if (spec['sessionAffinity'] === 'ClientIP') spec['sessionAffinityConfig'] ??= { clientIP: { timeoutSeconds: 10800 } }
}

/** Part of decoding, not of storing: whoever sends a port owns its target too. */
function fillFixedFields(object: LocalObject): void {
  const spec = object['spec'] as JsonObject | undefined
  if (!isObject(spec)) return
  for (const port of arrayOrEmpty(spec['ports'])) if (isObject(port)) port['targetPort'] ??= port['port']
  if (spec['type'] !== 'ExternalName') spec['internalTrafficPolicy'] ??= 'Cluster'
}

function portErrors(spec: JsonObject): FieldError[] {
  const ports = arrayOrEmpty(spec['ports'])
  if (ports.length === 0 && spec['type'] !== 'ExternalName' && spec['clusterIP'] !== 'None')
    return [fieldErrors.required('spec.ports')]
  return ports.flatMap((port, index) => {
    const given = objectOrEmpty(port)
    const path = `spec.ports[${index}]`
    const errors: FieldError[] = []
    if (ports.length > 1 && !given['name']) errors.push(fieldErrors.required(`${path}.name`))
    const number = given['port']
    if (typeof number !== 'number' || number < 1 || number > 65535)
      errors.push(fieldErrors.invalid(`${path}.port`, number ?? 0, 'must be between 1 and 65535, inclusive'))
    return errors
  })
}
