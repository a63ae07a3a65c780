// Building blocks of the BrokerCluster schema: amounts as text, names, lists and maps as Kubernetes wants them
// described. Keys that start with x-kubernetes- go into the CRD as they are (crd.ts).
import { z } from 'zod'
import {
  maxAmountLength,
  maxAnnotationValueLength,
  maxLabelValueLength,
  maxNameLength,
  maxSecretKeyLength,
  maxUserMetadata,
} from './limits.ts'
import { capacityPattern, quantityPattern } from './quantity.ts'

/** A list that is merged by the field `name`. */
export const listMap = { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] } as const
export const listSet = { 'x-kubernetes-list-type': 'set' } as const

export const durationSchema = z
  .string()
  .max(maxAmountLength)
  .regex(/^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$/, { error: 'expected a duration such as 250ms, 2s, 1m30s' })

/** Bytes as the broker's configuration takes them. */
export const sizeSchema = z
  .string()
  .max(maxAmountLength)
  .regex(/^[1-9][0-9]*(k|M|G|T|Ki|Mi|Gi|Ti)?$/, { error: 'expected a size such as 512Ki, 64Mi, 2Gi' })

/** Capacity of a volume. */
export const capacitySchema = z
  .string()
  .max(maxAmountLength)
  .regex(capacityPattern, { error: 'expected a quantity such as 20Gi' })

/** A quantity as people write it, `cpu: 1` included. */
export const quantitySchema = z
  .union([z.int().min(0), z.string().regex(quantityPattern, { error: 'expected a quantity' })], {
    error: 'expected a quantity such as 500m, 2, 2Gi',
  })
  .meta({
    'x-kubernetes-int-or-string': true,
    pattern: quantityPattern.source,
  })

/** DNS label that starts with a letter: good for every child, Services included. */
export const nameSchema = z
  .string()
  .min(1)
  .max(maxNameLength)
  .regex(/^[a-z]([-a-z0-9]*[a-z0-9])?$/, {
    error: 'expected lower-case letters, digits and "-", first a letter, last a letter or digit',
  })

/** Name of an object that somebody else made. */
export const objectNameSchema = z
  .string()
  .min(1)
  .max(253)
  .regex(/^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$/, { error: 'expected the name of an object' })

/** Key of a Secret that somebody else made. */
export const secretKeySchema = (content: string) =>
  z
    .string()
    .min(1)
    .max(maxSecretKeyLength)
    .regex(/^[-._a-zA-Z0-9]+$/, { error: 'expected the key of a Secret: letters, digits, "-", "_" and "."' })
    .describe(`Key of the Secret that holds ${content}.`)

const metadataMap = (maxLength: number) =>
  z
    .record(z.string(), z.string().max(maxLength))
    .refine((map) => Object.keys(map).length <= maxUserMetadata, {
      error: `expected at most ${maxUserMetadata} entries`,
    })
    .meta({ maxProperties: maxUserMetadata })
export const labelsSchema = metadataMap(maxLabelValueLength)
export const annotationsSchema = metadataMap(maxAnnotationValueLength)
