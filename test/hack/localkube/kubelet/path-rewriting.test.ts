import { expect, test } from '@jest/globals'
import { findImage, imageName, unknownImageMessage } from '../../../../hack/localkube/kubelet/images.ts'
import { createPathRewriter } from '../../../../hack/localkube/kubelet/path-rewriting.ts'
import { RestartBackOff } from '../../../../hack/localkube/kubelet/restart-back-off.ts'

const rewrite = createPathRewriter([
  { mountPath: '/data', hostPath: '/host/d' },
  { mountPath: '/data/config/', hostPath: '/host/c' },
  { mountPath: '/etc/x.y', hostPath: '/host/xy' },
])

test.each([
  ['/data', '/host/d'],
  ['/data/journal', '/host/d/journal'],
  ['/data/config/broker.json', '/host/c/broker.json'],
  ['--dir=/data/x', '--dir=/host/d/x'],
  ['a:/data,/data/config', 'a:/host/d,/host/c'],
  ['file:///data/x', 'file:///host/d/x'],
  ['/etc/x.y', '/host/xy'],
  ['/database', '/database'],
  ['/data.old', '/data.old'],
  ['/srv/data', '/srv/data'],
  ['see /data', 'see /data'],
  ['/etc/xzy', '/etc/xzy'],
])('%s becomes %s', (text, expected) => {
  expect(rewrite(text)).toBe(expected)
})

test.each([
  ['ghcr.io/a/b:1.2', 'ghcr.io/a/b'],
  ['ghcr.io/a/b@sha256:00', 'ghcr.io/a/b'],
  ['localhost:5000/b', 'localhost:5000/b'],
  ['docker.io/library/redis:7', 'redis'],
])('image %s is found as %s', (reference, name) => {
  expect(imageName(reference)).toBe(name)
})

test('an unknown image is refused with the known ones', () => {
  const images = { 'a/b': { command: ['node'], cwd: '/' }, 'a/c': { command: ['node'], cwd: '/' } }
  expect(findImage(images, 'a/b:9')).toBe(images['a/b'])
  expect(findImage(images, 'toString')).toBeUndefined()
  expect(unknownImageMessage(images, 'x:1')).toContain('images it can run: a/b, a/c')
})

test('a crashing container starts again at once, then after 10 s, 20 s … 5 min, and at once after ten good minutes', () => {
  const backOff = new RestartBackOff()
  const pauses: number[] = []
  let nowMs = 1_000_000
  for (let index = 0; index < 8; index += 1) {
    const pauseMs = backOff.nextPauseMs(nowMs)
    pauses.push(pauseMs / 1000)
    nowMs += pauseMs + 1000
  }
  expect(pauses).toEqual([0, 10, 20, 40, 80, 160, 300, 300])
  expect(backOff.nextPauseMs(nowMs + 600_001)).toBe(0)
})
