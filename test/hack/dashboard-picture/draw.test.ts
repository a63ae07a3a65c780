import { expect, test } from '@jest/globals'
import { drawDashboard, formatValue, type Panel } from '../../../hack/dashboard-picture/draw.ts'

const panel = (type: string, title: string, unit = 'short'): Panel => ({
  type,
  title,
  unit,
  gridPos: { x: 0, y: 1, w: 8, h: 8 },
})

test.each([
  [0, 'short', '0'],
  [1234, 'short', '1.23 K'],
  [2_000_000, 'short', '2 Mil'],
  [512, 'bytes', '512 B'],
  [3 * 2 ** 30, 'bytes', '3 GiB'],
  [0.0123, 's', '12.3 ms'],
  [2.5, 's', '2.5 s'],
  [40, 'cps', '40 c/s'],
])('%d in %s is shown as %s', (value, unit, shown) => {
  expect(formatValue(value, unit)).toBe(shown)
})

test('a graph has a line for each series, scaled to the time and the largest value, and none where nothing is known', () => {
  const svg = drawDashboard(
    'Title',
    [
      {
        panel: panel('timeseries', 'In <flight>'),
        series: [
          {
            name: 'one',
            points: [
              [100, 0],
              [101, 10],
              [200, 0],
            ],
          },
          { name: 'two', points: [[150, 5]] },
        ],
      },
    ],
    100,
    200,
  )
  expect(svg).toContain('In &lt;flight&gt;')
  const lines = [...svg.matchAll(/<path d="(M[^H"]+)" fill="none"/g)].map((match) => match[1])
  expect(lines).toEqual(['M54 166L57.3 28M386 166', 'M220 97'])
})

test('what found nothing says so, and a single value is the newest', () => {
  const points = [
    [100, 3],
    [200, 4],
  ] as const
  const draw = (series: { name: string; points: readonly (readonly [number, number])[] }[], type: string): string =>
    drawDashboard('Title', [{ panel: panel(type, 'Panel'), series }], 100, 200)
  expect(draw([], 'timeseries')).toContain('>No data<')
  expect(draw([], 'stat')).toContain('>No data<')
  expect(draw([{ name: 'one', points }], 'stat')).toContain('>4<')
})
