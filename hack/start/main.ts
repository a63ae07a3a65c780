// `npm start`: the stand-in for Kubernetes, the real operator and real brokers on this machine, then the proof.
//
//   0  stopped by Ctrl-C, or the proof succeeded with --exit      1  something is wrong, in one sentence      2  wrong arguments
import { join, resolve } from 'node:path'
import { LocalKubeError, startLocalKube, type Images, type LocalKube } from '../localkube/localkube.ts'
import { Api, NamespaceMissing } from './api.ts'
import {
  adminUrl,
  describeCluster,
  failoverUrl,
  isInMemory,
  networkWay,
  podsOfGroup,
  processId,
} from './cluster-view.ts'
import { clustersIn, getCluster, podsOf, removeExamples, waitUntilReady, type ClusterName } from './clusters.ts'
import { startDatabase, wantsDatabase, type ExampleDatabase } from './example-database.ts'
import { loadManifests, type Manifest } from './manifests.ts'
import { OperatorProcess } from './operator-process.ts'
import { parseArguments, type StartOptions } from './options.ts'
import { StartProblem } from './problem.ts'
import { step } from './progress.ts'
import { describeProof, runProof, whyProofFailed } from './proof.ts'

const root = join(import.meta.dirname, '..', '..')
const readyWithinMs = 60_000
const proofMessages = 1000
const proofWithinMs = 60_000
const brokerImage = 'ghcr.io/flotilla-mq/flotilla'

const images: Images = {
  [brokerImage]: {
    command: ['node', '--disable-warning=ExperimentalWarning', join(root, 'broker', 'main.mjs')],
    cwd: root,
  },
  // For applications beside their cluster: whatever JavaScript lies on this machine.
  node: { command: ['node'], cwd: process.cwd() },
}

async function main(): Promise<number> {
  const parsed = parseArguments(process.argv.slice(2))
  if (parsed.kind === 'help') {
    process.stdout.write(parsed.text)
    return 0
  }
  if (parsed.kind === 'refused') {
    process.stderr.write(`Cannot start: ${parsed.reason}\n`)
    return 2
  }
  const stopping = new AbortController()
  const stopped = new Promise<void>((resolve) => {
    stopping.signal.addEventListener('abort', () => resolve())
  })
  // A second one ends this process at once, and with it everything that it started.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort())
  const closing: (() => Promise<void>)[] = []
  try {
    return await Promise.race([run(parsed.options, closing, stopping.signal, stopped), stopped.then(() => 0)])
  } catch (error) {
    // What Ctrl-C interrupted is no failure.
    if (stopping.signal.aborted) return 0
    process.stderr.write(
      `${error instanceof StartProblem ? error.message : ((error as Error).stack ?? String(error))}\n`,
    )
    return 1
  } finally {
    const isMidLine = stopping.signal.aborted
    // What still runs of `run` begins nothing new.
    stopping.abort()
    if (closing.length > 0) process.stdout.write(`${isMidLine ? '\n' : ''}Stopping … `)
    for (const close of closing.reverse()) await close()
    if (closing.length > 0) process.stdout.write('nothing is left running.\n')
  }
}

async function run(
  options: StartOptions,
  closing: (() => Promise<void>)[],
  signal: AbortSignal,
  stopped: Promise<void>,
): Promise<number> {
  let manifests: readonly Manifest[] = loadManifests(options.manifests)
  const clusters = clustersIn(manifests)
  const needsDatabase = wantsDatabase(manifests)
  let database: ExampleDatabase | undefined
  // After the brokers.
  closing.push(async () => database?.stop())
  const kube = await step('Starting the local stand-in for Kubernetes', () => {
    const starting = startKube(options)
    closing.push(async () => (await starting.catch(() => undefined))?.stop())
    return starting
  })
  const api = new Api(kube.serverUrl, signal)
  await applyAll(api, loadManifests([join(root, 'crds')]))
  if (!options.examples) await removeOldExamples(api, clusters)
  if (needsDatabase) {
    database = await step(
      'Starting a PostgreSQL',
      () => startDatabase(manifests, options.data),
      ({ place }) => place,
    )
    manifests = database.manifests
  }
  signal.throwIfAborted()
  const operator = new OperatorProcess(
    kube.kubeconfigPath,
    resolve(options.data, 'operator.log'),
    kube.networkEnvironment('default'),
  )
  closing.push(() => operator.stop())
  await step(
    `Applying ${options.manifests.join(', ')}`,
    () => applyAll(api, manifests),
    () => `${manifests.length} object${manifests.length === 1 ? '' : 's'}`,
  )
  await Promise.race([
    operator.failed,
    step(
      'Waiting for brokers',
      () => waitUntilReady(api, clusters, readyWithinMs),
      () => 'Ready',
    ),
  ])
  await show(api, clusters, kube)
  const failure = await prove(api, clusters)
  if (options.exit) {
    if (failure === undefined) return 0
    throw new StartProblem(`The proof failed: ${failure}.`)
  }
  process.stdout.write(
    failure === undefined ? '\nUp until Ctrl-C.\n' : `\nThe proof failed: ${failure}. Up until Ctrl-C.\n`,
  )
  await Promise.race([operator.failed, stopped])
  return 0
}

async function startKube(options: StartOptions): Promise<LocalKube> {
  try {
    return await startLocalKube({
      dataDirectory: resolve(options.data),
      apiPort: options.port,
      images,
      kubeconfigPath: resolve(options.kubeconfig ?? join(options.data, 'kubeconfig')),
      log: () => {},
    })
  } catch (error) {
    const hint = error instanceof LocalKubeError ? hints[error.code] : undefined
    throw new StartProblem(`${(error as Error).message}.${hint ?? ''}`)
  }
}

/** Which option mends it. */
const hints: Readonly<Record<LocalKubeError['code'], string>> = {
  DATA_DIRECTORY: ' --data DIR chooses another one.',
  DATA_DIRECTORY_IN_USE: ' --data DIR chooses another one.',
  API_PORT: ' Is another "npm start" running? --port N chooses another port.',
  KUBECONFIG: ' --kubeconfig FILE chooses another one.',
}

/** `-f` means: a manifest instead of the examples. */
async function removeOldExamples(api: Api, wanted: readonly ClusterName[]): Promise<void> {
  const removed = await removeExamples(api, wanted)
  if (removed.length > 0)
    process.stdout.write(`Removed the examples of an earlier run: ${removed.join(', ')}; their claims stay\n`)
}

async function applyAll(api: Api, manifests: readonly Manifest[]): Promise<void> {
  for (const { file, object } of manifests)
    try {
      await api.apply(object, `${object.kind} "${object.metadata.name}" of ${file}`)
    } catch (error) {
      throw error instanceof NamespaceMissing ? withWayOut(error, manifests) : error
    }
}

/** As with kubectl, nobody makes a namespace because an object asks for it, and the order is that of the manifest. */
function withWayOut({ message, namespace }: NamespaceMissing, manifests: readonly Manifest[]): StartProblem {
  const comes = manifests.some(({ object: { kind, metadata } }) => kind === 'Namespace' && metadata.name === namespace)
  const wayOut = comes
    ? 'The manifest has it, but further down: put it first'
    : `Put it first in the manifest (apiVersion: v1, kind: Namespace, metadata: {name: ${namespace}}), or leave out metadata.namespace for "default"`
  return new StartProblem(`${message}. ${wayOut}.`)
}

async function show(api: Api, clusters: readonly ClusterName[], kube: LocalKube): Promise<void> {
  for (const cluster of clusters)
    process.stdout.write(`\n${describeCluster(await getCluster(api, cluster), await podsOf(api, cluster))}\n`)
  process.stdout.write(`\n  export KUBECONFIG=${kube.kubeconfigPath}\n`)
}

/** Proves the first master/slave cluster, or else the first one; returns why it failed. */
async function prove(api: Api, names: readonly ClusterName[]): Promise<string | undefined> {
  const clusters = await Promise.all(names.map(async (name) => ({ name, object: await getCluster(api, name) })))
  const chosen = clusters.find(({ object }) => object.spec?.topology?.type === 'MasterSlave') ?? clusters[0]
  if (!chosen) return undefined
  const pods = await podsOf(api, chosen.name)
  const way = networkWay(chosen.object)
  const [senders, receivers] = way ? [podsOfGroup(pods, way.sendTo), podsOfGroup(pods, way.consumeAt)] : [pods, pods]
  const kill = (member: string): void => {
    const pid = processId(pods.find((pod) => pod.metadata.name === member)!)
    if (pid === undefined) throw new StartProblem(`Cannot kill ${member}: its process is not known.`)
    process.kill(pid, 'SIGKILL')
  }
  const inMemory = !way && isInMemory(chosen.object)
  const how = inMemory
    ? 'nobody is killed, because without storage they are in memory only'
    : 'the active killed in the middle'
  const where = way ? ` to group ${way.sendTo}, consumed at group ${way.consumeAt}` : ''
  process.stdout.write(`\nProof with ${chosen.name.name}: ${proofMessages} persistent messages${where}, ${how}\n`)
  try {
    const result = await runProof({
      sendUrl: failoverUrl(senders, chosen.object),
      receiveUrl: failoverUrl(receivers, chosen.object),
      members: senders.map((pod) => ({ name: pod.metadata.name, adminUrl: adminUrl(pod) })),
      messages: proofMessages,
      kill: inMemory ? null : kill,
      timeoutMs: proofWithinMs,
    })
    process.stdout.write(`${describeProof(result)}\n`)
    return whyProofFailed(result, proofMessages)
  } catch (error) {
    return (error as Error).message
  }
}

process.exitCode = await main()
process.exit()
