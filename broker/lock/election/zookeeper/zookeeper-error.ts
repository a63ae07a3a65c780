import { FlotillaError } from '../../../base/errors.ts'
import type { ZooKeeperErrorCode, ZooKeeperErrorShape } from './client.ts'

/** Of the answers' error numbers (KeeperException of ZooKeeper 3.8). */
const codes: Readonly<Record<number, ZooKeeperErrorCode>> = {
  [-4]: 'CONNECTION_LOSS',
  [-101]: 'NO_NODE',
  [-102]: 'NO_AUTH',
  [-103]: 'BAD_VERSION',
  [-110]: 'NODE_EXISTS',
  [-111]: 'NOT_EMPTY',
  [-112]: 'SESSION_EXPIRED',
  [-114]: 'INVALID_ACL',
  [-115]: 'AUTH_FAILED',
}

const meanings: Readonly<Record<ZooKeeperErrorCode, string>> = {
  NO_NODE: 'there is no such node',
  NODE_EXISTS: 'the node is there already',
  BAD_VERSION: 'the node was changed meanwhile',
  NOT_EMPTY: 'the node has children',
  NO_AUTH: 'the password is missing, or is not that of whoever made the node',
  AUTH_FAILED: 'ZooKeeper did not take the password',
  INVALID_ACL: 'ZooKeeper did not take the access rights',
  CONNECTION_LOSS: 'the connection is lost; nobody knows whether it was done',
  SESSION_EXPIRED: 'the session has expired',
  CLOSED: 'the client is closed',
  OTHER: 'ZooKeeper refused it',
}

export class ZooKeeperError extends FlotillaError implements ZooKeeperErrorShape {
  readonly zooKeeperCode: ZooKeeperErrorCode

  constructor(zooKeeperCode: ZooKeeperErrorCode, operation: string, path: string, detail = meanings[zooKeeperCode]) {
    super(`ZOOKEEPER_${zooKeeperCode}`, `Cannot ${operation} ${path} in ZooKeeper: ${detail}`, { fields: { path } })
    this.zooKeeperCode = zooKeeperCode
  }

  static ofNumber(number: number, operation: string, path: string): ZooKeeperError {
    const code = codes[number] ?? 'OTHER'
    return new ZooKeeperError(code, operation, path, code === 'OTHER' ? `ZooKeeper answers ${number}` : undefined)
  }
}
