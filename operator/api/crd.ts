// The CustomResourceDefinition, built from the zod schema. Pure; write-crds.ts puts it on disk.
import { z } from 'zod'
import { nameRules } from './rules/names.ts'
import { celOf } from './rules/rule.ts'
import { specSchema } from './spec-schema.ts'
import { statusSchema } from './status-schema.ts'

/** An OpenAPI v3 schema as a CRD may contain it. */
export interface JsonSchema {
  type?: string
  description?: string
  properties?: Record<string, JsonSchema>
  items?: JsonSchema
  additionalProperties?: JsonSchema
  required?: string[]
  default?: unknown
  enum?: unknown[]
  'x-kubernetes-validations'?: { rule: string; message: string; fieldPath?: string }[]
  [keyword: string]: unknown
}

export function buildBrokerClusterSchema(): JsonSchema {
  return {
    description:
      'A BrokerCluster is a set of ActiveMQ-compatible message brokers: groups of one active broker and standbys that take over from it.',
    type: 'object',
    required: ['spec'],
    properties: {
      apiVersion: { type: 'string', description: 'flotilla.dev/v1alpha1' },
      kind: { type: 'string', description: 'BrokerCluster' },
      metadata: { type: 'object' },
      spec: {
        ...convert(z.toJSONSchema(specSchema, { io: 'input', reused: 'inline' })),
        description: 'What is wanted.',
      },
      status: {
        ...convert(z.toJSONSchema(statusSchema, { io: 'output', reused: 'inline' })),
        description: 'What the operator observed. Written by the operator only.',
      },
    },
    ...celOf(nameRules),
  }
}

const column = (name: string, jsonPath: string, description: string, extra: object = {}) => ({
  name,
  type: 'string',
  jsonPath,
  description,
  ...extra,
})
const readyCondition = (field: string): string => `.status.conditions[?(@.type=="Ready")].${field}`
const wide = { priority: 1 }

export function buildBrokerClusterCrd() {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'brokerclusters.flotilla.dev' },
    spec: {
      group: 'flotilla.dev',
      scope: 'Namespaced',
      names: {
        kind: 'BrokerCluster',
        listKind: 'BrokerClusterList',
        plural: 'brokerclusters',
        singular: 'brokercluster',
        shortNames: ['bkc'],
        categories: ['brokers'],
      },
      versions: [
        {
          name: 'v1alpha1',
          served: true,
          storage: true,
          additionalPrinterColumns: [
            column('Ready', readyCondition('status'), 'Whether all members are there and settled.'),
            column('Status', readyCondition('reason'), 'Why it is Ready, or is not.'),
            column('Topology', '.spec.topology.type', 'How the brokers are arranged.'),
            column('Active', '.status.summary.active', 'Groups with an active member, of all.'),
            column('Members', '.status.summary.members', 'Ready members, of all.'),
            column('Age', '.metadata.creationTimestamp', 'When it was created.', { type: 'date' }),
            column('Edges', '.status.summary.edges', 'Edges that are connected, of all.', wide),
            column('Rollout', '.status.rollout.state', 'What the rollout is doing.', wide),
            column('Message', readyCondition('message'), 'Why it is Ready, or is not, for people.', wide),
          ],
          subresources: {
            status: {},
            scale: {
              specReplicasPath: '.spec.groupCount',
              statusReplicasPath: '.status.replicas',
              labelSelectorPath: '.status.selector',
            },
          },
          schema: { openAPIV3Schema: buildBrokerClusterSchema() },
        },
      ],
    },
  }
}

/** What zod says and a structural schema does not know. */
const notInCrds = ['$schema', 'propertyNames', 'anyOf']

/** From JSON Schema as zod writes it to the structural schema that a CRD takes. */
function convert(source: unknown): JsonSchema {
  const { properties, items, additionalProperties, ...rest } = source as Record<string, unknown>
  const schema: JsonSchema = { ...rest }
  for (const keyword of notInCrds) delete schema[keyword]
  if (schema['x-kubernetes-int-or-string'] === true) schema['anyOf'] = [{ type: 'integer' }, { type: 'string' }]
  if (schema['format'] === undefined && schema.type === 'integer') schema['format'] = 'int32'
  if (properties)
    schema.properties = Object.fromEntries(Object.entries(properties).map(([name, value]) => [name, convert(value)]))
  if (items) schema.items = convert(items)
  // The API server prunes what it does not know; it has no word for "nothing else".
  if (typeof additionalProperties === 'object') schema.additionalProperties = convert(additionalProperties)
  if (schema['maximum'] === Number.MAX_SAFE_INTEGER) delete schema['maximum']
  if (schema.default !== undefined) schema.default = complete(schema.default, schema)
  return schema
}

/**
 * A default with the defaults inside it filled in: the API server holds it against the rules before it does that
 * itself.
 */
function complete(value: unknown, schema: JsonSchema): unknown {
  if (Array.isArray(value)) return value.map((item) => complete(item, schema.items ?? {}))
  if (typeof value !== 'object' || value === null) return value
  const filled: Record<string, unknown> = { ...value }
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    if (filled[name] !== undefined) filled[name] = complete(filled[name], property)
    else if (property.default !== undefined) filled[name] = property.default
  }
  return filled
}
