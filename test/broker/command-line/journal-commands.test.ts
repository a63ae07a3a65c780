// What `flotilla journal check|dump` says of a journal, as people and programs see it.
import { describe, expect, test } from '@jest/globals'
import { buildJournalCommand } from '../../../broker/command-line/journal-commands.ts'
import { saveMemberState } from '../../../broker/replication/member-state.ts'
import { SimulatedDisk } from '../../support/simulated-disk.ts'
import type { JournalStore } from '../../../broker/store/journal/journal-store.ts'
import { durable, message } from '../../contract/message-store.ts'
import { createJournalStore } from '../../support/journal-stores.ts'
import { soleOwner } from '../../support/sole-owner.ts'
import { queueHolder } from '../../../broker/store/held-message.ts'
import { priorityHolders } from '../../../broker/store/priority-holder.ts'

const segment = (number: number): string => `/data/journal/term-0000000001/000000000${number}.segment`

async function run(disk: SimulatedDisk, ...args: string[]): Promise<{ code: number; out: string; errors: string }> {
  let [code, out, errors] = [-1, '', '']
  const ports = {
    disk,
    async print(text: string) {
      out += text
    },
    printError: (text: string) => void (errors += text),
  }
  await buildJournalCommand(ports, (ended) => (code = ended)).parseAsync(args, { from: 'user' })
  return { code, out, errors }
}

async function openStore(disk: SimulatedDisk): Promise<JournalStore> {
  const store = createJournalStore({ disk, directory: '/data/journal' })
  await store.open(soleOwner(1))
  return store
}

async function filledStore(disk: SimulatedDisk): Promise<JournalStore> {
  const store = await openStore(disk)
  for (let sequence = 1; sequence <= 20; sequence++)
    store.add(message(`text-${sequence}-`.padEnd(300, 'x'), { producerSequenceId: sequence }), sequence)
  store.remove(queueHolder('orders'), 3)
  store.begin().add(message('open', { queue: 'invoices' }))
  await durable(store)
  return store
}

describe('check', () => {
  test('tells segments, records, queues and open transactions of a journal in use', async () => {
    const disk = new SimulatedDisk()
    await filledStore(disk)
    const { code, out } = await run(disk, 'check', '/data')
    expect(code).toBe(0)
    expect(out).toContain('Journal /data/journal: term 1, 2 segments, last sequence 20')
    expect(out).toMatch(/0000000001\.segment {2}term 1 {2}\d+ records/)
    expect(out).toContain('  add 20\n')
    expect(out).toContain('  orders  19 messages  5700 bytes\n')
    expect(out).toContain('  1  1 send  0 acknowledgements\n')
    expect(out).toMatch(/\nSet aside in 0000000002\.segment: \d+ bytes\n/)
    expect(out).toMatch(/\nIntact\n$/)
  })

  test('tells what a member of a replicated store has promised', async () => {
    const disk = new SimulatedDisk()
    await filledStore(disk)
    await saveMemberState(disk, '/data/journal', { promised: 4, candidate: 'b', isVoter: true })
    const { code, out } = await run(disk, 'check', '/data')
    expect(code).toBe(0)
    expect(out).toContain('\nMember of a replicated store: term 4 promised to b, counts for a quorum\n')
    const { out: json } = await run(disk, 'check', '/data', '--output', 'json')
    expect(JSON.parse(json)).toMatchObject({ member: { promised: 4, candidate: 'b', isVoter: true } })
  })

  test('tells of a member that has lost its disk that it does not count yet', async () => {
    const disk = new SimulatedDisk()
    await filledStore(disk)
    await saveMemberState(disk, '/data/journal', { promised: 0, candidate: null, isVoter: false })
    expect((await run(disk, 'check', '/data')).out).toContain(
      '\nMember of a replicated store: nothing promised, does not count for a quorum until it has been in sync\n',
    )
  })

  test('tells of a queue that goes by priority as of one queue', async () => {
    const disk = new SimulatedDisk()
    const store = await openStore(disk)
    priorityHolders('orders').forEach((holder, priority) => store.add({ ...message('text'), holder }, priority + 1))
    await durable(store)
    await store.close()
    expect((await run(disk, 'check', '/data')).out).toContain('Queues\n  orders  10 messages  40 bytes\nIntact\n')
    const { out } = await run(disk, 'dump', '/data')
    expect(out.split('\n').filter((line) => line.startsWith('orders  '))).toHaveLength(10)
  })

  test('gives the same as one JSON document, from the folder of the journal, too', async () => {
    const disk = new SimulatedDisk()
    await (await filledStore(disk)).close()
    const { code, out } = await run(disk, 'check', '/data/journal', '--output', 'json')
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({
      term: 1,
      lastSequence: 20,
      records: { add: 20, remove: 1, addInTx: 1, closed: 1 },
      queues: expect.arrayContaining([{ number: 1, name: 'orders', messages: 19, bytes: 5700 }]),
      openTransactions: [{ number: 1, adds: 1, removes: 0 }],
      damage: [],
      tornBytes: 0,
      unusedBytes: 0,
    })
  })

  test.each([
    ['a record', 1000, 'records'],
    ['the first copy of a header', 20, 'copy of the header'],
    ['the second copy of a header', 100, 'copy of the header'],
    ['a table of contents', 130, 'table of contents'],
  ])('reports a flipped bit in %s with file and offset', async (_, offset, what) => {
    const disk = new SimulatedDisk()
    await (await filledStore(disk)).close()
    disk.flipBit(segment(2), offset)
    const { code, out } = await run(disk, 'check', '/data', '--output', 'json')
    expect(code).toBe(1)
    const { damage } = JSON.parse(out) as { damage: { file: string; what: string; from: number; to: number }[] }
    expect(damage).toEqual([{ file: '0000000002.segment', what, from: expect.any(Number), to: expect.any(Number) }])
    expect(damage[0]!.from).toBeLessThanOrEqual(offset)
    expect(damage[0]!.to).toBeGreaterThan(offset)
    expect((await run(disk, 'check', '/data')).out).toContain('Damage: 0000000002.segment, bytes ')
  })

  test('a torn tail is told and is no damage', async () => {
    const disk = new SimulatedDisk()
    await filledStore(disk)
    const { segments } = JSON.parse((await run(disk, 'check', '/data', '--output', 'json')).out) as {
      segments: { length: number }[]
    }
    const { length } = segments[1]!
    const file = await disk.open(segment(2), 'existing')
    await file.write([Buffer.alloc(40, 7)], length)
    const { code, out } = await run(disk, 'check', '/data')
    expect(code).toBe(0)
    expect(out).toContain(`Torn tail: 0000000002.segment from ${length} on, 40 bytes that nobody was answered for`)
  })

  test('a summary that is damaged is told and is no damage', async () => {
    const disk = new SimulatedDisk()
    await (await filledStore(disk)).close()
    disk.flipBit(segment(1).replace('.segment', '.summary'), 50)
    const { code, out } = await run(disk, 'check', '/data')
    expect(code).toBe(0)
    expect(out).toContain('their segments are read instead: 0000000001.summary')
  })

  test('a missing segment is damage, one that was removed is not', async () => {
    const disk = new SimulatedDisk()
    const store = await filledStore(disk)
    for (let sequence = 1; sequence <= 11; sequence++) store.remove(queueHolder('orders'), sequence)
    await durable(store)
    await store.reclaimed()
    expect(await disk.exists(segment(1))).toBe(false)
    expect((await run(disk, 'check', '/data')).code).toBe(0)
    const other = new SimulatedDisk()
    await filledStore(other)
    await other.remove(segment(1))
    const { code, out } = await run(other, 'check', '/data')
    expect(code).toBe(1)
    expect(out).toContain('Damage: 0000000001.segment is missing')
  })

  test('a broker that removes segments while they are read is no damage', async () => {
    const disk = new SimulatedDisk()
    const store = await filledStore(disk)
    const { open } = disk
    disk.open = async (path, mode) => {
      disk.open = open
      for (let sequence = 1; sequence <= 20; sequence++) store.remove(queueHolder('orders'), sequence)
      for (let sequence = 21; sequence <= 40; sequence++) store.add(message('y'.repeat(300)), sequence)
      await durable(store)
      await store.reclaimed()
      return disk.open(path, mode)
    }
    const { code, out } = await run(disk, 'check', '/data')
    expect([code, out]).toEqual([0, expect.stringContaining('Intact')])
  })

  test('where there is no journal the answer is one sentence and code 2', async () => {
    const { code, errors } = await run(new SimulatedDisk(), 'check', '/data')
    expect(code).toBe(2)
    expect(errors).toBe(
      'Cannot find a journal in /data: neither it nor its folder journal has a folder term-<number>\n',
    )
  })
})

describe('dump', () => {
  test('lists every message that can be read, around a damaged one', async () => {
    const disk = new SimulatedDisk()
    await (await filledStore(disk)).close()
    const file = await disk.open(segment(1), 'read')
    const offset = (await file.read(0, await file.size())).indexOf('text-5-')
    disk.flipBit(segment(1), offset)
    const { code, out } = await run(disk, 'dump', '/data', '--output', 'json')
    expect(code).toBe(1)
    const [, ...messages] = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(messages.map(({ sequence }) => sequence)).toEqual([
      1, 2, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20,
    ])
    expect(messages[0]).toEqual({
      queue: 'orders',
      sequence: 1,
      messageId: 'ID:a-1:1:1:1:1',
      size: 300,
      file: '0000000001.segment',
      offset: expect.any(Number),
    })
  })
})
