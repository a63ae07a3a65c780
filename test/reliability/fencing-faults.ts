// What is done to an active member under load, and what has to be true right afterwards. Each fault ends when the group
// is whole again: one active, the others standby.
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Random } from '../../broker/base/random.ts'
import { activeAfter, type BrokerMember } from '../support/broker-process.ts'
import type { FencingGroup } from './fencing-group.ts'

export interface Round {
  readonly group: FencingGroup
  readonly random: Random
  /** Stops of the process last up to this long. */
  readonly maxStopMs: number
}

export type Fault = (round: Round) => Promise<void>

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const between = (random: Random, from: number, to: number): number => from + random.next() * (to - from)

/** Stopped under load and continued: the lock stays with it, nobody takes over. */
export const stopAndContinue: Fault = async ({ group, random, maxStopMs }) => {
  const active = await group.active()
  const before = await active.role()
  active.kill('SIGSTOP')
  await sleep(between(random, 100, maxStopMs))
  const other = await group.standbyOf(active).role()
  if (other?.role !== 'Standby') group.violations.push(`${other?.member} is ${other?.role} while the active is stopped`)
  active.kill('SIGCONT')
  const after = await (await group.active()).role()
  if (after?.term !== before?.term) group.violations.push(`term ${before?.term} became ${after?.term} over a stop`)
}

/** Stopped under load, found dead by its liveness probe, killed and started again: the standby takes over. */
export const stopAndReplace: Fault = async ({ group, random, maxStopMs }) => {
  const active = await group.active()
  const term = (await active.role())?.term ?? 0
  active.kill('SIGSTOP')
  await sleep(between(random, 100, maxStopMs))
  active.kill('SIGKILL')
  const heir = await activeAfter([active, group.standbyOf(active)], term)
  // Started again at once, it may be faster than a standby that the machine leaves no time: correct, but cold.
  if (heir === active) group.coldTakeovers++
  else await isReplaced(group, active)
}

const inData = (group: FencingGroup, name: string): string => join(group.dataDirectory, name)

function replaceFile(path: string, content: string | Buffer): void {
  writeFileSync(`${path}.new`, content)
  renameSync(`${path}.new`, path)
}

/** How the lock's files can be taken from under the feet of the active. */
export const lockHarms: Readonly<Record<string, (group: FencingGroup) => void>> = {
  'lock.sqlite deleted': (group) => rmSync(inData(group, 'lock.sqlite')),
  'lock.json deleted': (group) => rmSync(inData(group, 'lock.json')),
  'lock files deleted': (group) => deleteLock(group),
  'lock.sqlite replaced by a copy': (group) => {
    const path = inData(group, 'lock.sqlite')
    replaceFile(path, readFileSync(path))
  },
  'lock.sqlite replaced by garbage': (group) =>
    replaceFile(inData(group, 'lock.sqlite'), 'this is not a database '.repeat(500)),
  'lock.json replaced': (group) => replaceFile(inData(group, 'lock.json'), '{"member": "nobody", "term": 1}\n'),
}

/** The active answers nobody any more, without waiting for its keep-alive, and one of the members goes on in a larger term. */
export const loseLock =
  (harm: (group: FencingGroup) => void): Fault =>
  async ({ group }) => {
    const active = await group.active()
    const { term } = (await active.role())!
    const direct = await group.sendDirectlyTo(active)
    while (direct.acknowledged.length < 5) await sleep(5)
    harm(group)
    const answered = direct.acknowledged.length
    await within(direct.ended, 10_000, 'the member that lost its lock does not cut its clients')
    // One proof may have been on its way.
    if (direct.acknowledged.length > answered + 1)
      group.violations.push(`${direct.acknowledged.length - answered} were acknowledged without a lock`)
    await isInLaterTerm(group, term!)
  }

/** The whole data directory is gone for a while: nobody may make an empty one in its place. */
export const moveDirectory: Fault = async ({ group }) => {
  const active = await group.active()
  const { term } = (await active.role())!
  const direct = await group.sendDirectlyTo(active)
  const aside = `${group.dataDirectory}.aside`
  renameSync(group.dataDirectory, aside)
  await within(direct.ended, 10_000, 'the member whose directory is gone does not cut its clients')
  await sleep(2500)
  for (const member of group.members) {
    const role = await member.role()
    if (role?.role === 'Active') group.violations.push(`${role.member} is active without a directory`)
  }
  renameSync(aside, group.dataDirectory)
  await isInLaterTerm(group, term!)
}

/** As when a network file system gives the lock of a stopped member away: both believe to have it when it is continued. */
export const expireLease: Fault = async ({ group, random, maxStopMs }) => {
  const active = await group.active()
  const standby = group.standbyOf(active)
  const direct = await group.sendDirectlyTo(active)
  const late = await group.sendDirectlyTo(active, 'later')
  while (direct.acknowledged.length < 5) await sleep(5)
  active.kill('SIGSTOP')
  // What it had answered when it was stopped may still be on its way.
  await sleep(50)
  const answered = direct.acknowledged.length
  late.begin()
  deleteLock(group)
  await standby.waitForRole('Active')
  await sleep(between(random, 0, maxStopMs))
  active.kill('SIGCONT')
  await within(Promise.all([direct.ended, late.ended]), 10_000, 'the replaced member does not cut its clients')
  if (late.acknowledged.length > 0)
    group.violations.push('a send after the stop was acknowledged by the replaced member')
  // What was proven before the stop may be answered after it: the new active has it. `checkDirect` looks whether it does.
  if (direct.acknowledged.length > answered + 1)
    group.violations.push(`${direct.acknowledged.length - answered} were acknowledged by the replaced member`)
  await isReplaced(group, active)
}

function deleteLock(group: FencingGroup): void {
  for (const name of ['lock.sqlite', 'lock.json']) rmSync(inData(group, name))
}

async function isReplaced(group: FencingGroup, old: BrokerMember): Promise<void> {
  const now = await group.active()
  if (now === old) group.violations.push(`${old.options.member} is active again, and not standby`)
}

async function isInLaterTerm(group: FencingGroup, term: number): Promise<void> {
  const deadline = Date.now() + 30_000
  for (;;) {
    const role = await (await group.active()).role()
    if ((role?.term ?? 0) > term) return
    if (Date.now() > deadline) throw new Error(`Still in term ${term}`)
    await sleep(20)
  }
}

export async function within<T>(promise: Promise<T>, timeoutMs: number, complaint: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${complaint} within ${timeoutMs} ms`)), timeoutMs)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}
