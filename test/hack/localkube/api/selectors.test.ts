import { describe, expect, test } from '@jest/globals'
import {
  formatSelector,
  matchesFields,
  matchesSelector,
  parseFieldSelector,
  parseLabelSelector,
  parseSelectorObject,
} from '../../../../hack/localkube/api/selectors.ts'

describe('label selectors', () => {
  const labels = { app: 'web', tier: 'front', size: '5' }

  test.each([
    ['', true],
    ['app=web', true],
    ['app==web,tier!=back', true],
    ['app!=web', false],
    ['missing!=x', true],
    ['tier in (front, back)', true],
    ['tier notin (front)', false],
    ['missing notin (a)', true],
    ['app', true],
    ['!app', false],
    ['!missing,app in (web),size>4', true],
    ['size<5', false],
  ])('%j selects: %j', (selector, expected) => {
    expect(matchesSelector(parseLabelSelector(selector), labels)).toBe(expected)
  })

  test.each(['a in (b', 'a b', '=x', 'app=two words', '-bad=x'])('%j is refused', (selector) => {
    expect(() => parseLabelSelector(selector)).toThrow('unable to parse requirement')
  })

  test('the object form is the same selector, and has a text form', () => {
    const selector = {
      matchLabels: { app: 'web' },
      matchExpressions: [
        { key: 'tier', operator: 'In', values: ['front', 'back'] },
        { key: 'missing', operator: 'DoesNotExist' },
      ],
    }
    expect(matchesSelector(parseSelectorObject(selector), labels)).toBe(true)
    expect(formatSelector(selector)).toBe('!missing,app=web,tier in (front,back)')
  })
})

describe('field selectors', () => {
  const pod = { metadata: { name: 'a' }, spec: {}, status: { phase: 'Running' } }
  const matches = (text: string): boolean =>
    matchesFields(parseFieldSelector(text, ['status.phase', 'spec.nodeName', 'spec.unschedulable'], 'Pod'), pod)

  test('compare fields; an absent one equals the zero of its type', () => {
    expect(matches('status.phase=Running,metadata.name!=b')).toBe(true)
    expect(matches('spec.nodeName=')).toBe(true)
    expect(matches('spec.unschedulable!=true')).toBe(true)
    expect(matches('status.phase!=Running')).toBe(false)
  })

  test('a field that the kind does not offer is refused', () => {
    expect(() => matches('spec.foo=1')).toThrow('field label not supported: spec.foo')
  })
})
