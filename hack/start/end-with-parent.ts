// Preloaded into processes that `npm start` starts: ends them when their parent is gone, even by SIGKILL, because then
// the pipe on descriptor 3 closes.
import { Socket } from 'node:net'

const parent = new Socket({ fd: 3, readable: true, writable: false })
parent.on('close', () => process.kill(process.pid, 'SIGTERM'))
parent.on('error', () => {})
parent.resume()
parent.unref()
