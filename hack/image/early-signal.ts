// Process 1 of a container has no default for signals: one that nobody listens to is lost, and a pod that is deleted while
// its program is being loaded would wait for the end of its grace period. Until the program listens by itself, a signal
// ends the process; there is nothing to bring in order yet.

const signals = ['SIGTERM', 'SIGINT'] as const

type Process = Pick<NodeJS.Process, 'on' | 'listenerCount' | 'exit'>

export function endOnEarlySignal(target: Process): void {
  // Stays as a listener: Node stops to hear of a signal when the last one goes, also when the next comes in its place.
  for (const signal of signals)
    target.on(signal, () => {
      if (target.listenerCount(signal) === 1) target.exit(0)
    })
}
