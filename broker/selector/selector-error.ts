// A selector that cannot be read: where, and what was expected there.
import { FlotillaError } from '../base/errors.ts'

/** Of a long selector, what the message shows. */
const shownCharacters = 200

export class SelectorError extends FlotillaError {
  /** `position` counts characters from 0. */
  constructor(text: string, position: number, problem: string) {
    const shown = text.length > shownCharacters ? `${text.slice(0, shownCharacters)}…` : text
    super('SELECTOR', `Cannot read selector "${shown}": at character ${position + 1} ${problem}`, {
      fields: { position },
    })
  }
}
