// A message selector (JMS 1.1, 3.8): its text read and compiled once. ActiveMQ's prefix `convert_string_expressions:` is part of
// the text.
import { compileCondition } from './compile.ts'
import { parseSelectorText } from './parser.ts'
import { SelectorError } from './selector-error.ts'
import { numberTypes, type Operand } from './value.ts'

const convertsTexts = 'convert_string_expressions:'

/** True when the message is wanted that the identifiers read at this moment. */
export type SelectorTest = () => boolean

/**
 * `identifier` is called for each name in the text, perhaps more than once for one; what it gives is read when the selector is
 * tested. @throws {SelectorError}
 */
export function compileSelector(text: string, identifier: (name: string) => Operand): SelectorTest {
  const converts = text.startsWith(convertsTexts)
  const tree = parseSelectorText(text, converts ? convertsTexts.length : 0)
  const condition = compileCondition(tree, { identifier, convertsTexts: converts })
  return () => condition() === true
}

const nothing: Operand = { read: () => null, numberType: numberTypes.none }

/** What is wrong with a text as a selector, and where; null for one that can be read. */
export function problemOfSelector(text: string): string | null {
  try {
    compileSelector(text, () => nothing)
    return null
  } catch (error) {
    if (error instanceof SelectorError) return error.problem
    throw error
  }
}
