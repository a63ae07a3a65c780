import { expect, test } from '@jest/globals'
import { load } from 'js-yaml'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseBrokerConfig } from '../../../broker/config/parse.ts'
import type { BrokerCluster } from '../../../operator/api/broker-cluster.ts'
import { parseSpec } from '../../../operator/api/validate.ts'

const page = readFileSync(join(import.meta.dirname, '..', '..', '..', 'docs', 'destinations.md'), 'utf8')
const examples = Array.from(page.matchAll(/^```yaml\n(.*?)^```$/gms), ([, text]) => text!)

test('every example of docs/destinations.md is taken, in the broker’s file and in spec.broker', () => {
  expect(examples.length).toBeGreaterThan(3)
  for (const example of examples) {
    const broker = load(example) as object
    expect(parseBrokerConfig(broker)).toMatchObject({ ok: true })
    const spec = { topology: { type: 'Standalone' }, groupTemplate: { storage: { type: 'None' } }, broker }
    const cluster = { metadata: { name: 'orders', namespace: 'shop', uid: 'u' }, spec } as unknown as BrokerCluster
    expect(parseSpec(cluster)).toMatchObject({ ok: true })
  }
})
