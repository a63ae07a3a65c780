// Where the database is and who asks it: settings, of which some stand in files, as those of a Secret. They are read anew for each connection, so that
// a password that was changed there holds from the next one on.
import { errorMessage } from '../base/errors.ts'
import type { DatabaseKind } from './database.ts'
import { parseJdbcUrl, type JdbcUrl } from './jdbc-url.ts'
import { SqlError } from './sql-error.ts'

/** Of each pair at most one; of the URL just one. */
export interface JdbcSettings {
  readonly url?: string | undefined
  readonly urlFile?: string | undefined
  readonly username?: string | undefined
  readonly usernameFile?: string | undefined
  readonly password?: string | undefined
  readonly passwordFile?: string | undefined
  readonly caFile?: string | undefined
}

/** What to connect with, at this moment. */
export interface JdbcTarget {
  readonly url: JdbcUrl
  readonly user: string
  /** Empty where there is none. */
  readonly password: string
  /** PEM: who may have signed the server's certificate. */
  readonly authority: string | undefined
}

export class JdbcSource {
  readonly kind: DatabaseKind
  readonly #settings: JdbcSettings
  readonly #readFile: (path: string) => Promise<string>
  #url: JdbcUrl

  private constructor(settings: JdbcSettings, readFile: (path: string) => Promise<string>, url: JdbcUrl) {
    this.#settings = settings
    this.#readFile = readFile
    this.#url = url
    this.kind = url.kind
  }

  static async open(settings: JdbcSettings, readFile: (path: string) => Promise<string>): Promise<JdbcSource> {
    return new JdbcSource(settings, readFile, await readUrl(settings, readFile))
  }

  /** As it was read last. */
  get url(): JdbcUrl {
    return this.#url
  }

  async read(): Promise<JdbcTarget> {
    const { caFile } = this.#settings
    const url = await readUrl(this.#settings, this.#readFile)
    if (url.kind !== this.kind) {
      const reason = `it was of ${this.kind} and is now of ${url.kind}; the broker has to be started again for that`
      throw new SqlError('Invalid', `Cannot use the changed JDBC URL: ${reason}`)
    }
    this.#url = url
    const user = await this.#credential('username', url.options.get('user'))
    if (user === undefined || user === '')
      throw new SqlError(
        'Denied',
        'Cannot connect to the database: no user is given; expected username, usernameFile, or user in the JDBC URL',
      )
    const password = (await this.#credential('password', url.options.get('password'))) ?? ''
    const authority = caFile === undefined ? undefined : await this.file('caFile', caFile)
    return { url, user, password, authority }
  }

  /** The text of a file that a field of the settings or an option of the URL names. */
  file(field: string, path: string): Promise<string> {
    return read(field, path, this.#readFile)
  }

  async #credential(name: 'username' | 'password', ofUrl: string | undefined): Promise<string | undefined> {
    const path = this.#settings[`${name}File`]
    if (path === undefined) return this.#settings[name] ?? ofUrl
    return withoutLineEnd(await this.file(`${name}File`, path))
  }
}

async function readUrl({ url, urlFile }: JdbcSettings, readFile: (path: string) => Promise<string>): Promise<JdbcUrl> {
  if (urlFile === undefined) return parseJdbcUrl(url ?? '')
  const text = await read('urlFile', urlFile, readFile)
  try {
    return parseJdbcUrl(text.trim())
  } catch (error) {
    throw new SqlError('Invalid', `${errorMessage(error)} (urlFile ${urlFile})`, { cause: error })
  }
}

async function read(field: string, path: string, readFile: (path: string) => Promise<string>): Promise<string> {
  try {
    return await readFile(path)
  } catch (error) {
    // As a user's mistake, not as a database that comes back by itself; the caller tries again all the same.
    throw new SqlError('Denied', `Cannot read ${field} ${path}: ${errorMessage(error)}`, { cause: error })
  }
}

/** Editors and `echo` end a file with it; a password that ends with spaces keeps them. */
const withoutLineEnd = (text: string): string => text.replace(/\r?\n$/, '')
