import { expect, test } from '@jest/globals'
import { Command } from 'commander'
import { buildNetworkCommand } from '../../../broker/command-line/network-commands.ts'
import type { NetworkAnswer, NetworkBridgeSnapshot } from '../../../broker/management/contract.ts'

const admin = 'http://127.0.0.1:8161'

async function run(args: string[], ...answers: { status: number; text: string }[]) {
  const [asked, printed, errors, codes]: [string[], string[], string[], number[]] = [[], [], [], []]
  const program = new Command('flotilla')
  program.addCommand(
    buildNetworkCommand(
      {
        request: async (method, url) => {
          asked.push(`${method} ${url.href}`)
          const answer = answers.shift()
          if (!answer) throw new Error('connect ECONNREFUSED')
          return answer
        },
        print: async (text) => void printed.push(text),
        printError: (text) => void errors.push(text),
      },
      (code) => void codes.push(code),
    ),
  )
  await program.parseAsync(['network', ...args], { from: 'user' })
  return { asked, printed, errors, codes }
}

const bridge: NetworkBridgeSnapshot = {
  connector: 'to-b',
  uri: 'tcp://b:61616',
  duplex: false,
  accepted: false,
  state: 'Connected',
  reason: 'reset',
  remoteBrokerName: 'B',
  remoteBrokerId: 'ID:B',
  remoteAddress: 'tcp://b:61616',
  since: '2026-01-01T00:00:00.000Z',
  restarts: 1,
  demandSubscriptions: 2,
  forwarded: 3,
  received: 0,
}

test('lists connectors and bridges', async () => {
  const answer: NetworkAnswer = {
    connectors: [
      { name: 'to-b', duplex: false, started: true },
      { name: 'to-c', duplex: true, started: false },
    ],
    bridges: [
      bridge,
      { ...bridge, connector: 'to-c', state: 'Down', reason: 'ECONNREFUSED', remoteBrokerName: null, restarts: 0 },
      { ...bridge, connector: 'from-d', uri: 'tcp://10.0.0.7:4711', accepted: true, duplex: true, reason: null },
    ],
  }
  expect(await run(['list', admin], { status: 200, text: JSON.stringify(answer) })).toEqual({
    asked: [`GET ${admin}/network-connectors`],
    printed: [
      'to-b  started\n',
      'to-c  stopped  duplex\n',
      'to-b  tcp://b:61616  Connected  B  3 forwarded, 1 restart\n',
      'to-c  tcp://b:61616  Down  -  3 forwarded, 0 restarts  ECONNREFUSED\n',
      'from-d  accepted from tcp://10.0.0.7:4711  Connected  B  3 forwarded, 0 received, 1 restart\n',
    ],
    errors: [],
    codes: [0],
  })
  const old = await run(['list', admin], { status: 404, text: 'there are only /livez\n' })
  expect([old.errors, old.codes]).toEqual([['there are only /livez\n'], [1]])
})

test('starts and stops one, and says what is against it', async () => {
  expect(await run(['stop', admin, 'a b'], { status: 200, text: 'stopped\n' })).toEqual({
    asked: [`POST ${admin}/network-connectors/a%20b/stop`],
    printed: ['stopped\n'],
    errors: [],
    codes: [0],
  })
  const refused = await run(['start', admin, 'x'], { status: 404, text: 'there is none\n' })
  expect(refused).toMatchObject({
    asked: [`POST ${admin}/network-connectors/x/start`],
    errors: ['there is none\n'],
    codes: [1],
  })
})

test('says when nobody answers', async () => {
  const { errors, codes } = await run(['list', 'http://127.0.0.1:1'])
  expect([errors, codes]).toEqual([['Cannot ask the broker: connect ECONNREFUSED\n'], [2]])
})
