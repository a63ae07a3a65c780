// The way to a stream: what is refused before anything is upgraded. What the streams do is tried by the real kubectl.
import { expect, test } from '@jest/globals'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { WebSocket } from 'ws'
import type { PodStreams } from '../../../../../hack/localkube/api/registry.ts'
import { badRequest } from '../../../../../hack/localkube/api/status-error.ts'
import { pod, podsPath, ServedApi } from '../served-api.ts'

const api = new ServedApi()
const { call } = api

const streams: PodStreams = {
  requireRunning: (_, container) => {
    if (container === 'c') throw badRequest('container "c" does not run')
  },
  exec: () => Promise.reject(new Error('not asked for here')),
  connect: () => Promise.reject(new Error('not asked for here')),
}

/** The answer to a request for a WebSocket that is refused. */
async function refused(path: string, protocol?: string): Promise<{ code: number | undefined; text: string }> {
  const socket = new WebSocket(api.url.replace('http', 'ws') + path, protocol)
  socket.on('error', () => {})
  const [, response] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage]
  let text = ''
  for await (const chunk of response) text += String(chunk)
  return { code: response.statusCode, text }
}

test('a stream is refused as the same request without a WebSocket is, to which kubectl falls back', async () => {
  const noKubelet = await call('POST', podsPath, pod()).then(() => call('POST', `${podsPath}/p/exec?command=ls`))
  expect(noKubelet).toMatchObject({ status: 503, body: { message: expect.stringContaining('without a kubelet') } })
  api.server.setPodStreams(streams)
  for (const [path, code, text] of [
    ['nobody/exec?command=ls', 404, 'pods \\"nobody\\" not found'],
    ['p/exec?command=ls&container=x', 400, 'container x is not valid'],
    ['p/exec?command=ls', 400, 'does not run'],
  ] as const) {
    expect(await refused(`${podsPath}/${path}`, 'v5.channel.k8s.io')).toEqual({
      code,
      text: expect.stringContaining(text),
    })
    expect((await call('POST', `${podsPath}/${path}`)).status).toBe(code)
  }
})

test('a subprotocol that is not spoken is named with those that are', async () => {
  api.server.setPodStreams(streams)
  await call('POST', podsPath, pod())
  const { code, text } = await refused(`${podsPath}/p/portforward`, 'v4.channel.k8s.io')
  expect(code).toBe(400)
  expect(text).toContain('Cannot speak v4.channel.k8s.io: accepted are SPDY/3.1+portforward.k8s.io')
})

test('without a WebSocket there is no stream, and the answer says what speaks them', async () => {
  api.server.setPodStreams(streams)
  await call('POST', podsPath, pod())
  expect(await call('POST', `${podsPath}/p/portforward`)).toMatchObject({
    status: 400,
    body: { message: expect.stringContaining('kubectl 1.31 and newer') },
  })
})
