// Secrets of others that a spec names. They are read when somebody looks at their cluster and are not kept. No watch brings them,
// because who may watch one may watch all of them.
import type { ConditionReason } from '../api/conditions.ts'
import { KubeApiError } from '../kube/errors.ts'
import type { KubeClient, KubeObject } from '../kube/port.ts'
import { secrets } from '../kube/resource-types.ts'

interface Secret extends KubeObject {
  data?: Record<string, string>
}

/** Why a Secret will not do. It names the Secret and its keys, never what they hold. */
export interface SecretProblem {
  readonly reason: Extract<ConditionReason<'StorageReady'>, 'UnknownSecret' | 'InvalidSecret'>
  readonly message: string
}

type SecretAnswer =
  | { readonly data: Readonly<Record<string, string>>; readonly problem?: undefined }
  | { readonly problem: SecretProblem }

/** Its data as it is encoded, or why it does not have these keys. Rejects with the errors of the client, except that it may not be read. */
export async function readSecret(
  client: KubeClient,
  namespace: string,
  name: string,
  keys: readonly string[],
): Promise<SecretAnswer> {
  const secret = await getSecret(client, namespace, name)
  const accepted = `expected one with the ${keys.length === 1 ? 'key' : 'keys'} ${listOf(keys)}`
  const unknown = (message: string): SecretAnswer => ({ problem: { reason: 'UnknownSecret', message } })
  if (!secret) return unknown(`There is no Secret ${name}; ${accepted}`)
  if (secret instanceof KubeApiError) return unknown(`Secret ${name} cannot be read: ${secret.message}`)
  const { data = {} } = secret
  const missing = keys.filter((key) => data[key] === undefined)
  if (missing.length === 0) return { data }
  return unknown(`Secret ${name} has no key ${missing.join(' and no key ')}: it has ${namesIn(data)}; ${accepted}`)
}

async function getSecret(
  client: KubeClient,
  namespace: string,
  name: string,
): Promise<Secret | KubeApiError | undefined> {
  try {
    return await client.get<Secret>(secrets, { namespace, name })
  } catch (error) {
    if (error instanceof KubeApiError && error.code === 403) return error
    throw error
  }
}

const listOf = (keys: readonly string[]): string =>
  keys.length === 1 ? keys[0]! : `${keys.slice(0, -1).join(', ')} and ${keys.at(-1)!}`

/** Secrets may have a thousand keys, and a message is to be read. */
const listedKeys = 10

function namesIn(data: Readonly<Record<string, string>>): string {
  const keys = Object.keys(data).sort()
  if (keys.length === 0) return 'none'
  const more = keys.length > listedKeys ? ` and ${keys.length - listedKeys} more` : ''
  return `${keys.slice(0, listedKeys).join(', ')}${more}`
}
