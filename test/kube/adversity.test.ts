// Operators in bad circumstances, on a control plane of their own whose parts are killed. FLOTILLA_ADVERSITY=long takes half
// an hour and says its figures: docs/reliability.md.
import { test } from '@jest/globals'
import { type Adversity, operatorAdversity } from '../integration/adversity.ts'
import { startControlPlane } from './control-plane.ts'

const isLong = process.env['FLOTILLA_ADVERSITY'] === 'long'
const tell = (figures: string): void => void (isLong && process.stderr.write(`${figures}\n`))
const adversity: Adversity = isLong
  ? { kills: 20, stormMs: 60_000, awayMs: 120_000, tell }
  : { kills: 2, stormMs: 2_000, awayMs: 12_000, tell }

if (process.env['KUBECONFIG'] === undefined)
  test.skip('operators in adversity: run it by "npm run test:kube"', () => {})
else operatorAdversity('a real API server', startControlPlane, adversity)
