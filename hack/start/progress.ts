// One line per step of `npm start`, with the time it took.
export async function step<T>(text: string, work: () => Promise<T>, result?: (value: T) => string): Promise<T> {
  const startedAt = performance.now()
  process.stdout.write(`${text} … `)
  try {
    const value = await work()
    process.stdout.write(
      `${result ? `${result(value)}, ` : ''}${((performance.now() - startedAt) / 1000).toFixed(1)} s\n`,
    )
    return value
  } catch (error) {
    // After Ctrl-C nobody asks any more how it went.
    if ((error as Error).name !== 'AbortError') process.stdout.write('failed\n')
    throw error
  }
}
