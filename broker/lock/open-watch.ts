// The rim of holder-watch.ts: a request over HTTP that is answered with headers, and with no end as long as the process
// that answers lives.
import { http } from '../base/node-http.ts'
import type { OpenWatch } from './holder-watch.ts'
import { lockLimits } from './limits.ts'

export const openWatch: OpenWatch = (url, ended) => {
  let wasAnswered = false
  const request = http.get(url, { agent: false, timeout: lockLimits.watchAnswerMs }, (response) => {
    // Anything else comes from somebody who does not know what is asked.
    if (response.statusCode !== 200) return void request.destroy()
    wasAnswered = true
    request.setTimeout(0)
    response.resume()
  })
  request.once('socket', (socket) => socket.setKeepAlive(true, lockLimits.watchKeepAliveMs))
  request.once('timeout', () => request.destroy())
  // Each end is followed by a close.
  request.on('error', () => {})
  const close = (): void => ended(wasAnswered)
  request.once('close', close)
  return () => {
    request.off('close', close)
    request.destroy()
  }
}
