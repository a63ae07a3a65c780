// A selector that cannot be read: where, and what was expected there.
import { FlotillaError } from '../base/errors.ts'
import type { selectorLimits } from './limits.ts'

/** Of a long selector, what the message shows. */
const shownCharacters = 200

export class SelectorError extends FlotillaError {
  /** Where and what, without the selector. */
  readonly problem: string

  /** `position` counts characters from 0. `limit` is the one that the text does not keep. */
  constructor(text: string, position: number, found: string, limit?: keyof typeof selectorLimits) {
    const shown = text.length > shownCharacters ? `${text.slice(0, shownCharacters)}…` : text
    const said = limit === undefined ? found : `${found} (limit ${limit})`
    const problem = `at character ${position + 1} ${said}`
    super('SELECTOR', `Cannot read selector "${shown}": ${problem}`, {
      fields: limit === undefined ? { position } : { position, limit },
    })
    this.problem = problem
  }
}
