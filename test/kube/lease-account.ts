// Leases as a broker's pod gets at them: by the broker's own client, with a token of its service account and nothing else.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openLeaseClient } from '../../broker/lock/election/kubernetes/http-lease-client.ts'
import type { LeaseClient } from '../../broker/lock/election/kubernetes/lease-client.ts'
import type { ClusterAccess } from '../../operator/kube/kube-config.ts'
import type { ControlPlane } from './control-plane.ts'

export interface ServiceAccount {
  readonly namespace: string
  readonly name: string
}

/** Gives `work` a client for the Lease of each name that it asks for. */
export async function asServiceAccount(
  plane: ControlPlane,
  { server, tls }: ClusterAccess,
  { namespace, name }: ServiceAccount,
  work: (leaseNamed: (name: string) => Promise<LeaseClient>) => Promise<void>,
): Promise<void> {
  const serviceAccount = mkdtempSync(join(tmpdir(), 'flotilla-account-'))
  const clients: LeaseClient[] = []
  try {
    const token = await plane.kubectl('create', 'token', name, '--namespace', namespace)
    const files = { token, 'ca.crt': tls.ca!, namespace }
    for (const [file, content] of Object.entries(files)) writeFileSync(join(serviceAccount, file), content)
    await work(async (lease) => {
      const client = await openLeaseClient({ access: { server: new URL(server), serviceAccount }, name: lease })
      clients.push(client)
      return client
    })
  } finally {
    for (const client of clients) client.close()
    rmSync(serviceAccount, { recursive: true })
  }
}

/** All that it may do in its namespace, each `RESOURCE [NAMES] [VERBS]`, besides asking what it may and who it is, as everybody. */
export async function rightsOf(plane: ControlPlane, { namespace, name }: ServiceAccount): Promise<string[]> {
  const who = ['--namespace', namespace, '--as', `system:serviceaccount:${namespace}:${name}`]
  const table = await plane.kubectl('auth', 'can-i', '--list', '--no-headers', ...who)
  return table
    .trim()
    .split('\n')
    .map((row) => row.split(/ {2,}/))
    .filter(([resource]) => resource !== '' && !resource!.startsWith('selfsubject'))
    .map(([resource, _paths, names, verbs]) => `${resource} ${names} ${verbs}`)
}
