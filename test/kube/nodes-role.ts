// Asks a member for its role again and again, by `kube exec`: `nodes-role.ts URL ROLE` says "asking" with the first try, and
// "ROLE at MS" (milliseconds since 1970) when that is the answer.
const betweenTriesMs = 5
/** Of a node that is gone nothing comes back. */
const answerMs = 500

const [url, wanted] = process.argv.slice(2)

async function role(): Promise<string | undefined> {
  try {
    const answer = await fetch(url!, { signal: AbortSignal.timeout(answerMs) })
    return ((await answer.json()) as { role: string }).role
  } catch {
    return undefined
  }
}

let found = await role()
process.stdout.write('asking\n')
while (found !== wanted) {
  await new Promise((resolve) => setTimeout(resolve, betweenTriesMs))
  found = await role()
}
process.stdout.write(`${wanted} at ${Date.now()}\n`)
