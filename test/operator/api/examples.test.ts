// Every manifest of examples/ is one that the API server and the operator take, and that brokers can start with.
import { expect, test } from '@jest/globals'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadAll } from 'js-yaml'
import { parseBrokerConfig } from '../../../broker/config/parse.ts'
import type { BrokerCluster } from '../../../operator/api/broker-cluster.ts'
import { buildBrokerClusterSchema } from '../../../operator/api/crd.ts'
import { parseSpec } from '../../../operator/api/validate.ts'
import { planCluster } from '../../../operator/topology/planner.ts'
import { refusals, withDefaults } from '../../support/crd-rules.ts'

const folder = join(import.meta.dirname, '..', '..', '..', 'examples')
const schema = buildBrokerClusterSchema()

const planOf = (file: string) => {
  const objects = loadAll(readFileSync(join(folder, file), 'utf8')) as BrokerCluster[]
  const cluster = objects.find(({ kind }) => kind === 'BrokerCluster')!
  expect(refusals(withDefaults(cluster, schema), undefined, schema)).toEqual([])
  const parsed = parseSpec(cluster)
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  const { name } = cluster.metadata
  return planCluster({ name, namespace: 'default', uid: 'uid-1' }, parsed.spec, { defaultImage: 'broker:1' })
}

test.each(readdirSync(folder))('%s is taken', (file) => {
  const { groups } = planOf(file)
  expect(groups.length).toBeGreaterThan(0)
  for (const { brokerConfig } of groups) expect(parseBrokerConfig(brokerConfig)).toMatchObject({ ok: true })
})

test.each([
  ['three-servers.yaml', ['a > bc']],
  ['mesh.yaml', ['g1 > g0', 'g2 > g0', 'g2 > g1']],
  ['hub-and-spoke.yaml', ['north > center', 'south > center', 'west > center']],
])('%s joins its groups', (file, edges) => {
  expect(planOf(file).edges.map(({ from, to, duplex }) => (duplex ? `${from} > ${to}` : 'one way'))).toEqual(edges)
})
