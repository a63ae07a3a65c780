// Reads the protobuf bodies that kubectl's typed commands send (create namespace/configmap/secret/…, auth can-i, drain):
// they offer nothing else. Answers are always JSON, which those clients accept. Not every kind is known here: what is not
// in the table is refused with 415, and `kubectl apply`/`create -f` (JSON) work for it.
//
//   "k8s\0", then runtime.Unknown { 1: { 1: apiVersion, 2: kind }, 2: the object }
import { setField, type JsonObject } from '../json-value.ts'
import { badRequest, RegistryError } from '../status-error.ts'

export const protobufType = 'application/vnd.kubernetes.protobuf'
const magic = 'k8s\0'

/**
 * Fields by number: `name:type`. Types: s string, i integer, b boolean, y bytes, a message of this table, `Time`,
 * `IntOrString`; `[…]` repeated, `{…}` map from strings; a trailing `?` marks what is sent only when set (else zero is absent).
 */
const messages: Readonly<Record<string, string>> = {
  ObjectMeta:
    '1 name:s, 2 generateName:s, 3 namespace:s, 5 uid:s, 6 resourceVersion:s, 7 generation:i, 8 creationTimestamp:Time, 11 labels:{s}, 12 annotations:{s}, 13 ownerReferences:[OwnerReference], 14 finalizers:[s]',
  OwnerReference: '1 kind:s, 3 name:s, 4 uid:s, 5 apiVersion:s, 6 controller:b?, 7 blockOwnerDeletion:b?',
  LabelSelector: '1 matchLabels:{s}, 2 matchExpressions:[LabelSelectorRequirement]',
  LabelSelectorRequirement: '1 key:s, 2 operator:s, 3 values:[s]',
  DeleteOptions:
    '1 gracePeriodSeconds:i?, 2 preconditions:Preconditions, 3 orphanDependents:b?, 4 propagationPolicy:s, 5 dryRun:[s]',
  Preconditions: '1 uid:s, 2 resourceVersion:s',
  Namespace: '1 metadata:ObjectMeta, 2 spec:NamespaceSpec, 3 status:Nothing',
  NamespaceSpec: '1 finalizers:[s]',
  ConfigMap: '1 metadata:ObjectMeta, 2 data:{s}, 3 binaryData:{y}, 4 immutable:b?',
  Secret: '1 metadata:ObjectMeta, 2 data:{y}, 3 type:s, 4 stringData:{s}, 5 immutable:b?',
  ServiceAccount:
    '1 metadata:ObjectMeta, 2 secrets:[ObjectReference], 3 imagePullSecrets:[LocalObjectReference], 4 automountServiceAccountToken:b?',
  ObjectReference: '1 kind:s, 2 namespace:s, 3 name:s, 4 uid:s, 5 apiVersion:s, 6 resourceVersion:s, 7 fieldPath:s',
  LocalObjectReference: '1 name:s',
  Service: '1 metadata:ObjectMeta, 2 spec:ServiceSpec, 3 status:Nothing',
  ServiceSpec:
    '1 ports:[ServicePort], 2 selector:{s}, 3 clusterIP:s, 4 type:s, 5 externalIPs:[s], 7 sessionAffinity:s, 8 loadBalancerIP:s, 9 loadBalancerSourceRanges:[s], 10 externalName:s, 11 externalTrafficPolicy:s, 12 healthCheckNodePort:i, 13 publishNotReadyAddresses:b, 17 ipFamilyPolicy:s, 18 clusterIPs:[s], 19 ipFamilies:[s], 20 allocateLoadBalancerNodePorts:b?, 21 loadBalancerClass:s, 22 internalTrafficPolicy:s, 23 trafficDistribution:s',
  ServicePort: '1 name:s, 2 protocol:s, 3 port:i, 4 targetPort:IntOrString, 5 nodePort:i, 6 appProtocol:s',
  PodDisruptionBudget: '1 metadata:ObjectMeta, 2 spec:PodDisruptionBudgetSpec, 3 status:Nothing',
  PodDisruptionBudgetSpec:
    '1 minAvailable:IntOrString?, 2 selector:LabelSelector, 3 maxUnavailable:IntOrString?, 4 unhealthyPodEvictionPolicy:s',
  Role: '1 metadata:ObjectMeta, 2 rules:[PolicyRule]',
  ClusterRole: '1 metadata:ObjectMeta, 2 rules:[PolicyRule]',
  PolicyRule: '1 verbs:[s], 2 apiGroups:[s], 3 resources:[s], 4 resourceNames:[s], 5 nonResourceURLs:[s]',
  RoleBinding: '1 metadata:ObjectMeta, 2 subjects:[Subject], 3 roleRef:RoleRef',
  ClusterRoleBinding: '1 metadata:ObjectMeta, 2 subjects:[Subject], 3 roleRef:RoleRef',
  Subject: '1 kind:s, 2 apiGroup:s, 3 name:s, 4 namespace:s',
  RoleRef: '1 apiGroup:s, 2 kind:s, 3 name:s',
  Eviction: '1 metadata:ObjectMeta, 2 deleteOptions:DeleteOptions',
  SelfSubjectAccessReview: '1 metadata:ObjectMeta, 2 spec:SelfSubjectAccessReviewSpec, 3 status:Nothing',
  SelfSubjectAccessReviewSpec: '1 resourceAttributes:ResourceAttributes, 2 nonResourceAttributes:NonResourceAttributes',
  ResourceAttributes: '1 namespace:s, 2 verb:s, 3 group:s, 4 version:s, 5 resource:s, 6 subresource:s, 7 name:s',
  NonResourceAttributes: '1 path:s, 2 verb:s',
  SelfSubjectReview: '1 metadata:ObjectMeta, 2 status:Nothing',
  SelfSubjectRulesReview: '1 metadata:ObjectMeta, 2 spec:SelfSubjectRulesReviewSpec, 3 status:Nothing',
  SelfSubjectRulesReviewSpec: '1 namespace:s',
}

/** Errors: 400 for bytes that are no such message, 415 for kinds that are not in the table. */
export function decodeProtobuf(body: Buffer): JsonObject {
  if (body.toString('latin1', 0, magic.length) !== magic)
    throw badRequest('the object provided is unrecognized: it does not start as Kubernetes protobuf does')
  const unknown = readFields(body.subarray(magic.length))
  const typeMeta = readFields(bytesOf(unknown.get(1)?.[0]))
  const apiVersion = bytesOf(typeMeta.get(1)?.[0]).toString()
  const kind = bytesOf(typeMeta.get(2)?.[0]).toString()
  if (!Object.hasOwn(messages, kind))
    throw new RegistryError(
      415,
      'UnsupportedMediaType',
      `localkube reads ${kind} as JSON and YAML only, not as protobuf: use kubectl apply -f or create -f`,
    )
  return { apiVersion, kind, ...decodeMessage(bytesOf(unknown.get(2)?.[0]), kind) }
}

type Value = bigint | Buffer

interface Field {
  readonly number: number
  readonly name: string
  readonly type: string
  readonly optional: boolean
}

const fieldCache = new Map<string, readonly Field[]>()

function fieldsOf(message: string): readonly Field[] {
  let fields = fieldCache.get(message)
  if (!fields) {
    fields = messages[message]!.split(', ').map((text) => {
      const [, number, name, type, optional] = /^(\d+) (\w+):([^?]+)(\??)$/.exec(text)!
      return { number: Number(number), name: name!, type: type!, optional: optional === '?' }
    })
    fieldCache.set(message, fields)
  }
  return fields
}

function decodeMessage(bytes: Buffer, message: string): JsonObject {
  const values = readFields(bytes)
  const object: JsonObject = {}
  for (const { number, name, type, optional } of fieldsOf(message)) {
    const given = values.get(number)
    if (!given || type === 'Nothing') continue
    const value = decodeField(given, type)
    if (optional || !isZero(value)) setField(object, name, value)
  }
  return object
}

function decodeField(given: readonly Value[], type: string): unknown {
  if (type.startsWith('[')) return given.map((value) => decodeValue(value, type.slice(1, -1)))
  if (!type.startsWith('{')) return decodeValue(given.at(-1)!, type)
  const map: JsonObject = {}
  for (const entry of given) {
    const pair = readFields(bytesOf(entry))
    setField(
      map,
      bytesOf(pair.get(1)?.[0]).toString(),
      decodeValue(pair.get(2)?.[0] ?? Buffer.alloc(0), type.slice(1, -1)),
    )
  }
  return map
}

function decodeValue(value: Value, type: string): unknown {
  switch (type) {
    case 's':
      return bytesOf(value).toString()
    case 'y':
      return bytesOf(value).toString('base64')
    case 'i':
      return Number(BigInt.asIntN(64, numberOf(value)))
    case 'b':
      return numberOf(value) !== 0n
    case 'Time': {
      const seconds = readFields(bytesOf(value)).get(1)?.[0]
      return seconds === undefined
        ? undefined
        : new Date(Number(numberOf(seconds)) * 1000).toISOString().replace('.000Z', 'Z')
    }
    case 'IntOrString': {
      const fields = readFields(bytesOf(value))
      if (numberOf(fields.get(1)?.[0] ?? 0n) === 1n) return bytesOf(fields.get(3)?.[0]).toString()
      return Number(BigInt.asIntN(64, numberOf(fields.get(2)?.[0] ?? 0n)))
    }
    default:
      return decodeMessage(bytesOf(value), type)
  }
}

const isZero = (value: unknown): boolean =>
  value === undefined ||
  value === '' ||
  value === 0 ||
  value === false ||
  (typeof value === 'object' && value !== null && Object.keys(value).length === 0)

function bytesOf(value: Value | undefined): Buffer {
  if (value === undefined) return Buffer.alloc(0)
  if (typeof value === 'bigint') throw malformed()
  return value
}

function numberOf(value: Value): bigint {
  if (typeof value !== 'bigint') throw malformed()
  return value
}

const malformed = (): RegistryError => badRequest('the object provided is unrecognized: malformed protobuf')

/** The fields of one message: varints as bigint, everything else as its bytes. */
function readFields(bytes: Buffer): Map<number, Value[]> {
  const fields = new Map<number, Value[]>()
  let at = 0
  const varint = (): bigint => {
    let result = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[at++]
      if (byte === undefined) throw malformed()
      result |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return result
    }
    throw malformed()
  }
  while (at < bytes.length) {
    const key = Number(varint())
    const wire = key & 7
    let value: Value
    if (wire === 0) value = varint()
    else {
      const length = wire === 2 ? Number(varint()) : wire === 1 ? 8 : wire === 5 ? 4 : -1
      if (length < 0 || at + length > bytes.length) throw malformed()
      value = bytes.subarray(at, at + length)
      at += length
    }
    const number = Math.floor(key / 8)
    fields.set(number, [...(fields.get(number) ?? []), value])
  }
  return fields
}
