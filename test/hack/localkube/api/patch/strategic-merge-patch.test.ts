import { describe, expect, test } from '@jest/globals'
import { builtinDefinitions, schemaNameOf } from '../../../../../hack/localkube/api/schema/builtin-schemas.ts'
import { applyStrategicMergePatch } from '../../../../../hack/localkube/api/patch/strategic-merge-patch.ts'

const definitions = builtinDefinitions()
const patchPod = (pod: Record<string, unknown>, patch: Record<string, unknown>): unknown =>
  applyStrategicMergePatch(pod, patch, definitions.get(schemaNameOf('', 'v1', 'Pod')), definitions)

const env = (...items: [string, string][]): unknown => items.map(([name, value]) => ({ name, value }))
const pod = (fields: Record<string, unknown>): Record<string, unknown> => ({
  spec: { containers: [{ name: 'a', ...fields }, { name: 'b' }] },
})

describe('strategic merge patch of a pod', () => {
  test('merges containers by name and their env by name', () => {
    const patched = patchPod(pod({ image: 'x:1', env: env(['A', '1'], ['B', '2']) }), {
      spec: {
        containers: [
          {
            name: 'a',
            env: [
              { name: 'B', value: '3' },
              { name: 'C', value: '4' },
            ],
          },
        ],
      },
    })
    // What is new goes first, what was there keeps its place: as the real server does it.
    expect(patched).toEqual(pod({ image: 'x:1', env: env(['A', '1'], ['B', '3'], ['C', '4']) }))
  })

  test('replaces atomic lists', () => {
    expect(patchPod(pod({ args: ['a', 'b'] }), { spec: { containers: [{ name: 'a', args: ['c'] }] } })).toEqual(
      pod({ args: ['c'] }),
    )
  })

  test('deletes items with $patch: delete and keeps the order of $setElementOrder', () => {
    const patched = patchPod(pod({ env: env(['A', '1'], ['B', '2'], ['C', '3']) }), {
      spec: {
        containers: [
          {
            name: 'a',
            $setElementOrder: undefined,
            '$setElementOrder/env': [{ name: 'C' }, { name: 'A' }],
            env: [{ name: 'B', $patch: 'delete' }],
          },
        ],
      },
    })
    expect(patched).toEqual(pod({ env: env(['C', '3'], ['A', '1']) }))
  })

  test('replaces a list with $patch: replace', () => {
    expect(patchPod(pod({}), { spec: { containers: [{ name: 'z' }, { $patch: 'replace' }] } })).toEqual({
      spec: { containers: [{ name: 'z' }] },
    })
  })

  test('$retainKeys changes the source of a volume', () => {
    const volumes = (source: Record<string, unknown>): Record<string, unknown> => ({
      spec: { volumes: [{ name: 'v', ...source }] },
    })
    expect(
      patchPod(volumes({ emptyDir: {} }), volumes({ $retainKeys: ['name', 'secret'], secret: { secretName: 's' } })),
    ).toEqual(volumes({ secret: { secretName: 's' } }))
  })

  test('finalizers are a set: added, and removed with $deleteFromPrimitiveList', () => {
    const withFinalizers = (...finalizers: string[]): Record<string, unknown> => ({ metadata: { finalizers } })
    expect(patchPod(withFinalizers('a'), withFinalizers('a', 'b'))).toEqual(withFinalizers('a', 'b'))
    expect(patchPod(withFinalizers('a', 'b'), { metadata: { '$deleteFromPrimitiveList/finalizers': ['a'] } })).toEqual(
      withFinalizers('b'),
    )
  })

  test('an item without its key is refused', () => {
    expect(() => patchPod(pod({}), { spec: { containers: [{ image: 'x' }] } })).toThrow(
      'does not contain declared merge key: name',
    )
  })
})
