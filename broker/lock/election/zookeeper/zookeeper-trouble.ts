// What ZooKeeper's refusals mean to an elector.
import { errorMessage } from '../../../base/errors.ts'
import type { ZooKeeperErrorCode } from './client.ts'

export const zooKeeperCodeOf = (error: unknown): ZooKeeperErrorCode | undefined =>
  (error as { readonly zooKeeperCode?: ZooKeeperErrorCode } | undefined)?.zooKeeperCode

/** Resolves with undefined where the node is not there. */
export async function unlessMissing<Value>(asked: Promise<Value>): Promise<Value | undefined> {
  try {
    return await asked
  } catch (error) {
    if (zooKeeperCodeOf(error) === 'NO_NODE') return undefined
    throw error
  }
}

/** Why nothing but a person can help; undefined: it may be tried again. */
export function refusalOf(error: unknown, zkPath: string): string | undefined {
  const code = zooKeeperCodeOf(error)
  if (code === undefined || !needsAPerson.has(code)) return undefined
  return `Cannot take part in the election at zkPath ${zkPath}: ZooKeeper lets this member not read or write there (${errorMessage(error)}). All members need the zkPassword with which the nodes were made, or none`
}

const needsAPerson: ReadonlySet<ZooKeeperErrorCode> = new Set(['NO_AUTH', 'INVALID_ACL', 'AUTH_FAILED'])
