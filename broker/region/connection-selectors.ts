// The selectors of one connection's consumers: what it refuses, and how many characters they have together.
import { RefusalError } from '../base/errors.ts'
import type { MessageSelector } from '../selection/message-selector.ts'
import type { SelectorPool } from '../selection/selector-pool.ts'
import { SelectorError } from '../selector/selector-error.ts'
import { connectionLimits } from './limits.ts'

export class ConnectionSelectors {
  readonly #pool: SelectorPool
  #characters = 0

  constructor(pool: SelectorPool) {
    this.#pool = pool
  }

  /** null for none. To be given back with `release`. @throws {RefusalError} INVALID_SELECTOR for one that cannot be read. */
  obtain(text: string | null): MessageSelector | null {
    if (text === null || text.trim() === '') return null
    const limit = 'maximumSelectorCharactersPerConnection'
    if (this.#characters + text.length > connectionLimits[limit])
      throw new RefusalError(
        'RESOURCE_LIMIT',
        `Cannot add consumer: the selectors of its connection have ${this.#characters} characters (limit ${limit})`,
        { fields: { limit } },
      )
    const selector = this.#compiled(text)
    this.#characters += text.length
    return selector
  }

  release(selector: MessageSelector | null): void {
    if (selector === null) return
    this.#characters -= selector.text.length
    this.#pool.release(selector)
  }

  #compiled(text: string): MessageSelector {
    try {
      return this.#pool.obtain(text)
    } catch (error) {
      if (!(error instanceof SelectorError)) throw error
      throw new RefusalError('INVALID_SELECTOR', error.message, { fields: error.fields, cause: error })
    }
  }
}
