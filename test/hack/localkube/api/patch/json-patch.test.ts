import { describe, expect, test } from '@jest/globals'
import { applyJsonPatch, applyMergePatch } from '../../../../../hack/localkube/api/patch/json-patch.ts'

describe('JSON patch', () => {
  const document = { a: { b: 1 }, list: ['x', 'y'], 'c/d~e': 0 }

  test('adds, replaces, removes, moves and copies', () => {
    const patch = [
      { op: 'add', path: '/list/1', value: 'new' },
      { op: 'add', path: '/list/-', value: 'last' },
      { op: 'replace', path: '/a/b', value: 2 },
      { op: 'remove', path: '/c~1d~0e' },
      { op: 'copy', from: '/a', path: '/copied' },
      { op: 'move', from: '/list/0', path: '/moved' },
      { op: 'test', path: '/copied/b', value: 2 },
    ]
    expect(applyJsonPatch(document, patch)).toEqual({
      a: { b: 2 },
      list: ['new', 'y', 'last'],
      copied: { b: 2 },
      moved: 'x',
    })
    expect(document.list).toEqual(['x', 'y'])
  })

  test.each([
    [{ op: 'test', path: '/a/b', value: 9 }, 'testing value /a/b failed'],
    [{ op: 'remove', path: '/nope' }, 'doc is missing path: /nope'],
    [{ op: 'replace', path: '/a/nope', value: 1 }, 'doc is missing path: /a/nope'],
    [{ op: 'add', path: '/list/7', value: 1 }, 'index out of bounds: 7'],
    [{ op: 'frob', path: '/a' }, 'unknown operation'],
    [{ op: 'add', path: 'a' }, "must start with '/'"],
  ])('refuses %j', (operation, message) => {
    expect(() => applyJsonPatch(document, [operation])).toThrow(message)
  })

  test('adds nothing to the prototype of objects', () => {
    const patched = applyJsonPatch({}, [{ op: 'add', path: '/__proto__', value: { polluted: true } }])
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
    expect(Object.keys(patched as object)).toEqual(['__proto__'])
  })
})

test('a merge patch sets, deletes with null and replaces lists whole', () => {
  expect(
    applyMergePatch(
      { a: { b: 1, c: 2 }, list: [1, 2], d: 3 },
      { a: { b: null, e: 4 }, list: [3], d: { f: null, g: 1 } },
    ),
  ).toEqual({
    a: { c: 2, e: 4 },
    list: [3],
    d: { g: 1 },
  })
})
