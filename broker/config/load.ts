// Reads a configuration file, YAML or JSON (which is YAML), and validates it. Finds all problems at once.
// It does not look at the environment and does not fill in paths: those are arguments of the process.
import { readFile } from 'node:fs/promises'
import { errorCode, errorMessage, FlotillaError } from '../base/errors.ts'
import { formatProblem, parseBrokerConfig, type ConfigProblem } from './parse.ts'
import type { BrokerConfig } from './schema.ts'

/** The message lists every problem on a line of its own: path, what was given, what is accepted. */
export class ConfigError extends FlotillaError {
  readonly problems: readonly ConfigProblem[]

  constructor(source: string, problems: readonly ConfigProblem[], cause?: unknown) {
    const lines = problems.map((problem) => `\n  ${formatProblem(problem)}`).join('')
    super('CONFIG_INVALID', `Cannot use configuration ${source}: ${countOf(problems.length)}${lines}`, {
      fields: { source, problems },
      cause,
    })
    this.problems = problems
  }
}

/** All defaults: OpenWire on 61616, admin port 8161, a journal. */
export const defaultBrokerConfig = (): BrokerConfig => validated('defaults', {})

/** @throws {ConfigError} when the file cannot be read, is not YAML, or says something that is not accepted. */
export async function loadBrokerConfig(path: string): Promise<BrokerConfig> {
  return parseBrokerConfigText(path, await readText(path))
}

/** @throws {ConfigError} */
export async function parseBrokerConfigText(source: string, text: string): Promise<BrokerConfig> {
  const { loadAll } = await import('js-yaml')
  let documents: readonly unknown[]
  try {
    documents = loadAll(text, { filename: source })
  } catch (error) {
    throw wholeFile(source, 'text that is not YAML', errorMessage(error), error)
  }
  if (documents.length > 1) throw wholeFile(source, `${documents.length} YAML documents`, 'expected one')
  // A file with nothing but comments is all defaults.
  return validated(source, documents[0] ?? {})
}

function validated(source: string, value: unknown): BrokerConfig {
  const parsed = parseBrokerConfig(value)
  if (!parsed.ok) throw new ConfigError(source, parsed.problems)
  return parsed.config
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const given = errorCode(error) === 'ENOENT' ? 'a path where there is no file' : errorMessage(error)
    throw wholeFile(path, given, 'expected a readable YAML or JSON file', error)
  }
}

const wholeFile = (source: string, given: string, accepted: string, cause?: unknown): ConfigError =>
  new ConfigError(source, [{ path: '', given, accepted }], cause)

const countOf = (count: number): string => (count === 1 ? '1 problem' : `${count} problems`)
