// Chart and operator of an earlier commit are upgraded to this one's, rolled back, upgraded again, uninstalled and installed
// anew, on real nodes, while clients send and receive: brokers are not restarted, and no connection breaks.
//
// The earlier commit is the parent of HEAD, or the one that $FLOTILLA_UPGRADE_FROM names; its chart and its image are used.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { StartedProgram } from '../support/started-program.ts'
import { nothingLost, type TrafficAccount } from '../support/traffic.ts'
import { NodeCluster } from './nodes.ts'
import { makeVolume } from './nodes-release.ts'

const root = join(import.meta.dirname, '..', '..')
const waitMs = 300_000
const timeout = '--timeout=120s'
const operators = '--namespace=flotilla-system'
const brokers = '--selector=flotilla.dev/cluster=orders'
const earlier = earlierCommit()

describe(`chart and operator of ${earlier.title}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'flotilla-upgrade-'))
  const checkout = earlier.commit === undefined ? root : folder
  const before = { chart: join(checkout, 'charts', 'flotilla'), tag: 'earlier' }
  const now = { chart: join(root, 'charts', 'flotilla'), tag: 'dev' }
  let cluster: NodeCluster
  let traffic: StartedProgram | undefined
  let url: string
  let members: string[]

  beforeAll(async () => {
    if (earlier.commit !== undefined) checkOut(earlier.commit, folder)
    cluster = await NodeCluster.start(2)
    await cluster.addImage(checkout, 'flotilla:earlier')
    await makeVolume(cluster, 'shared', 'ReadWriteMany')
    await helm('install', before, '--create-namespace')
    await cluster.kubectl('apply', '--filename', join(root, 'examples', 'master-slave.yaml'))
    await cluster.kubectl('wait', '--for=condition=Ready', 'brokercluster/orders', timeout)
    url = await cluster.field('brokercluster/orders', '.status.endpoints[0].url')
    members = await seenMembers()
    expect(members).toHaveLength(2)
    traffic = cluster.start(process.execPath, join(import.meta.dirname, 'nodes-traffic.ts'), url)
    await flows()
  }, 2 * waitMs)

  afterAll(async () => {
    await traffic?.kill()
    await cluster?.stop()
    rmSync(folder, { recursive: true, force: true })
  }, waitMs)

  async function helm(verb: string, { chart, tag }: typeof now, ...args: string[]): Promise<void> {
    const image = ['repository=flotilla', `tag=${tag}`, 'pullPolicy=Never'].flatMap((one) => ['--set', `image.${one}`])
    await cluster.exec('helm', verb, 'flotilla', chart, operators, '--wait', ...image, ...args)
  }

  /** Each by what another one, or the same one after a restart, would have differently. */
  async function seenMembers(): Promise<string[]> {
    const path =
      '{range .items[*]}{.metadata.name} {.metadata.uid} {.status.containerStatuses[*].restartCount}{"\\n"}{end}'
    return (await cluster.kubectl('get', 'pods', brokers, '--output', `jsonpath=${path}`)).trim().split('\n')
  }

  const operatorPods = async () => (await cluster.kubectl('get', 'pods', operators, '--output=name')).trim().split('\n')

  async function flows(): Promise<void> {
    traffic!.output = ''
    await traffic!.says('flows')
  }

  /** Waits until no operator from before is left and one of the new ones has looked at the cluster, and acted upon it. */
  async function replaceOperators(work: () => Promise<unknown>): Promise<void> {
    const old = await operatorPods()
    await work()
    await cluster.kubectl('wait', operators, '--for=delete', ...old, timeout)
    for (const paused of [true, false]) await observed(paused)
    expect(await cluster.field('brokercluster/orders', '.status.rollout.state')).toBe('Idle')
    expect(await cluster.field('brokercluster/orders', '.status.groups[0].updatedReplicas')).toBe('2')
  }

  /** A change that changes nothing for the members. */
  async function observed(paused: boolean): Promise<void> {
    await cluster.kubectl(
      'patch',
      'brokercluster/orders',
      '--type=merge',
      '--patch',
      JSON.stringify({ spec: { paused } }),
    )
    const generation = await cluster.field('brokercluster/orders', '.metadata.generation')
    const isSeen = `--for=jsonpath={.status.observedGeneration}=${generation}`
    await cluster.kubectl('wait', isSeen, 'brokercluster/orders', timeout)
  }

  async function expectUndisturbed(): Promise<void> {
    await flows()
    expect(await seenMembers()).toEqual(members)
  }

  const upgrade = () => {
    // A chart from before the CRD was part of the release: docs/install.md.
    const taking = existsSync(join(before.chart, 'crds')) ? ['--take-ownership'] : []
    return helm('upgrade', now, '--reset-then-reuse-values', ...taking)
  }

  test(
    'are upgraded to this one: no member is restarted',
    async () => {
      await replaceOperators(upgrade)
      await expectUndisturbed()
    },
    waitMs,
  )

  test(
    'are rolled back to: no member is restarted',
    async () => {
      await replaceOperators(() => cluster.exec('helm', 'rollback', 'flotilla', operators, '--wait'))
      await expectUndisturbed()
    },
    waitMs,
  )

  test(
    'are upgraded again and uninstalled: the members serve',
    async () => {
      await replaceOperators(upgrade)
      await cluster.exec('helm', 'uninstall', 'flotilla', operators, '--wait')
      await cluster.kubectl('wait', operators, '--for=delete', 'pods', '--all', timeout)
      await expectUndisturbed()
    },
    waitMs,
  )

  test('and to clients nothing has happened all the while: no connection was lost', async () => {
    traffic!.output = ''
    traffic!.child.kill('SIGTERM')
    expect(await traffic!.ended).toBe(0)
    const account = JSON.parse(traffic!.output.trim().split('\n').at(-1)!) as TrafficAccount
    expect(account).toMatchObject({ ...nothingLost, interruptions: 0 })
    expect(account.acknowledged).toBeGreaterThan(1000)
  })

  test(
    'without an operator a standby takes over with all messages, and a new release takes the cluster on as it is',
    async () => {
      const texts = Array.from({ length: 100 }, (_, index) => `message ${index + 1}`)
      expect(await cluster.messages('send', url, texts.length)).toEqual(texts)
      const active = await cluster.field('brokercluster/orders', '.status.groups[0].active')
      await cluster.kubectl('delete', 'pod', active)
      expect(await cluster.messages('receive', url, texts.length)).toEqual(texts)
      await cluster.kubectl('wait', '--for=condition=Ready', 'pod', brokers, timeout)
      members = await seenMembers()
      await helm('install', now)
      for (const paused of [true, false]) await observed(paused)
      await cluster.kubectl('wait', '--for=condition=Ready', 'brokercluster/orders', timeout)
      expect(await cluster.field('brokercluster/orders', '.status.groups[0].active')).not.toBe(active)
      expect(await seenMembers()).toEqual(members)
    },
    waitMs,
  )
})

/** undefined: this checkout itself, with another tag. */
function earlierCommit(): { commit: string | undefined; title: string } {
  const named = process.env['FLOTILLA_UPGRADE_FROM']
  const found = commitOf(named ?? 'HEAD~1')
  if (found !== undefined) return { commit: found, title: `${found.slice(0, 9)}, ${named ?? 'the parent of HEAD'}` }
  if (named !== undefined) throw new Error(`Cannot upgrade from ${named}: this checkout has no such commit`)
  const why = commitOf('HEAD') === undefined ? 'it is no git repository' : 'it is shallow, or this is the first commit'
  process.stderr.write(`There is no parent of HEAD in ${root}: ${why}. The upgrade is from this commit to itself.\n`)
  return { commit: undefined, title: 'this same commit (there is no earlier one here)' }
}

function commitOf(name: string): string | undefined {
  try {
    return git('rev-parse', '--verify', '--quiet', `${name}^{commit}`).toString().trim()
  } catch {
    return undefined
  }
}

function checkOut(commit: string, folder: string): void {
  execFileSync('tar', ['-x', '-C', folder], { input: git('archive', '--format=tar', commit) })
}

function git(...args: string[]): Buffer {
  return execFileSync('git', ['-C', root, ...args], { maxBuffer: 2 ** 30, stdio: ['ignore', 'pipe', 'ignore'] })
}
