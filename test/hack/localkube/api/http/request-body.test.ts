import { describe, expect, test } from '@jest/globals'
import { decodeBody, duplicateFields } from '../../../../../hack/localkube/api/http/request-body.ts'

const decode = (text: string, type = 'application/json'): unknown => decodeBody(Buffer.from(text), type).value

describe('bodies', () => {
  test('JSON, YAML and JSON sent as YAML', () => {
    expect(decode('{"a":1}')).toEqual({ a: 1 })
    expect(decode('a: 1\nb: [x]', 'application/yaml; charset=utf-8')).toEqual({ a: 1, b: ['x'] })
    expect(decode('{"a":1}', 'application/apply-patch+yaml')).toEqual({ a: 1 })
  })

  test('what is none of them is refused', () => {
    expect(() => decode('{')).toThrow("couldn't parse it as JSON")
    expect(() => decode('a: [', 'application/yaml')).toThrow('error converting YAML to JSON')
    expect(() => decode('x', 'text/plain')).toThrow('accepted media types include')
    expect(() => decode('['.repeat(600) + ']'.repeat(600))).toThrow('nested deeper')
  })

  test('fields written twice are found by path, and strings that look like fields are not', () => {
    expect(duplicateFields('{"a":1,"b":{"c":[{"d":1},{"d":2,"d":3}]},"a":2}')).toEqual(['b.c[1].d', 'a'])
    expect(duplicateFields('{"a":"{\\"x\\":1,\\"x\\":2}","b":["a","a"],"c":{"a":1}}')).toEqual([])
  })
})

describe('protobuf', () => {
  const field = (number: number, content: Buffer | string): Buffer => {
    const bytes = Buffer.from(content)
    return Buffer.concat([Buffer.from([number * 8 + 2, bytes.length]), bytes])
  }
  const message = (kind: string, object: Buffer): Buffer =>
    Buffer.concat([Buffer.from('k8s\0'), field(1, Buffer.concat([field(1, 'v1'), field(2, kind)])), field(2, object)])
  const read = (body: Buffer): unknown => decodeBody(body, 'application/vnd.kubernetes.protobuf').value

  test('a ConfigMap as kubectl create sends it', () => {
    const metadata = field(
      1,
      Buffer.concat([field(1, 'name'), field(2, ''), field(11, Buffer.concat([field(1, 'app'), field(2, 'x')]))]),
    )
    const data = field(2, Buffer.concat([field(1, 'key'), field(2, 'value')]))
    expect(read(message('ConfigMap', Buffer.concat([metadata, data])))).toEqual({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'name', labels: { app: 'x' } },
      data: { key: 'value' },
    })
  })

  test('other kinds, and bytes that are no message, are refused', () => {
    expect(() => read(message('Deployment', Buffer.alloc(0)))).toThrow(
      'localkube reads Deployment as JSON and YAML only',
    )
    expect(() => read(Buffer.from('{}'))).toThrow('does not start as Kubernetes protobuf does')
    expect(() => read(Buffer.concat([Buffer.from('k8s\0'), Buffer.from([0x0a, 0x7f])]))).toThrow('malformed protobuf')
  })
})
