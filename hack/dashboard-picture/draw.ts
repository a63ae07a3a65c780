// A dashboard drawn as SVG: panels where Grafana would have them, with what their queries gave. Pure. Knows the kinds of
// panels that ours has (row, stat, timeseries), and no interaction.
export interface Panel {
  readonly type: string
  readonly title: string
  readonly gridPos: { readonly h: number; readonly w: number; readonly x: number; readonly y: number }
  readonly unit: string
}

export interface Series {
  readonly name: string
  /** Seconds since 1970, value. */
  readonly points: readonly (readonly [number, number])[]
}

export interface DrawnPanel {
  readonly panel: Panel
  readonly series: readonly Series[]
}

const columns = 24
const columnWidth = 50
const rowHeight = 26
const gap = 6
const colours = [
  '#3274d9',
  '#e0752d',
  '#299c46',
  '#a352cc',
  '#d44a3a',
  '#17a2a2',
  '#b8870b',
  '#7d6cc4',
  '#5a6b7b',
  '#c2185b',
]
const mostLegends = 4
const axisWidth = 54
/** A line has a gap where it would go on for longer than this share of the picture. */
const longestStep = 0.03
const legendHeight = 14

export function drawDashboard(title: string, panels: readonly DrawnPanel[], from: number, to: number): string {
  const rows = Math.max(...panels.map(({ panel: { gridPos } }) => gridPos.y + gridPos.h))
  const [width, height] = [columns * columnWidth + gap, rows * rowHeight + 40]
  const drawn = panels.map((one) => drawPanel(one, from, to)).join('\n')
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="Helvetica, Arial, sans-serif" font-size="11">
<rect width="${width}" height="${height}" fill="#f4f5f5"/>
<text x="${gap}" y="25" font-size="18" fill="#24292e">${escape(title)}</text>
<g transform="translate(${gap} 40)">
${drawn}
</g>
</svg>
`
}

function drawPanel({ panel, series }: DrawnPanel, from: number, to: number): string {
  const { x, y, w, h } = panel.gridPos
  const [width, height] = [w * columnWidth - gap, h * rowHeight - gap]
  const inside =
    panel.type === 'row'
      ? text(0, 15, `▾ ${panel.title}`, 'font-size="13" font-weight="bold"')
      : frame(panel, width, height) +
        (panel.type === 'stat'
          ? drawValue(panel, series, width, height)
          : drawLines(panel, series, width, height, from, to))
  return `<g transform="translate(${x * columnWidth} ${y * rowHeight})">${inside}</g>`
}

const frame = ({ title }: Panel, width: number, height: number): string =>
  `<rect width="${width}" height="${height}" rx="3" fill="#fff" stroke="#dce0e4"/>` +
  text(8, 17, title, 'font-size="12" font-weight="bold"')

function drawValue({ unit }: Panel, series: readonly Series[], width: number, height: number): string {
  const value = series[0]?.points.at(-1)?.[1]
  const shown = value === undefined ? 'No data' : formatValue(value, unit)
  return text(width / 2, height / 2 + 20, shown, 'font-size="30" text-anchor="middle" fill="#299c46"')
}

function drawLines(
  { unit }: Panel,
  series: readonly Series[],
  width: number,
  height: number,
  from: number,
  to: number,
): string {
  if (series.length === 0) return text(width / 2, height / 2 + 8, 'No data', 'text-anchor="middle" fill="#8e8e8e"')
  const legends = series.slice(0, mostLegends)
  const [left, right, top] = [axisWidth, width - 8, 28]
  const bottom = height - 8 - legendHeight * (Math.ceil(legends.length / 2) + 1)
  const largest = niceCeiling(Math.max(...series.flatMap(({ points }) => points.map(([, value]) => value))), unit)
  const xOf = (time: number): number => round(left + ((time - from) / (to - from)) * (right - left))
  const yOf = (value: number): number => round(bottom - (value / largest) * (bottom - top))
  const grid = [0, 0.5, 1]
    .map((share) => ({ value: share * largest, y: yOf(share * largest) }))
    .map(
      ({ value, y }) =>
        `<path d="M${left} ${y}H${right}" stroke="#e9edf2"/>` +
        text(left - 5, y + 4, formatValue(value, unit), 'text-anchor="end" fill="#52616b"'),
    )
  const times = [0.05, 0.5, 0.95].map((share) => {
    const time = from + share * (to - from)
    return text(
      xOf(time),
      bottom + 13,
      new Date(time * 1000).toISOString().slice(11, 19),
      'text-anchor="middle" fill="#52616b"',
    )
  })
  const goesOn = (before: number | undefined, time: number): boolean =>
    before !== undefined && time - before < (to - from) * longestStep
  const lines = series.map(({ points }, index) => {
    const path = points
      .map(([time, value], at) => `${goesOn(points[at - 1]?.[0], time) ? 'L' : 'M'}${xOf(time)} ${yOf(value)}`)
      .join('')
    return `<path d="${path}" fill="none" stroke="${colours[index % colours.length]}" stroke-width="1.5"/>`
  })
  const names = legends.map(({ name }, index) => {
    const [x, y] = [left + (index % 2) * ((right - left) / 2), bottom + 13 + legendHeight * (1 + Math.floor(index / 2))]
    const most = Math.floor((right - left) / 2 / 5.6) - 4
    const shown = name.length > most ? `${name.slice(0, most - 1)}…` : name
    return `<path d="M${x} ${y - 4}h12" stroke="${colours[index % colours.length]}" stroke-width="3"/>${text(x + 16, y, shown)}`
  })
  return [...grid, ...times, ...lines, ...names].join('')
}

/** As Grafana's units of these names: short, cps, bytes, s. */
export function formatValue(value: number, unit: string): string {
  if (unit === 's') return value === 0 ? '0 s' : value < 1 ? `${trim(value * 1000)} ms` : `${trim(value)} s`
  const [base, units] =
    unit === 'bytes' ? [1024, [' B', ' KiB', ' MiB', ' GiB', ' TiB']] : [1000, ['', ' K', ' Mil', ' Bil', ' Tri']]
  let power = 0
  while (value >= base && power < units.length - 1) {
    value /= base
    power++
  }
  return `${trim(value)}${units[power]}${unit === 'cps' ? ' c/s' : ''}`
}

const trim = (value: number): string => String(Number(value.toPrecision(3)))

/** The next 1, 2 or 5 times a power of ten; of bytes the next power of two. */
function niceCeiling(value: number, unit: string): number {
  if (!(value > 0)) return 1
  if (unit === 'bytes') return 2 ** Math.ceil(Math.log2(value))
  const power = 10 ** Math.floor(Math.log10(value))
  return [1, 2, 5, 10].map((factor) => factor * power).find((nice) => nice >= value)!
}

const round = (value: number): number => Math.round(value * 10) / 10

const text = (x: number, y: number, content: string, attributes = ''): string =>
  `<text x="${round(x)}" y="${round(y)}"${attributes.includes('fill=') ? '' : ' fill="#24292e"'} ${attributes}>${escape(content)}</text>`

const escape = (content: string): string =>
  content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
