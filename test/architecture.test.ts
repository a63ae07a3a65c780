// The layers of ARCHITECTURE.md as a test: which folder may import which, and which files may touch the outside world.
import { expect, test } from '@jest/globals'
import { dirname } from 'node:path'
import { filesBelow, importCycles, importsOf, sourceFolders } from './support/source-files.ts'

/**
 * folder → folders it may import besides itself; a folder below it that is not listed is part of it. What is not listed here
 * is forbidden: no implementation of a port imports its neighbour.
 */
const edges: Readonly<Record<string, readonly string[]>> = {
  'broker/base': [],
  'broker/marshal': ['broker/base'],
  'broker/disk': ['broker/base'],
  'broker/message': ['broker/base', 'broker/marshal'],
  'broker/selector': ['broker/base'],
  'broker/selection': ['broker/marshal', 'broker/message', 'broker/selector'],
  'broker/wire': ['broker/base', 'broker/marshal'],
  'broker/config': ['broker/base', 'broker/routing', 'broker/selector'],
  'broker/journal': ['broker/base', 'broker/disk'],
  'broker/replication': ['broker/base', 'broker/disk', 'broker/journal', 'broker/management'],
  'broker/replication/wire': ['broker/base', 'broker/journal', 'broker/replication'],
  'broker/replication/tcp': ['broker/base', 'broker/replication', 'broker/replication/wire', 'broker/wire'],
  'broker/lock': ['broker/base'],
  'broker/lock/election': ['broker/base', 'broker/journal', 'broker/lock', 'broker/replication'],
  'broker/lock/election/zookeeper': [
    'broker/base',
    'broker/lock',
    'broker/wire',
    'broker/replication',
    'broker/lock/election',
  ],
  'broker/lock/election/kubernetes': ['broker/base', 'broker/lock', 'broker/replication', 'broker/lock/election'],
  'broker/lock/file': ['broker/base', 'broker/lock'],
  'broker/lock/none': ['broker/lock'],
  'broker/lock/sql': ['broker/base', 'broker/lock', 'broker/sql'],
  'broker/sql': ['broker/base'],
  'broker/sql/postgres': ['broker/base', 'broker/sql'],
  'broker/sql/mysql': ['broker/base', 'broker/sql'],
  'broker/store': ['broker/base'],
  'broker/store/memory': ['broker/base', 'broker/store'],
  'broker/store/sql': ['broker/base', 'broker/message', 'broker/sql', 'broker/store'],
  'broker/store/journal': ['broker/base', 'broker/disk', 'broker/message', 'broker/journal', 'broker/store'],
  'broker/storage': [
    'broker/base',
    'broker/config',
    'broker/disk',
    'broker/lock',
    'broker/lock/file',
    'broker/lock/none',
    'broker/lock/sql',
    'broker/lock/election',
    'broker/lock/election/zookeeper',
    'broker/lock/election/kubernetes',
    'broker/replication',
    'broker/replication/tcp',
    'broker/sql',
    'broker/sql/postgres',
    'broker/sql/mysql',
    'broker/store',
    'broker/store/memory',
    'broker/store/sql',
    'broker/store/journal',
    'broker/management',
  ],
  'broker/command-line': [
    'broker/base',
    'broker/disk',
    'broker/journal',
    'broker/management',
    'broker/replication',
    'broker/store/journal',
  ],
  'broker/routing': ['broker/base', 'broker/message'],
  'broker/destination': [
    'broker/base',
    'broker/marshal',
    'broker/message',
    'broker/selection',
    'broker/store',
    'broker/routing',
  ],
  'broker/transaction': ['broker/base', 'broker/message', 'broker/store', 'broker/destination'],
  'broker/region': [
    'broker/base',
    'broker/message',
    'broker/selector',
    'broker/selection',
    'broker/store',
    'broker/routing',
    'broker/destination',
    'broker/transaction',
  ],
  'broker/openwire': ['broker/base', 'broker/marshal', 'broker/message', 'broker/wire'],
  'broker/advisory': [
    'broker/base',
    'broker/marshal',
    'broker/message',
    'broker/wire',
    'broker/openwire',
    'broker/routing',
    'broker/region',
  ],
  'broker/session': ['broker/base', 'broker/region', 'broker/wire'],
  'broker/session/openwire': [
    'broker/base',
    'broker/message',
    'broker/wire',
    'broker/openwire',
    'broker/region',
    'broker/session',
    'broker/routing',
  ],
  'broker/net': ['broker/base', 'broker/session'],
  'broker/client': ['broker/base', 'broker/message', 'broker/wire', 'broker/openwire', 'broker/client/transport'],
  'broker/client/transport': ['broker/base', 'broker/wire', 'broker/openwire'],
  'broker/management': ['broker/base'],
  'broker/network': [
    'broker/base',
    'broker/message',
    'broker/wire',
    'broker/openwire',
    'broker/destination',
    'broker/region',
    'broker/network/demand',
    'broker/client/transport',
    'broker/management',
    'broker/network/discovery',
    'broker/network/supervision',
  ],
  'broker/network/demand': [
    'broker/base',
    'broker/message',
    'broker/wire',
    'broker/openwire',
    'broker/routing',
    'broker/advisory',
    'broker/network',
  ],
  'broker/network/discovery': ['broker/base', 'broker/client/transport', 'broker/network'],
  'broker/network/supervision': [
    'broker/base',
    'broker/client/transport',
    'broker/management',
    'broker/network',
    'broker/network/discovery',
  ],
  'broker/member': [
    'broker/base',
    'broker/config',
    'broker/lock',
    'broker/store',
    'broker/storage',
    'broker/message',
    'broker/routing',
    'broker/destination',
    'broker/region',
    'broker/advisory',
    'broker/session',
    'broker/net',
    'broker/network',
    'broker/management',
  ],
  broker: ['*'],
  'operator/api': ['broker/config', 'operator/api/rules'],
  'operator/api/rules': ['broker/config', 'operator/api'],
  'operator/topology': ['operator/api', 'broker/base', 'broker/config'],
  'operator/kube': ['broker/base'],
  'operator/resources': ['operator/api', 'operator/topology', 'operator/kube'],
  'operator/broker-admin': ['broker/base', 'broker/management'],
  'operator/controller': ['operator/kube', 'broker/base'],
  'operator/reconcile': [
    'operator/api',
    'operator/topology',
    'operator/resources',
    'operator/kube',
    'operator/broker-admin',
    'operator/controller',
    'broker/base',
  ],
  'operator/serve': ['broker/base'],
  'operator/config': [],
  operator: ['operator/*', 'broker/base'],
  'hack/localkube/base': [],
  'hack/localkube/api': [],
  'hack/localkube/api/schema': ['hack/localkube/base', 'hack/localkube/api'],
  'hack/localkube/api/print': ['hack/localkube/api'],
  'hack/localkube/api/kinds': [
    'hack/localkube/base',
    'hack/localkube/api',
    'hack/localkube/api/schema',
    'hack/localkube/api/print',
  ],
  'hack/localkube/api/patch': ['hack/localkube/api', 'hack/localkube/api/schema', 'hack/localkube/api/kinds'],
  'hack/localkube/api/storage': [
    'hack/localkube/api',
    'hack/localkube/api/schema',
    'hack/localkube/api/kinds',
    'hack/localkube/api/patch',
  ],
  'hack/localkube/api/stream': ['hack/localkube/api'],
  'hack/localkube/api/http': [
    'hack/localkube/api',
    'hack/localkube/api/stream',
    'hack/localkube/api/schema',
    'hack/localkube/api/print',
    'hack/localkube/api/kinds',
    'hack/localkube/api/patch',
    'hack/localkube/api/storage',
  ],
  'hack/localkube/controllers': ['hack/localkube/base', 'hack/localkube/api'],
  'hack/localkube/kubelet': ['hack/localkube/base', 'hack/localkube/api', 'hack/localkube/controllers'],
  'hack/localkube': ['hack/localkube/*'],
  'hack/ports': [],
  'hack/databases': ['hack/ports'],
  'hack/image': [],
  'hack/dashboard-picture': [],
  'hack/start': ['hack/databases', 'hack/localkube', 'broker/client', 'broker/management'],
}

/** Of the broker the operator may import these files only. */
const sharedWithOperator = [
  /^broker\/base\//,
  /^broker\/config\/(schema|destination-schema|dead-letter-schema|jdbc-schema|redelivery-schema|recovery-schema|network-schema|forwarding-circles|duration-and-size|parse)\.ts$/,
  /^broker\/management\/contract\.ts$/,
]

/** Modules that touch the outside world, and the files (the rim) that may import them. */
const outside =
  /^(node:(net|tls|fs|fs\/promises|http|https|dgram|child_process|sqlite|worker_threads|cluster|dns|os)|undici|pg|mysql2|pino|fastify|prom-client|@kubernetes\/client-node|.*\/base\/node-http\.ts)$/
const rim = [
  /^(broker|operator)\/(main|run|operator)\.ts$/,
  /^broker\/disk\/node-disk\.ts$/,
  /^broker\/lock\/file\/(data-directory|file-lock|lock-files)\.ts$/,
  /^broker\/lock\/open-watch\.ts$/,
  /^broker\/lock\/election\/kubernetes\/http-lease-client\.ts$/,
  /^broker\/lock\/election\/zookeeper\/zookeeper-session\.ts$/,
  /^broker\/net\//,
  /^broker\/network\/discovery\/multicast-socket\.ts$/,
  /^broker\/replication\/tcp\/(member-socket|tcp-transport)\.ts$/,
  /^broker\/management\/(admin-server|metrics)\.ts$/,
  /^broker\/config\/load\.ts$/,
  /^broker\/base\/(pino-logger|node-http|process-metrics)\.ts$/,
  /^broker\/client\/transport\/(tcp-transport|ssl-context|load-uri-list)\.ts$/,
  /^broker\/sql\/postgres\/postgres-(connection|database)\.ts$/,
  /^broker\/sql\/mysql\/mysql-(connection|database)\.ts$/,
  /^operator\/kube\/(kube-client|kube-config)\.ts$/,
  /^operator\/broker-admin\/(http-broker-admin|role-watch)\.ts$/,
  /^operator\/(serve|config)\//,
  /^operator\/api\/write-crds\.ts$/,
  /^hack\//,
]

/** The longest folder of the table that holds the file: `session/openwire` is another layer than `session`. */
function layerOf(file: string): string {
  for (let folder = dirname(file); folder !== '.'; folder = dirname(folder)) if (folder in edges) return folder
  return dirname(file)
}

const files = sourceFolders.flatMap((folder) => filesBelow(folder))

const permits = (allowed: readonly string[], to: string): string | undefined =>
  allowed.find((edge) => edge === '*' || edge === to || (edge.endsWith('/*') && to.startsWith(edge.slice(0, -1))))

test('every import goes along a permitted edge', () => {
  const violations: string[] = []
  for (const file of files) {
    const from = layerOf(file)
    const allowed = edges[from]
    if (!allowed) violations.push(`${file}: folder ${from} is not in the table of edges`)
    for (const { file: target } of importsOf(file)) {
      if (target === undefined) continue
      const to = layerOf(target)
      if (to !== from && allowed && permits(allowed, to) === undefined) violations.push(`${file} imports ${target}`)
      if (
        file.startsWith('operator/') &&
        target.startsWith('broker/') &&
        !sharedWithOperator.some((pattern) => pattern.test(target))
      )
        violations.push(`${file} imports ${target}, which is not shared with the operator`)
    }
  }
  expect(violations).toEqual([])
})

test('the table permits nothing that nobody needs', () => {
  const used = new Map(Object.keys(edges).map((folder) => [folder, new Set<string>()]))
  for (const file of files)
    for (const { file: target } of importsOf(file)) {
      const from = layerOf(file)
      const edge = target !== undefined && permits(edges[from] ?? [], layerOf(target))
      if (edge) used.get(from)?.add(edge)
    }
  const unneeded = Object.entries(edges).flatMap(([from, allowed]) =>
    allowed.filter((edge) => !used.get(from)!.has(edge)).map((edge) => `${from} → ${edge}`),
  )
  expect(unneeded).toEqual([])
})

test('files do not import each other in a circle, not even for types', () => {
  expect(importCycles(files)).toEqual([])
})

test('only the rim touches network, disk, processes and their libraries', () => {
  const violations = files
    .filter((file) => !rim.some((pattern) => pattern.test(file)))
    .flatMap((file) =>
      importsOf(file)
        .filter(({ specifier }) => outside.test(specifier))
        .map(({ specifier }) => `${file} imports ${specifier}`),
    )
  expect(violations).toEqual([])
})
