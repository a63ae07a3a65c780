// Preloaded into a process that must not outlive the one that started it: ends it when its parent is gone, even by SIGKILL,
// because then the pipe on descriptor 3 closes. The parent gives that pipe and writes nothing to it.
import { Socket } from 'node:net'

const parent = new Socket({ fd: 3, readable: true, writable: false })
parent.on('close', () => process.kill(process.pid, 'SIGTERM'))
parent.on('error', () => {})
parent.resume()
parent.unref()
