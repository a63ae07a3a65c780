// The environment of a container and the expansion of $(VAR), by Kubernetes' rules: envFrom first, then env in order,
// each value seeing those before it; unknown references stay as they are, $$ escapes. Pure, but for what `sources` reads.
import { availableParallelism, totalmem } from 'node:os'
import type { LocalObject } from '../api/registry.ts'
import { divideRoundingUp, parseQuantity } from '../base/quantity.ts'

interface KeyReference {
  name: string
  key: string
  optional?: boolean
}

interface EnvVar {
  name: string
  value?: string
  valueFrom?: {
    fieldRef?: { fieldPath: string }
    resourceFieldRef?: { containerName?: string; resource: string; divisor?: string | number }
    configMapKeyRef?: KeyReference
    secretKeyRef?: KeyReference
  }
}

export interface Container {
  name: string
  image: string
  command?: string[]
  args?: string[]
  workingDir?: string
  env?: EnvVar[]
  envFrom?: {
    prefix?: string
    configMapRef?: { name: string; optional?: boolean }
    secretRef?: { name: string; optional?: boolean }
  }[]
  volumeMounts?: { name: string; mountPath: string; readOnly?: boolean; subPath?: string; subPathExpr?: string }[]
  ports?: { name?: string; containerPort: number }[]
  resources?: { limits?: Record<string, string>; requests?: Record<string, string> }
  imagePullPolicy?: string
  restartPolicy?: string
  // oxlint-disable-next-line typescript/no-explicit-any -- probes and hooks, typed where they are run
  [field: string]: any
}

/** The data of ConfigMaps and Secrets of the pod's namespace, decoded to text. */
export interface ConfigSources {
  configMap(name: string): Record<string, string> | undefined
  secret(name: string): Record<string, string> | undefined
}

/** Thrown when a container cannot be configured; becomes CreateContainerConfigError. */
export class ContainerConfigError extends Error {
  override readonly name = 'ContainerConfigError'
}

export function buildEnvironment(
  pod: LocalObject,
  container: Container,
  sources: ConfigSources,
  base: Readonly<Record<string, string>>,
): Record<string, string> {
  const environment: Record<string, string> = { ...base }
  for (const source of container.envFrom ?? []) addAll(environment, source, sources)
  for (const variable of container.env ?? []) {
    const value = variable.valueFrom
      ? resolveValue(pod, container, variable, sources)
      : expand(variable.value ?? '', environment)
    if (value !== undefined) environment[variable.name] = value
  }
  return environment
}

function addAll(
  environment: Record<string, string>,
  source: NonNullable<Container['envFrom']>[number],
  sources: ConfigSources,
): void {
  const kind = source.configMapRef ? 'configmap' : 'secret'
  const reference = source.configMapRef ?? source.secretRef
  if (!reference) return
  const data = source.configMapRef ? sources.configMap(reference.name) : sources.secret(reference.name)
  if (!data && reference.optional !== true) throw new ContainerConfigError(`${kind} "${reference.name}" not found`)
  for (const [key, value] of Object.entries(data ?? {})) environment[`${source.prefix ?? ''}${key}`] = value
}

function resolveValue(
  pod: LocalObject,
  container: Container,
  variable: EnvVar,
  sources: ConfigSources,
): string | undefined {
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef } = variable.valueFrom!
  if (fieldRef) return resolveField(pod, fieldRef.fieldPath)
  if (resourceFieldRef) return resolveResource(pod, container, resourceFieldRef)
  if (configMapKeyRef) return resolveKey('configmap', configMapKeyRef, sources.configMap(configMapKeyRef.name))
  if (secretKeyRef) return resolveKey('secret', secretKeyRef, sources.secret(secretKeyRef.name))
  const given = Object.keys(variable.valueFrom!).join(', ')
  throw new ContainerConfigError(`env ${variable.name}: valueFrom ${given} is not supported by the local stand-in`)
}

function resolveKey(kind: string, reference: KeyReference, data: Record<string, string> | undefined) {
  const value = data?.[reference.key]
  if (value !== undefined || reference.optional === true) return value
  if (!data) throw new ContainerConfigError(`${kind} "${reference.name}" not found`)
  throw new ContainerConfigError(`couldn't find key ${reference.key} in ${kind} "${reference.name}"`)
}

/** The downward API's fields of a pod. Throws ContainerConfigError for one that does not exist. */
export function resolveField(pod: LocalObject, path: string): string {
  const subscript = /^metadata\.(labels|annotations)\['([^']+)'\]$/.exec(path)
  if (subscript) return pod.metadata[subscript[1] as 'labels' | 'annotations']?.[subscript[2]!] ?? ''
  switch (path) {
    case 'metadata.name':
      return pod.metadata.name
    case 'metadata.namespace':
      return pod.metadata.namespace ?? ''
    case 'metadata.uid':
      return pod.metadata.uid
    case 'metadata.labels':
      return fieldLines(pod.metadata.labels)
    case 'metadata.annotations':
      return fieldLines(pod.metadata.annotations)
    case 'spec.nodeName':
      return pod['spec'].nodeName ?? ''
    case 'spec.serviceAccountName':
      return pod['spec'].serviceAccountName ?? 'default'
    case 'status.podIP':
    case 'status.podIPs':
      return pod['status']?.podIP ?? ''
    case 'status.hostIP':
    case 'status.hostIPs':
      return pod['status']?.hostIP ?? ''
    default:
      throw new ContainerConfigError(`fieldRef ${path} is not a field of the downward API`)
  }
}

const fieldLines = (fields: Record<string, string> = {}): string =>
  Object.entries(fields)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join('\n')

export function resolveResource(
  pod: LocalObject,
  container: Container | undefined,
  reference: { containerName?: string; resource: string; divisor?: string | number },
): string {
  const containers: Container[] = [...pod['spec'].containers, ...(pod['spec'].initContainers ?? [])]
  const named = reference.containerName
    ? containers.find((candidate) => candidate.name === reference.containerName)
    : container
  if (!named) throw new ContainerConfigError(`resourceFieldRef: container "${reference.containerName}" not found`)
  const match = /^(limits|requests)\.(cpu|memory|ephemeral-storage)$/.exec(reference.resource)
  if (!match) throw new ContainerConfigError(`resourceFieldRef ${reference.resource} is not supported`)
  const given = named.resources?.[match[1] as 'limits' | 'requests']?.[match[2]!]
  const machine = match[2] === 'cpu' ? availableParallelism() : match[2] === 'memory' ? totalmem() : 0
  // Without a limit, what the machine has; without a request, nothing.
  const text = given ?? (match[1] === 'limits' ? String(machine) : '0')
  const [amount, divisor] = [parseQuantity(text), parseQuantity(String(reference.divisor ?? '1'))]
  if (!amount || !divisor)
    throw new ContainerConfigError(
      `resourceFieldRef ${reference.resource}: ${amount ? reference.divisor : text} is no quantity`,
    )
  return String(divideRoundingUp(amount, divisor))
}

/** Replaces $(NAME) by its value; $$(NAME) stands for $(NAME) itself; unknown names are left alone. */
export const expand = (text: string, environment: Readonly<Record<string, string>>): string =>
  text.replace(/\$\$|\$\(([^)]*)\)/g, (match, name: string | undefined) => {
    if (match === '$$') return '$'
    return name !== undefined && Object.hasOwn(environment, name) ? environment[name]! : match
  })
