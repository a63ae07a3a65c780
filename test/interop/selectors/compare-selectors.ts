// Selectors of ours beside ActiveMQ's own parser and evaluator: random texts on which they have to agree, random broken texts of
// which both have to say that they are, and those on which they differ (docs/compatibility.md), which have to differ still.
import { join } from 'node:path'
import { SelectorError } from '../../../broker/selector/selector-error.ts'
import { SelectorPool } from '../../../broker/selection/selector-pool.ts'
import { prepareJavaClient } from '../../support/java-clients.ts'
import { startJava, type JavaProcess } from '../../support/java-process.ts'
import { knownDifferences } from './known-differences.ts'
import { selectorMessages } from './selector-messages.ts'
import { agreedTexts, brokenTexts } from './selector-texts.ts'

type Report = (ok: boolean, name: string, detail?: string) => void

/** So many are asked before their answers are read. */
const askedAtOnce = 500
const shownDifferences = 10
const base64 = (bytes: Buffer): string => bytes.toString('base64')

/** Ours: 'invalid …' with the message, or 'valid' and T or F for each message. */
function oursOf(text: string): string {
  const pool = new SelectorPool()
  try {
    const selector = pool.obtain(text)
    return `valid ${selectorMessages.map((message) => (selector.matches(message, 0) ? 'T' : 'F')).join('')}`
  } catch (error) {
    if (error instanceof SelectorError) return `invalid ${error.message}`
    throw error
  }
}

/** ActiveMQ's, of each text. An exception means that the message is not wanted. */
async function theirsOf(oracle: JavaProcess, texts: readonly string[]): Promise<string[]> {
  const answers: string[] = []
  for (let from = 0; from < texts.length; from += askedAtOnce) {
    const some = texts.slice(from, from + askedAtOnce)
    for (const text of some) oracle.write(`selector ${base64(Buffer.from(text))}\n`)
    for (let i = 0; i < some.length; i++) answers.push(await oracle.line(() => true))
  }
  return answers
}

const verdict = (answer: string): string => answer.split(' ')[0]!

/** Broken texts are broken at random: what comes out may be one of the known differences. */
const explained: readonly (readonly [ours: RegExp, text: RegExp])[] = [
  [/^invalid .*functions are not supported/s, /\(/],
  [/^invalid .*a long can hold/s, /9223372036854775808/],
  [/^invalid .*a condition was expected/s, /\bNOT\b/i],
  [/^valid /, /\bNOT\b/i],
]

export async function compareSelectors(count: number, seed: number, report: Report): Promise<void> {
  const { classpath } = prepareJavaClient('5.17.2', join(import.meta.dirname, '..', 'java', 'selectors'))
  const oracle = startJava(classpath, ['SelectorOracle'])
  for (const { bytes } of selectorMessages) oracle.write(`message ${base64(bytes)}\n`)
  try {
    await compareAgreed(oracle, agreedTexts(count, seed), report)
    await compareBroken(oracle, brokenTexts(count, seed), report)
    await compareKnown(oracle, report)
  } finally {
    oracle.kill()
    await oracle.ended
  }
}

async function compareAgreed(oracle: JavaProcess, texts: readonly string[], report: Report): Promise<void> {
  const theirs = await theirsOf(oracle, texts)
  const unlike = texts.flatMap((text, index) => {
    const ours = oursOf(text)
    const wanted = theirs[index]!.replaceAll('E', 'F')
    return ours === wanted ? [] : [`${JSON.stringify(text)}: wanted ${wanted}, got ${ours}`]
  })
  for (const detail of unlike.slice(0, shownDifferences)) report(false, "selector as ActiveMQ's", detail)
  report(
    unlike.length === 0,
    "selectors as ActiveMQ's",
    `${texts.length} texts on ${selectorMessages.length} messages, ${unlike.length} unlike`,
  )
}

async function compareBroken(oracle: JavaProcess, texts: readonly string[], report: Report): Promise<void> {
  const theirs = await theirsOf(oracle, texts)
  let invalid = 0
  const unlike = texts.flatMap((text, index) => {
    const ours = oursOf(text)
    if (verdict(ours) === 'invalid') invalid++
    if (verdict(ours) === verdict(theirs[index]!)) return []
    if (explained.some(([said, asked]) => said.test(ours) && asked.test(text))) return []
    return [`${JSON.stringify(text)}: wanted ${theirs[index]}, got ${ours}`]
  })
  for (const detail of unlike.slice(0, shownDifferences)) report(false, "broken selector as ActiveMQ's", detail)
  report(
    unlike.length === 0,
    "broken selectors as ActiveMQ's",
    `${texts.length} texts, ${invalid} of them invalid, ${unlike.length} unlike`,
  )
}

async function compareKnown(oracle: JavaProcess, report: Report): Promise<void> {
  const texts = knownDifferences.flatMap((known) => known.texts)
  const theirs = await theirsOf(oracle, texts)
  let at = 0
  for (const { reason, texts: some } of knownDifferences) {
    const same = some.filter((text) => {
      const ours = oursOf(text)
      return (verdict(ours) === 'invalid' ? 'invalid' : ours) === theirs[at++]!.replaceAll('E', 'F')
    })
    report(same.length === 0, `known difference to ActiveMQ's selectors is still there: ${reason}`, same.join(' | '))
  }
}
