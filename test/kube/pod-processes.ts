// Processes of containers, as the machine that all nodes are on numbers them.
import { readdirSync, readFileSync } from 'node:fs'

/** The first process of the container of a pod that has one besides the one that holds its network; undefined while none runs. */
export function processOfPod(uid: string): number | undefined {
  const pid = readdirSync('/proc').find(
    (name) => /^\d+$/.test(name) && read(name, 'cgroup').includes(`/pod${uid}/`) && isFirst(name) && !isPause(name),
  )
  return pid === undefined ? undefined : Number(pid)
}

/** Number 1 in its own namespace. */
const isFirst = (pid: string): boolean => /^NSpid:.*\t1$/m.test(read(pid, 'status'))

const isPause = (pid: string): boolean => read(pid, 'comm') === 'pause\n'

/** Empty for a process that is gone. */
function read(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return ''
  }
}
