// A custom resource for the tests: a fleet of ships, with a list-map, CEL rules, printer columns, status and scale.
import type { NewLocalObject } from '../../../../hack/localkube/api/registry.ts'

export const fleets = { group: 'example.dev', plural: 'fleets' }

const text = { type: 'string' }

const ships = {
  type: 'array',
  maxItems: 5,
  description: 'The ships, by name.',
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': ['name'],
  items: {
    type: 'object',
    required: ['name'],
    properties: {
      name: { type: 'string', maxLength: 63, pattern: '^[a-z]+$', description: 'Name of the ship.' },
      guns: { type: 'integer' },
    },
  },
}

const spec = {
  type: 'object',
  required: ['ships'],
  'x-kubernetes-validations': [
    { rule: 'self.replicas <= 10 || self.big', message: 'more than ten replicas need big' },
    { rule: 'self.home == oldSelf.home', message: 'home is immutable', fieldPath: '.home' },
    {
      rule: 'self.ships.all(ship, !has(ship.guns) || ship.guns < 100)',
      messageExpression: "'fleet of ' + string(self.replicas) + ' has too many guns'",
      reason: 'FieldValueForbidden',
    },
  ],
  properties: {
    replicas: { type: 'integer', format: 'int32', minimum: 0, default: 1, description: 'How many fleets.' },
    big: { type: 'boolean', default: false },
    home: { type: 'string', default: 'sea', maxLength: 10 },
    rank: { type: 'string', enum: ['A', 'B'], default: 'A' },
    port: { 'x-kubernetes-int-or-string': true },
    ships,
  },
}

const condition = {
  type: 'object',
  required: ['type', 'status'],
  properties: { type: text, status: text, reason: text },
}

const status = {
  type: 'object',
  properties: {
    replicas: { type: 'integer' },
    selector: text,
    conditions: {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['type'],
      items: condition,
    },
  },
}

export const fleetDefinition: NewLocalObject = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'fleets.example.dev' },
  spec: {
    group: 'example.dev',
    scope: 'Namespaced',
    names: { plural: 'fleets', kind: 'Fleet', shortNames: ['fl'], categories: ['all'] },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources: {
          status: {},
          scale: {
            specReplicasPath: '.spec.replicas',
            statusReplicasPath: '.status.replicas',
            labelSelectorPath: '.status.selector',
          },
        },
        additionalPrinterColumns: [
          { name: 'Replicas', type: 'integer', jsonPath: '.spec.replicas' },
          { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
          { name: 'Home', type: 'string', jsonPath: '.spec.home', priority: 1 },
          { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
        ],
        schema: {
          openAPIV3Schema: {
            type: 'object',
            description: 'A fleet of ships.',
            required: ['spec'],
            properties: { spec, status },
          },
        },
      },
    ],
  },
}

export const fleet = (name: string, fields: Record<string, unknown> = {}): NewLocalObject => ({
  apiVersion: 'example.dev/v1',
  kind: 'Fleet',
  metadata: { name, namespace: 'default' },
  spec: { ships: [{ name: 'hood' }], ...fields },
})
