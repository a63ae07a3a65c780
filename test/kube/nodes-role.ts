// Asks members for their role again and again, by `kube exec`: `nodes-role.ts ROLE TERM URL…` says "asking" with the first try, and
// "ROLE at MS, MS ms without" (milliseconds since 1970, and since the last answer of an active of TERM) when one of them answers so, in a
// newer term than TERM.
const betweenTriesMs = 5
/** Of a node that is gone nothing comes back. */
const answerMs = 500

const [wanted, term, ...urls] = process.argv.slice(2)

let activeAt = Date.now()

async function role(url: string): Promise<string | undefined> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(answerMs) })
    const found = (await answer.json()) as { role: string; term?: number }
    if (found.role === 'Active' && found.term === Number(term)) activeAt = Date.now()
    return (found.term ?? 0) > Number(term) ? found.role : undefined
  } catch {
    return undefined
  }
}

async function untilFound(url: string): Promise<void> {
  while ((await role(url)) !== wanted) await new Promise((resolve) => setTimeout(resolve, betweenTriesMs))
}

await Promise.all(urls.map(role))
process.stdout.write('asking\n')
await Promise.race(urls.map(untilFound))
const now = Date.now()
process.stdout.write(`${wanted} at ${now}, ${now - activeAt} ms without\n`, () => process.exit())
