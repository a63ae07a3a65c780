// Preloaded into a broker process (`--import`): after SIGUSR2 the next fdatasync fails with EIO, once; those after it
// succeed, as the kernel's do although what was written before is lost.
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

const { fdatasync } = fs
let fails = false
process.on('SIGUSR2', () => (fails = true))
fs.fdatasync = (descriptor, callback) => {
  if (!fails) return fdatasync(descriptor, callback)
  fails = false
  callback(Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO', syscall: 'fdatasync' }))
}
syncBuiltinESMExports()
