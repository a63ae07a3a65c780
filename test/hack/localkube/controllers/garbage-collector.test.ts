import { afterEach, beforeEach, expect, test } from '@jest/globals'
import type { LocalObject } from '../../../../hack/localkube/api/registry.ts'
import { startGarbageCollector } from '../../../../hack/localkube/controllers/garbage-collector.ts'
import { controllerReference, ownerReference } from '../../../../hack/localkube/controllers/owners.ts'
import {
  configMaps,
  customResourceDefinitions,
  secrets,
  services,
} from '../../../../hack/localkube/controllers/resource-names.ts'
import { ControlPlane } from '../control-plane.ts'

let plane: ControlPlane
beforeEach(() => {
  plane = new ControlPlane(startGarbageCollector)
})
afterEach(() => {
  plane.stop()
  expect(plane.warnings).toEqual([])
})

const createOwner = (name: string) =>
  plane.create(services, { apiVersion: 'v1', kind: 'Service', metadata: { name }, spec: { ports: [{ port: 1 }] } })
const createDependent = (name: string, ...ownerReferences: ReturnType<typeof ownerReference>[]) =>
  plane.create(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, ownerReferences } })
const remove = (owner: LocalObject, propagationPolicy: 'Foreground' | 'Background' | 'Orphan') =>
  plane.registry.delete(services, 'default', owner.metadata.name, { propagationPolicy })

test('Background: the owner goes at once, its dependents and theirs after it', async () => {
  const owner = createOwner('owner')
  const child = createDependent('child', controllerReference(owner))
  createDependent('grandchild', controllerReference(child))
  createDependent('stranger')
  await plane.settle()
  remove(owner, 'Background')
  expect(plane.names(services)).toEqual([])
  await plane.settle()
  expect(plane.names(configMaps)).toEqual(['stranger'])
})

test('a dependent of two owners stays with the one that is left', async () => {
  const [first, second] = [createOwner('first'), createOwner('second')]
  createDependent('shared', ownerReference(first), ownerReference(second))
  await plane.settle()
  remove(first, 'Background')
  await plane.settle()
  expect(plane.get(configMaps, 'shared')!.metadata.ownerReferences).toEqual([ownerReference(second)])
})

test('Foreground: the owner waits for the dependents that block it', async () => {
  const owner = createOwner('owner')
  const held = createDependent('held', controllerReference(owner))
  plane.registry.update(configMaps, 'default', 'held', (object) => (object.metadata.finalizers = ['example.com/hold']))
  createDependent('free', ownerReference(owner))
  await plane.settle()
  remove(owner, 'Foreground')
  await plane.settle()
  expect(plane.names(services)).toEqual(['owner'])
  expect(plane.names(configMaps)).toEqual(['held'])
  plane.registry.update(configMaps, 'default', held.metadata.name, (object) => (object.metadata.finalizers = []))
  await plane.settle()
  expect([plane.names(services), plane.names(configMaps)]).toEqual([[], []])
})

test('Orphan: the dependents stay and forget the owner', async () => {
  const owner = createOwner('owner')
  createDependent('child', controllerReference(owner))
  await plane.settle()
  remove(owner, 'Orphan')
  await plane.settle()
  expect(plane.names(services)).toEqual([])
  expect(plane.get(configMaps, 'child')!.metadata.ownerReferences).toBeUndefined()
})

test('an owner that was recreated under its name is not the owner', async () => {
  const owner = createOwner('owner')
  await plane.settle()
  remove(owner, 'Background')
  createOwner('owner')
  createDependent('late', ownerReference(owner))
  await plane.settle()
  expect(plane.names(configMaps)).toEqual([])
})

test('an owner of a kind that is not served proves nothing', async () => {
  const owner = { ...createOwner('owner'), apiVersion: 'example.com/v1', kind: 'Unknown' }
  createDependent('child', ownerReference(owner))
  await plane.settle()
  expect(plane.names(configMaps)).toEqual(['child'])
})

test('owners of custom kinds count, from their definition on', async () => {
  const widgets = { group: 'example.com', plural: 'widgets' }
  plane.registry.create(customResourceDefinitions, {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'widgets.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { kind: 'Widget', listKind: 'WidgetList', plural: 'widgets', singular: 'widget' },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
    },
  })
  await plane.settle()
  const widget = plane.create(widgets, { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'w' } })
  plane.create(secrets, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 's', ownerReferences: [controllerReference(widget)] },
  })
  await plane.settle()
  plane.registry.delete(widgets, 'default', 'w')
  await plane.settle()
  expect(plane.names(secrets)).toEqual([])
})
