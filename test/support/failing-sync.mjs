// Preloaded into a broker process (`--import`): after SIGUSR2 the next durable write of records fails with EIO, once; those
// after it succeed, as the kernel's do although what was written before is lost.
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

const { open, writev } = fs
const durable = new Set()
let fails = false
process.on('SIGUSR2', () => (fails = true))

fs.open = (path, flags, ...rest) => {
  const callback = rest.pop()
  open(path, flags, ...rest, (error, descriptor) => {
    if (!error) {
      // Numbers are used again.
      durable.delete(descriptor)
      if (flags & fs.constants.O_DSYNC) durable.add(descriptor)
    }
    callback(error, descriptor)
  })
}

// Space is set aside with zeros, in the same way and by others than those who answer.
const isZeros = (buffers) =>
  buffers.every((buffer) => buffer[0] === 0 && buffer.compare(buffer, 1, buffer.length, 0, buffer.length - 1) === 0)

fs.writev = (descriptor, buffers, position, callback) => {
  if (!fails || !durable.has(descriptor) || isZeros(buffers)) return writev(descriptor, buffers, position, callback)
  fails = false
  callback(Object.assign(new Error('EIO: i/o error, writev'), { code: 'EIO', syscall: 'writev' }))
}
syncBuiltinESMExports()
