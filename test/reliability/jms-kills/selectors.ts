// Selectors, each with what it means: a function of the facts of a message, written down by hand and not by a parser.
import type { Facts, Fault } from './history.ts'
import type { Reading } from './reading.ts'

interface Selector {
  /** As a consumer asks for it; empty: none. */
  readonly text: string
  readonly wants: (facts: Facts) => boolean
}

export const colours = ['red', 'green', 'blue', 'none'] as const

const weightOf = ({ weight }: Facts): number => Number(weight)

/** Facts: `colour` (a property, missing when it is `none`), `weight` (an int), `kind` (JMSType), `urgency` (JMSPriority). */
export const selectors: Readonly<Record<string, Selector>> = {
  all: { text: '', wants: () => true },
  red: { text: "colour = 'red'", wants: ({ colour }) => colour === 'red' },
  'not red': { text: "colour <> 'red'", wants: ({ colour }) => colour !== 'red' && colour !== 'none' },
  'no colour': { text: 'colour IS NULL', wants: ({ colour }) => colour === 'none' },
  'green or blue': {
    text: "colour IN ('green', 'blue')",
    wants: ({ colour }) => colour === 'green' || colour === 'blue',
  },
  middling: {
    text: 'weight BETWEEN 30 AND 60',
    wants: (facts) => weightOf(facts) >= 30 && weightOf(facts) <= 60,
  },
  'heavy or light': {
    text: 'weight > 60 OR weight < 30',
    wants: (facts) => weightOf(facts) > 60 || weightOf(facts) < 30,
  },
  'like b': { text: "colour LIKE 'b%'", wants: ({ colour }) => colour === 'blue' },
  'of kind a': { text: "JMSType = 'a'", wants: ({ kind }) => kind === 'a' },
  'urgent and odd': {
    text: 'JMSPriority > 4 AND weight % 2 = 1',
    wants: (facts) => Number(facts['urgency']) > 4 && weightOf(facts) % 2 === 1,
  },
  'not of kind a': { text: "NOT (JMSType = 'a')", wants: ({ kind }) => kind !== 'a' },
}

export const selectorNames = Object.keys(selectors)

/** A consumer gets what its selector wants, and nothing else. */
export function unwantedFaults(reading: Reading): Fault[] {
  return reading.deliveries.flatMap(({ message, by, id, index }) => {
    if (!message || by.wants === undefined || selectors[by.wants]!.wants(message.facts)) return []
    const text = `${by.id} wants ${by.wants}, and got ${id} with ${JSON.stringify(message.facts)}`
    return [{ rule: 'unwanted', text, id, index }]
  })
}
