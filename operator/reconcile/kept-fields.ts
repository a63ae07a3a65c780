// What the caches keep of an object. Of most kinds that is all, because it is held against what is wanted; of a pod it is what
// is read (Pod in kinds.ts), a quarter of it: with thousands of members pods are what the operator's memory is made of.
import type { Pod } from './kinds.ts'

export function keepOfPod({ apiVersion, kind, metadata, spec, status }: Pod): Pod {
  return {
    apiVersion,
    kind,
    metadata,
    ...(spec && { spec: { ...pick(spec, ['nodeName']), volumes: configMapsOf(spec.volumes ?? []) } }),
    ...(status && {
      status: {
        ...pick(status, ['phase', 'podIP']),
        conditions: (status.conditions ?? []).map((one) => pick(one, ['type', 'status', 'reason', 'message'])),
        containerStatuses: (status.containerStatuses ?? []).map((one) =>
          pick(one, ['name', 'ready', 'restartCount', 'state']),
        ),
      },
    }),
  }
}

const configMapsOf = (
  volumes: NonNullable<NonNullable<Pod['spec']>['volumes']>,
): NonNullable<NonNullable<Pod['spec']>['volumes']> =>
  volumes.flatMap(({ configMap }) => (configMap ? [{ configMap: pick(configMap, ['name']) }] : []))

function pick<T extends object, Field extends keyof T>(from: T, fields: readonly Field[]): Pick<T, Field> {
  const picked: Partial<Pick<T, Field>> = {}
  for (const field of fields) if (from[field] !== undefined) picked[field] = from[field]
  return picked as Pick<T, Field>
}
