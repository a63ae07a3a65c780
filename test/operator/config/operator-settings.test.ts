import { expect, test } from '@jest/globals'
import { hostname } from 'node:os'
import { parseOperatorSettings } from '../../../operator/config/operator-settings.ts'

const parse = (args: string[], env: Record<string, string> = {}) => parseOperatorSettings(args, env, 'x1')

test('without anything: what suits an operator in a pod', () => {
  expect(parse([])).toEqual({
    ok: true,
    settings: {
      kubeconfig: undefined,
      context: undefined,
      watchNamespaces: [],
      brokerImage: undefined,
      brokerUser: 1000,
      leaderElection: {
        enabled: true,
        leaseName: 'flotilla-operator',
        leaseNamespace: undefined,
        identity: `${hostname()}_x1`,
      },
      health: { host: '0.0.0.0', port: 8081 },
      concurrency: 4,
      logLevel: 'info',
    },
  })
})

test('flags, and variables where there is no flag', () => {
  const parsed = parse(
    ['--kubeconfig', '/k', '--watch-namespaces=shop, bank,shop', '--leader-election=false', '--concurrency=8'],
    { FLOTILLA_CONCURRENCY: '2', FLOTILLA_HEALTH_PORT: '0', FLOTILLA_LOG_LEVEL: 'debug', FLOTILLA_IDENTITY: '' },
  )
  expect(parsed).toMatchObject({
    ok: true,
    settings: {
      kubeconfig: '/k',
      watchNamespaces: ['shop', 'bank'],
      leaderElection: { enabled: false, identity: `${hostname()}_x1` },
      health: { port: 0 },
      concurrency: 8,
      logLevel: 'debug',
    },
  })
})

test.each([
  ['assigned', 'assigned'],
  ['1000680000', 1_000_680_000],
])('brokers run as %s', (given, brokerUser) => {
  expect(parse([], { FLOTILLA_BROKER_USER: given })).toMatchObject({ ok: true, settings: { brokerUser } })
})

test.each(['0', 'root', '2147483648'])('brokers do not run as %s', (given) => {
  expect(parse(['--broker-user', given])).toEqual({
    ok: false,
    problems: [`--broker-user: got "${given}", expected a whole number from 1 to 2147483647, or assigned`],
  })
})

test('all that is wrong is reported at once, with where it was given', () => {
  const args = ['--concurrency=0', '--colour=red', 'extra', '--watch-namespaces=A,b', '--context', '--log-level=loud']
  expect(
    parse(args, {
      FLOTILLA_HEALTH_PORT: 'http',
      FLOTILLA_LEADER_ELECTION: 'yes',
      FLOTILLA_LEASE_NAME: 'No',
      FLOTILLA_LOG_LEVEL: 'loud',
    }),
  ).toEqual({
    ok: false,
    problems: [
      '--colour: there is no such flag, see --help',
      'extra: there are no arguments besides flags, see --help',
      '--context: a value is missing',
      '--watch-namespaces: got "A,b", expected names of namespaces, separated by commas',
      'FLOTILLA_LOG_LEVEL: got "loud", expected one of debug, info, warn, error',
      'FLOTILLA_LEADER_ELECTION: got "yes", expected true or false',
      'FLOTILLA_LEASE_NAME: got "No", expected the name of a Lease',
      'FLOTILLA_HEALTH_PORT: got "http", expected a whole number from 0 to 65535',
      '--concurrency: got "0", expected a whole number from 1 to 64',
    ],
  })
})

test('--help lists every flag', () => {
  const help = parse(['--help', '--concurrency=0'])
  expect(help.ok).toBe('help')
  const text = help.ok === 'help' ? help.text : ''
  for (const flag of ['--kubeconfig', '--watch-namespaces', '--health-port', '--log-level'])
    expect(text).toContain(flag)
})
