import { expect, test } from '@jest/globals'
import { metricProblems } from './metric-rules.ts'

const metric = (name: string, type: string, labels = '') =>
  `# HELP ${name} What it is\n# TYPE ${name} ${type}\n${name}${labels} 1\n`

test('metrics that obey the rules', () => {
  expect(
    metricProblems(metric('flotilla_sends_total', 'counter') + metric('flotilla_age_seconds', 'gauge', '{a="b"}')),
  ).toEqual([])
})

test.each([
  ['only a counter ends in _total', metric('handles_total', 'gauge')],
  ['a counter ends in _total', metric('sends', 'counter')],
  ['has no help', '# TYPE sends_total counter\nsends_total 1\n'],
  ['names are snake_case', metric('sendsDone', 'gauge')],
  ['names are snake_case', metric('sends', 'gauge', '{clientId="a"}')],
  ['no base unit', metric('age_ms', 'gauge')],
  ['is not part of a histogram', metric('sends_count', 'gauge')],
  ['its name says its type', metric('sends_gauge', 'gauge')],
  ['le is the label of a histogram', metric('sends', 'gauge', '{le="1"}')],
])('%s', (problem, text) => {
  expect(metricProblems(text)[0]).toContain(problem)
})
