// Links of the documentation lead somewhere, and the feature table names tests that are there.
import { expect, test } from '@jest/globals'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { filesBelow, root, textOf } from './support/source-files.ts'

const pages = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...filesBelow('docs', /\.md$/)]

/** Without those to other hosts. */
const linksOf = (text: string): string[] =>
  [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link!).filter((link) => !/^[a-z]+:/.test(link))

/** As GitHub makes them of headings. */
const anchorsOf = (page: string): string[] =>
  [...textOf(page).matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )

test.each(pages)('%s links to files and headings that are there', (page) => {
  const broken = linksOf(textOf(page)).filter((link) => {
    const [path, anchor] = link.split('#') as [string, string | undefined]
    const file = path === '' ? page : join(dirname(page), path)
    if (!existsSync(join(root, file))) return true
    return anchor !== undefined && file.endsWith('.md') && !anchorsOf(file).includes(anchor)
  })
  expect(broken).toEqual([])
})

test('each row of the feature table has a test, and the checks of the Java suite that it names are there', () => {
  const compatibility = textOf('docs/compatibility.md')
  const table = compatibility.slice(compatibility.indexOf('## Features'), compatibility.indexOf('## Known differences'))
  const checks = [...textOf('test/interop/java/JmsSuite.java').matchAll(/check\("([^"]+)"/g)].map(([, name]) => name!)
  const rows = table.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| Subject'))
  expect(rows.length).toBeGreaterThan(20)
  const problems = rows.flatMap((row) => {
    const tests = row.split('|').at(-2)!
    const named = [...tests.matchAll(/`([a-z0-9-]+)(…)?`/g)]
    const missing = named.filter(([, name, more]) =>
      more ? !checks.some((check) => check.startsWith(name!)) : !checks.includes(name!),
    )
    const hasTest = named.length > 0 || linksOf(tests).some((link) => link.startsWith('../test/'))
    return [...(hasTest ? [] : [`no test: ${row}`]), ...missing.map(([text]) => `no such check: ${text}`)]
  })
  expect(problems).toEqual([])
})
