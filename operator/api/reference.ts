// docs/brokercluster-reference.md, built from the schema of the CRD. Pure; write-crds.ts puts it on disk.
import { conditionReasons } from './conditions.ts'
import { buildBrokerClusterSchema, type JsonSchema } from './crd.ts'

export function buildReference(): string {
  const { properties } = buildBrokerClusterSchema()
  return [
    '# BrokerCluster reference',
    '',
    '`flotilla.dev/v1alpha1`, short name `bkc`. Generated from the schema by `npm run crds`; not to be edited by hand.',
    '`kubectl explain brokercluster.spec --recursive` shows the same.',
    '',
    '## spec',
    '',
    ...table(properties!['spec']!, 'spec'),
    '',
    '### What the API server refuses',
    '',
    ...rulesOf(properties!['spec']!),
    '',
    '## status',
    '',
    ...table(properties!['status']!, 'status'),
    '',
    '## Conditions',
    '',
    '| type | reasons |',
    '|---|---|',
    ...Object.entries(conditionReasons).map(([type, reasons]) => `| ${type} | ${reasons.join(', ')} |`),
    '',
  ].join('\n')
}

function table(schema: JsonSchema, path: string): string[] {
  return ['| field | type | default | meaning |', '|---|---|---|---|', ...rows(schema, path)]
}

function rows(schema: JsonSchema, path: string): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    const required = schema.required?.includes(name) && path.startsWith('spec') ? ' (required)' : ''
    const list = property.items !== undefined
    const here = `${path}.${name}${list ? '[]' : ''}`
    const row = `| \`${here}\` | ${describeType(property)}${required} | ${describeDefault(property)} | ${escape(property.description ?? '')} |`
    return [row, ...rows(list ? property.items! : property, here)]
  })
}

function describeType(schema: JsonSchema): string {
  if (schema['x-kubernetes-int-or-string'] === true) return 'quantity'
  if (schema.enum) return schema.enum.join(', ')
  if (schema.items) return `list of ${schema.items.enum ? schema.items.enum.join(', ') : schema.items.type}`
  if (schema.additionalProperties) return 'map'
  const { minimum: min, maximum: max } = schema as { minimum?: number; maximum?: number }
  return min !== undefined && max !== undefined ? `${schema.type}, ${min} to ${max}` : (schema.type ?? '')
}

const describeDefault = ({ default: value, properties }: JsonSchema): string =>
  value === undefined || properties ? '' : `\`${JSON.stringify(value)}\``

const escape = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '&lt;')

/** The messages of all rules, each once. */
function rulesOf(schema: JsonSchema): string[] {
  const messages = new Set<string>()
  const visit = (node: JsonSchema): void => {
    for (const { message } of node['x-kubernetes-validations'] ?? []) messages.add(`- ${message}`)
    for (const child of [...Object.values(node.properties ?? {}), ...(node.items ? [node.items] : [])]) visit(child)
  }
  visit(schema)
  return [...messages]
}
