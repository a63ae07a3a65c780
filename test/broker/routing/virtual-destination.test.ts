import { expect, test } from '@jest/globals'
import { applies, defaultVirtualTopic, QueueNames } from '../../../broker/routing/virtual-destination.ts'

const namesOf = (name: string, prefix: string, postfix = '') =>
  new QueueNames({ ...defaultVirtualTopic, name, prefix, postfix })

test.each([
  ['VirtualTopic.>', 'Consumer.*.', '', 'Consumer.a.VirtualTopic.T', 'VirtualTopic.T'],
  ['VirtualTopic.>', 'Consumer.*.', '', 'Consumer.a.VirtualTopic', 'VirtualTopic'],
  ['VirtualTopic.>', 'Consumer.*.', '', 'Consumer..VirtualTopic.T.U', 'VirtualTopic.T.U'],
  ['VirtualTopic.>', 'Consumer.*.', '', 'Consumer.a.b.VirtualTopic.T', null],
  ['VirtualTopic.>', 'Consumer.*.', '', 'Consumer.VirtualTopic.T', null],
  ['VirtualTopic.>', 'Consumer.*.', '', 'ConsumerXaXVirtualTopic.T', null],
  ['>', 'P-', '-S', 'P-T.U-S', 'T.U'],
  ['T', '*.', '.*', 'a.T.b', 'T'],
  ['T', '*.', '.*.x', 'a.T.b.x', 'T'],
  // Only a whole level is a wildcard.
  ['>', 'A*.', '', 'A*.T', 'T'],
  ['>', 'A*.', '', 'Ab.T', null],
  ['>', 'A.*', '', 'A.*T', 'T'],
  ['>', 'A.*', '', 'A.bT', null],
  ['>', '', '*.B', 'T*.B', 'T'],
])('topics %s with prefix "%s" and postfix "%s": queue %s is for topic %s', (name, prefix, postfix, queue, topic) => {
  const names = namesOf(name, prefix, postfix)
  expect(names.topicOf(queue)).toBe(topic)
  if (topic !== null) expect(names.match(topic, queue)).toBe(true)
})

test('names with wildcards match from both sides', () => {
  const names = namesOf('VirtualTopic.>', 'Consumer.*.')
  const matching = [
    'Consumer.a.VirtualTopic.>',
    'Consumer.*.VirtualTopic.T',
    'Consumer.>',
    'Consumer.a.VirtualTopic.T.>',
  ]
  expect(matching.filter((queue) => !names.match('VirtualTopic.T', queue))).toEqual([])
  expect(names.match('VirtualTopic.*', 'Consumer.a.VirtualTopic.T')).toBe(true)
  expect(names.match('VirtualTopic.T', 'Other.>')).toBe(false)
})

test('a consumer of a wildcard that means its queues', () => {
  const names = namesOf('VirtualTopic.>', 'Consumer.*.')
  const meant = [
    'Consumer.a.VirtualTopic.>',
    'Consumer.*.VirtualTopic.T',
    'Consumer.*.VirtualTopic',
    'Consumer.a.>',
    'Consumer.>',
  ]
  const others = ['>', '*.>', '*.a.VirtualTopic.T', 'Other.>', 'Consumer.*.T']
  expect([...meant, ...others].filter((wildcard) => names.meantBy(wildcard))).toEqual(meant)
})

test('a virtual topic is for topics, a composite for its own kind', () => {
  const composite = {
    kind: 'compositeQueue',
    name: 'C.*',
    forwardTo: [],
    forwardOnly: true,
    sendWhenNotMatched: false,
  } as const
  const destinations = [
    { kind: 'topic', name: 'VirtualTopic.T' },
    { kind: 'queue', name: 'VirtualTopic.T' },
    { kind: 'queue', name: 'C.1' },
    { kind: 'queue', name: 'C' },
    { kind: 'topic', name: 'C.1' },
    { kind: 'temp-queue', name: 'C.1' },
  ] as const
  expect(destinations.map((one) => applies(defaultVirtualTopic, one))).toEqual([
    true,
    false,
    false,
    false,
    false,
    false,
  ])
  expect(destinations.map((one) => applies(composite, one))).toEqual([false, false, true, false, false, false])
})
