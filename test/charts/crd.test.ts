// The CRD in the chart: the generated one, upgraded with the release, and never deleted by one.
import { expect, test } from '@jest/globals'
import { buildBrokerClusterCrd } from '../../operator/api/crd.ts'
import { describeRendered, ofKind, render } from './helm.ts'

const crdsOf = (...set: string[]) => ofKind(render({ set }), 'CustomResourceDefinition')

describeRendered('the CRD of the chart', () => {
  test('is the generated one, with labels, and is kept when the release goes', () => {
    const { metadata, ...rest } = crdsOf()[0]!
    const generated = JSON.parse(JSON.stringify(buildBrokerClusterCrd())) as typeof rest & { metadata: object }
    expect({ ...rest, metadata: { name: metadata.name } }).toEqual(generated)
    expect(metadata.annotations).toEqual({ 'helm.sh/resource-policy': 'keep' })
    expect(metadata.labels).toMatchObject({ 'app.kubernetes.io/name': 'flotilla-operator' })
  })

  test('is left out when somebody else installs it', () => {
    expect(crdsOf()).toHaveLength(1)
    expect(crdsOf('crds.install=false')).toEqual([])
  })
})
