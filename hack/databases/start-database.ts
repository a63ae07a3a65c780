// Starts a PostgreSQL or a MariaDB of this machine, on a free port of its loopback interface, with a password of its own.
import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePorts } from '../ports/free-ports.ts'
import { ServerError, startServer } from './kept-server.ts'
import { userName, type ServerKind } from './server-kind.ts'
import { isReachable, makeServerDirectory, serverUser, type ServerUser } from './server-user.ts'

export interface StartOptions {
  /** Where it keeps its data, and finds that of the time before; without, a temporary one that goes when the server stops. */
  readonly directory?: string
  /** A free one if not given. */
  readonly port?: number
  /** Needed where the directory has data already. */
  readonly password?: string
  /** Commits wait for the disk. Without, they survive a kill of the server, but not a power failure. */
  readonly syncs: boolean
  /** The server ends with this process, however that ends. */
  readonly endsWithParent: boolean
}

export interface DatabaseServer {
  /** As JDBC has it, without user and password. */
  readonly address: string
  /** Of a user who may do everything. */
  readonly user: string
  readonly password: string
  /** The address with user and password. */
  readonly url: string
  /** Of the process that runs the server and ends it by SIGTERM. */
  readonly pid: number
  /** Holds `data` and its `log`. */
  readonly directory: string
  stop(): Promise<void>
}

const portAttempts = 5
/** A port that was free a moment ago may be another one's now. */
const portIsTaken = /address already in use/i

/** Resolves when it accepts connections. Rejects with what it said. */
export async function startDatabase(kind: ServerKind, options: StartOptions): Promise<DatabaseServer> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await startOnce(kind, options)
    } catch (error) {
      const mayRetry = error instanceof ServerError && options.port === undefined && portIsTaken.test(error.message)
      if (!mayRetry || attempt === portAttempts) throw error
    }
  }
}

async function startOnce(kind: ServerKind, options: StartOptions): Promise<DatabaseServer> {
  const user = serverUser(kind.users)
  const isTemporary = options.directory === undefined
  const directory = options.directory ?? mkdtempSync(join(temporaryPlace(user), 'flotilla-database-'))
  try {
    makeServerDirectory(directory, user)
    const data = join(directory, 'data')
    const isNew = !existsSync(data)
    const password = options.password ?? randomBytes(16).toString('hex')
    const port = options.port ?? (await freePorts(1))[0]!
    const prepared = kind.prepare({ directory, data, port, user, password, isNew, syncs: options.syncs })
    const keeper = await startServer({
      ...prepared,
      directory,
      logFile: join(directory, 'log'),
      isTemporary,
      stopSignal: isTemporary ? kind.killSignal : kind.stopSignal,
      endsWithParent: options.endsWithParent,
    })
    const address = kind.address(port)
    const url = `${address}?user=${userName}&password=${password}`
    return { ...keeper, directory, address, user: userName, password, url }
  } catch (error) {
    if (isTemporary) rmSync(directory, { recursive: true, force: true })
    throw error
  }
}

/** Another user may not enter the one that is ours. */
const temporaryPlace = (user: ServerUser | undefined): string =>
  user === undefined || isReachable(join(tmpdir(), 'x')) ? tmpdir() : '/tmp'
