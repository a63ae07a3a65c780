// Builds what a StatefulSet consists of: its pods, by revision, and their claims. Pure.
import { createHash } from 'node:crypto'
import type { LocalObject, NewLocalObject } from '../api/registry.ts'
import { canonicalJson } from '../base/canonical-json.ts'
import { controllerReference } from './owners.ts'

export const revisionLabel = 'controller-revision-hash'
const podNameLabel = 'statefulset.kubernetes.io/pod-name'
const podIndexLabel = 'apps.kubernetes.io/pod-index'

export const firstOrdinal = (set: LocalObject): number => set['spec'].ordinals?.start ?? 0

export const replicasOf = (set: LocalObject): number => set['spec'].replicas ?? 1

/** The ordinal in a pod's name, or undefined when the name is not one of this set's. */
export function ordinalOf(set: LocalObject, podName: string): number | undefined {
  const prefix = `${set.metadata.name}-`
  if (!podName.startsWith(prefix)) return undefined
  const digits = podName.slice(prefix.length)
  return /^(0|[1-9]\d{0,9})$/.test(digits) ? Number(digits) : undefined
}

/** A short name for a template; letters are such that no word appears by chance. */
export function templateHash(template: unknown, collisionCount: number): string {
  const alphabet = 'bcdfghjklmnpqrstvwxz2456789'
  const digest = createHash('sha256')
    .update(`${canonicalJson(template)}${collisionCount}`)
    .digest()
  return [...digest.subarray(0, 10)].map((byte) => alphabet[byte % alphabet.length]).join('')
}

export const claimName = (template: { metadata: { name: string } }, podName: string): string =>
  `${template.metadata.name}-${podName}`

export function buildPod(set: LocalObject, revision: LocalObject, ordinal: number): NewLocalObject {
  const template = structuredClone(revision['data'].spec.template)
  const name = `${set.metadata.name}-${ordinal}`
  const claimVolumes = (set['spec'].volumeClaimTemplates ?? []).map((claim: { metadata: { name: string } }) => ({
    name: claim.metadata.name,
    persistentVolumeClaim: { claimName: claimName(claim, name) },
  }))
  const claimed = new Set(claimVolumes.map((volume: { name: string }) => volume.name))
  const others = (template.spec.volumes ?? []).filter((volume: { name: string }) => !claimed.has(volume.name))
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      generateName: `${set.metadata.name}-`,
      namespace: set.metadata.namespace!,
      labels: {
        ...template.metadata?.labels,
        [podNameLabel]: name,
        [podIndexLabel]: String(ordinal),
        [revisionLabel]: revision.metadata.name,
      },
      ...(template.metadata?.annotations ? { annotations: template.metadata.annotations } : {}),
      ...(template.metadata?.finalizers ? { finalizers: template.metadata.finalizers } : {}),
      ownerReferences: [controllerReference(set)],
    },
    spec: {
      ...template.spec,
      volumes: [...claimVolumes, ...others],
      hostname: name,
      ...(set['spec'].serviceName ? { subdomain: set['spec'].serviceName } : {}),
    },
  }
}

export function buildClaims(set: LocalObject, podName: string): NewLocalObject[] {
  return (set['spec'].volumeClaimTemplates ?? []).map((template: LocalObject) => ({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      name: claimName(template, podName),
      namespace: set.metadata.namespace!,
      labels: { ...template.metadata.labels, ...set['spec'].selector?.matchLabels },
      ...(template.metadata.annotations ? { annotations: template.metadata.annotations } : {}),
    },
    spec: structuredClone(template['spec']),
  }))
}
