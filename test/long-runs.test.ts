// The command lines of `npm run interop`, `record`, `bench` and `soak`, which take too long to be tests themselves.
import { describe, expect, test } from '@jest/globals'
import { StartedProgram } from './support/started-program.ts'

const programs = {
  interop: 'test/interop/run.ts',
  record: 'test/interop/recorder/record.ts',
  bench: 'test/bench/run.ts',
  soak: 'test/reliability/soak.ts',
} as const

async function run(script: keyof typeof programs, ...args: string[]): Promise<{ code: number | null; output: string }> {
  const program = new StartedProgram(process.execPath, [programs[script], ...args])
  return { code: await program.ended, output: program.output }
}

describe.each(Object.keys(programs) as (keyof typeof programs)[])('%s', (script) => {
  test('--help explains', async () => {
    const { code, output } = await run(script, '--help')
    expect(code).toBe(0)
    expect(output).toContain(`npm run ${script} -- `)
  })

  test('an unknown option is named in one line', async () => {
    expect(await run(script, '--bogus')).toEqual({
      code: 2,
      output: `Cannot run: Unknown option '--bogus'. "npm run ${script} -- --help" explains.\n`,
    })
  })
})

test.each([
  ['interop', ['--kills', 'many'], '--kills many is no whole number'],
  ['interop', ['--kills'], "Option '--kills <value>' argument missing"],
  ['interop', ['--client', '1.0'], '--client 1.0 is none of 5.17.2'],
  ['interop', ['--only', 'x'], '--only x is none of suite, messages, failover'],
  ['interop', ['stray'], "Unexpected argument 'stray'"],
  ['record', [], 'expected one DIR, not 0'],
  ['record', ['x', '--scene', 'y'], '--scene y is none of connect-default'],
  ['bench', ['--cell', 'x'], '--cell x is none of '],
  ['bench', ['--runs', 'x'], '--runs x is no number above 0'],
  ['soak', [], 'expected one NAME, not 0'],
  ['soak', ['x'], 'NAME x is none of bridge-strangers'],
  ['soak', ['memory', '--scale', '0'], '--scale 0 is no number above 0'],
] as const)('%s %j is refused', async (script, args, reason) => {
  const { code, output } = await run(script, ...args)
  expect(code).toBe(2)
  expect(output).toContain(`Cannot run: ${reason}`)
  expect(output.split('\n')).toHaveLength(2)
})
