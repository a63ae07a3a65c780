import { expect, test } from '@jest/globals'
import { Command } from 'commander'
import { buildSubscriptionCommand } from '../../../broker/command-line/subscription-commands.ts'

const row = {
  topic: 'T',
  clientId: 'c',
  subscriptionName: 's',
  selector: null,
  noLocal: false,
  active: false,
  pending: 1,
}

async function run(args: string[], answers: readonly { status: number; text: string }[]) {
  const [asked, printed, errors, codes]: [string[], string[], string[], number[]] = [[], [], [], []]
  const left = [...answers]
  const program = new Command('flotilla')
  program.addCommand(
    buildSubscriptionCommand(
      {
        request: async (method, url) => {
          asked.push(`${method} ${url.href}`)
          const answer = left.shift()
          if (!answer) throw new Error('connect ECONNREFUSED')
          return answer
        },
        print: async (text) => void printed.push(text),
        printError: (text) => void errors.push(text),
      },
      (code) => void codes.push(code),
    ),
  )
  await program.parseAsync(['subscription', ...args], { from: 'user' })
  return { asked, printed, errors, codes }
}

test('lists all pages', async () => {
  const pages = [
    { items: [row, { ...row, clientId: 'd', active: true, noLocal: true, pending: 20 }], next: '17' },
    { items: [{ ...row, subscriptionName: 'x', selector: 'a = 1' }], next: null },
  ]
  const answers = pages.map((page) => ({ status: 200, text: JSON.stringify(page) }))
  expect(await run(['list', 'http://127.0.0.1:8161'], answers)).toEqual({
    asked: [
      'GET http://127.0.0.1:8161/subscriptions?limit=1000&after=0',
      'GET http://127.0.0.1:8161/subscriptions?limit=1000&after=17',
    ],
    printed: [
      'T  c  s  offline  1 message\n',
      'T  d  s  active  20 messages  noLocal\n',
      'T  c  x  offline  1 message  selector a = 1\n',
    ],
    errors: [],
    codes: [0],
  })
})

test('deletes one, and says what is against it', async () => {
  const args = ['delete', 'http://127.0.0.1:8161/', 'a b', 'c&d']
  expect(await run(args, [{ status: 200, text: 'deleted\n' }])).toEqual({
    asked: ['DELETE http://127.0.0.1:8161/subscriptions?clientId=a+b&subscriptionName=c%26d'],
    printed: ['deleted\n'],
    errors: [],
    codes: [0],
  })
  const refused = await run(args, [{ status: 409, text: 'Durable consumer is in use\n' }])
  expect([refused.errors, refused.codes]).toEqual([['Durable consumer is in use\n'], [1]])
})

test('says when nobody answers', async () => {
  const { errors, codes } = await run(['list', 'http://127.0.0.1:1'], [])
  expect([errors, codes]).toEqual([['Cannot ask the broker: connect ECONNREFUSED\n'], [2]])
})
